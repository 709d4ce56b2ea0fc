"""Killed without warning: what was acknowledged is there and whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drscreen.domain.permissions import Action
from tests.adapters.store.samples import store_at, unlocked

ROOT = Path(__file__).resolve().parents[3]
SAVING = """
import sys
from pathlib import Path
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import MONDAY, referred, unlocked
opened = unlocked(Path(sys.argv[1]))
start = int(sys.argv[2])
for n in range(start, start + 100_000):
    data = str(n).encode() * 20_000
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient(str(n)))
        saved = records.save_photograph(
            str(n), Laterality.OD, data, referred(data), recorded_at=MONDAY
        )
    print(n, saved.id, flush=True)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User(f"user{n}", Role.TECHNICIAN), "another password")
    print(f"user{n}", flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_while_saving(home: Path) -> None:
    chance = random.Random(20260302)
    acknowledged: list[list[str]] = []
    for attempt in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING, str(home), str(attempt * 100_000)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        acknowledged.append(process.stdout.readline().split())
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        acknowledged += [line.split() for line in process.stdout if line.endswith("\n")]
        process.wait()
        process.stdout.close()
        opened = unlocked(home)
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            users = {user.name for user in records.users()}
            for words in acknowledged:
                if len(words) == 1:
                    assert words[0] in users
                    continue
                number, photograph = words
                assert records.photograph_bytes(photograph) == number.encode() * 20_000
        opened.close()
        for name in sorted(users - {"Nora"})[-3:]:
            store_at(home).open(name, "another password").close()
    assert len(acknowledged) > 8
