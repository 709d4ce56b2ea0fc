from __future__ import annotations

import json
from pathlib import Path

from tests.adapters.store.samples import PASSWORD, made_store, unlocked
from tests.cli.conftest import Run
from tests.fixtures.freeze import fill


def test_check_names_the_photographs_that_are_not_whole(drscreen: Run, tmp_path: Path) -> None:
    made_store(tmp_path / "home")
    opened = unlocked(tmp_path / "home")
    fill(opened)
    opened.close()
    arguments = ("check", "--user", "Nora", "--password-file", "-", "--json")
    ran = drscreen(*arguments, stdin=PASSWORD)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "photographs": 4,
        "orphans": 0,
        "mended": 0,
        "problems": [],
    }
    files = [path for path in (tmp_path / "home" / "store" / "vault").rglob("*") if path.is_file()]
    files[0].unlink()
    ran = drscreen(*arguments, stdin=PASSWORD)
    assert ran.returncode == 1
    (problem,) = json.loads(ran.stdout)["problems"]
    assert problem["fault"] == "missing"
    assert problem["mrn"] in {"A-17", "B-2"}
    ran = drscreen(*arguments[:-1], stdin=PASSWORD)
    assert ran.returncode == 1
    assert problem["mrn"] in ran.stdout
    assert problem["day"] in ran.stdout
    assert "1 cannot be shown" in ran.stderr
