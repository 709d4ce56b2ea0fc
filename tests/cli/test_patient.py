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


def test_patients_number_comes_from_a_file_or_as_the_second_line(
    drscreen: Run, tmp_path: Path
) -> None:
    made_store(tmp_path / "home")
    opened = unlocked(tmp_path / "home")
    fill(opened)
    opened.close()
    number = tmp_path / "number"
    number.write_text("A-17\n")
    export = ("patient", "export", "--user", "Nora", "--password-file", "-")
    for place, (given, stdin) in enumerate(
        [(number, f"{PASSWORD}\n"), ("-", f"{PASSWORD}\nA-17\n")]
    ):
        out = tmp_path / f"out{place}"
        ran = drscreen(*export, "--out", out, "--mrn-file", given, stdin=stdin)
        assert ran.returncode == 0, ran.stderr
        assert (out / "patient.json").is_file()
    for wrong in (("--mrn", "A-17", "--mrn-file", number), ()):
        ran = drscreen(*export, "--out", tmp_path / "none", *wrong, stdin=PASSWORD)
        assert (ran.returncode, "--mrn" in ran.stderr) == (2, True)
    assert not (tmp_path / "none").exists()
