"""Several processes on one store at once: nothing lost, nothing overwritten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from drscreen.domain.image import Laterality
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import unlocked

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = 15
#: Each adds patients of its own with a photograph, and counts up a number in one shared record,
#: the way a form does: read, look, save with the version that was read, again where it was stale.
WORKING = """
import sys
from dataclasses import replace
from pathlib import Path
from drscreen.domain.conflict import StoreConflict
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import MONDAY, referred, unlocked
opened = unlocked(Path(sys.argv[1]))
me, rounds = sys.argv[2], int(sys.argv[3])
stale = 0
for n in range(rounds):
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient(f"{me}-{n}"))
        data = f"{me}-{n}".encode() * 500
        records.save_photograph(
            f"{me}-{n}", Laterality.OD, data, referred(data), recorded_at=MONDAY
        )
    while True:
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            shared = records.find_patient("shared")
        try:
            with opened.transaction(Action.EDIT_PATIENTS) as records:
                records.change_patient(replace(shared, phone=str(int(shared.phone) + 1)))
            break
        except StoreConflict as conflict:
            stale += 1
            assert conflict.theirs.version > shared.version
opened.close()
print(stale)
"""


def test_processes_hammer_one_store(home: Path) -> None:
    from drscreen.domain.patient import Patient

    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("shared", phone="0"))
    names = ("a", "b", "c")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORKING, str(home), name, str(ROUNDS)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in running:
        _out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        shared = records.find_patient("shared")
        assert shared is not None
        assert (shared.phone, shared.version) == (str(3 * ROUNDS), 3 * ROUNDS + 1)
        assert records.count_patients("") == 3 * ROUNDS + 1
        for name in names:
            for n in range(ROUNDS):
                ((photograph,),) = [exam.photographs for exam in records.exams(f"{name}-{n}")]
                assert photograph.eye is Laterality.OD
                assert records.photograph_bytes(photograph.id) == f"{name}-{n}".encode() * 500
    assert opened.check_photographs().orphans == 0
    opened.close()
