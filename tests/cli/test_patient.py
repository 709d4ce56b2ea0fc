from __future__ import annotations

import json
from pathlib import Path

from tests.adapters.store.samples import PASSWORD, made_store, unlocked
from tests.cli.conftest import Run
from tests.fixtures.freeze import fill


def test_a_script_exports_and_erases_a_patient(drscreen: Run, tmp_path: Path) -> None:
    made_store(tmp_path / "home")
    opened = unlocked(tmp_path / "home")
    fill(opened)
    opened.close()
    who = ("--user", "Nora", "--mrn", "A-17", "--password-file", "-", "--json")
    out = tmp_path / "out"
    ran = drscreen("patient", "export", "--out", out, *who, stdin=PASSWORD)
    assert ran.returncode == 0, ran.stderr
    assert sorted(json.loads(ran.stdout)["files"]) == sorted(path.name for path in out.iterdir())
    assert (out / "patient.pdf").read_bytes().startswith(b"%PDF")
    assert len(list(out.glob("*.jpg"))) == 3
    ran = drscreen("patient", "export", "--out", out, *who, stdin=PASSWORD)
    assert (ran.returncode, "exists" in ran.stderr) == (1, True)
    ran = drscreen("patient", "erase", "--yes", *who, stdin=PASSWORD)
    assert (ran.returncode, json.loads(ran.stdout)) == (0, {"photographs": 3})
    ran = drscreen("patient", "erase", "--yes", *who, stdin=PASSWORD)
    assert (ran.returncode, "no patient" in ran.stderr) == (1, True)
