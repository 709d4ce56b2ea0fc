from __future__ import annotations

import json
from pathlib import Path

from tests.adapters.store.backups import kept_by_a_restore
from tests.adapters.store.samples import PASSWORD, made_store, unlocked
from tests.cli.conftest import Run
from tests.fixtures.freeze import content, fill


def test_a_script_backs_up_verifies_and_restores(drscreen: Run, tmp_path: Path) -> None:
    made_store(tmp_path / "home")
    opened = unlocked(tmp_path / "home")
    fill(opened)
    before = content(opened)
    opened.close()
    shelf, new = tmp_path / "shelf", tmp_path / "new"
    who = ("--user", "Nora", "--password-file", "-")
    ran = drscreen("backup", "create", "--folder", shelf, "--json", *who, stdin=PASSWORD)
    assert ran.returncode == 0, ran.stderr
    made = json.loads(ran.stdout)
    assert (made["photographs"], made["copied"], made["problems"]) == (4, 4, [])
    ran = drscreen("backup", "list", "--folder", shelf, "--json")
    assert [json.loads(line)["backup"] for line in ran.stdout.splitlines()] == [made["backup"]]
    ran = drscreen("backup", "verify", "--folder", shelf, "--json")
    assert (ran.returncode, json.loads(ran.stdout)["damaged"]) == (0, 0)
    ran = drscreen("backup", "restore", "--folder", shelf, "--home", new)
    assert ran.returncode == 0, ran.stderr
    again = unlocked(new)
    assert kept_by_a_restore(content(again)) == kept_by_a_restore(before)
    again.close()
    ran = drscreen("backup", "restore", "--folder", shelf, "--home", new)
    assert ran.returncode == 1
    assert "not empty" in ran.stderr
    path = next(path for path in shelf.glob("*/photographs/*/*") if path.is_file())
    path.write_bytes(b"")
    ran = drscreen("backup", "verify", "--folder", shelf, "--json")
    assert (ran.returncode, json.loads(ran.stdout)["damaged"]) == (1, 1)


def test_plan_of_backups(drscreen: Run, tmp_path: Path) -> None:
    made_store(tmp_path / "home")
    who = ("--user", "Nora", "--password-file", "-")
    shelf = tmp_path / "shelf"
    ran = drscreen("backup", "plan", *who, "--folder", shelf, "--at", "02:15", stdin=PASSWORD)
    assert ran.returncode == 0, ran.stderr
    ran = drscreen("backup", "plan", *who, "--json", stdin=PASSWORD)
    planned = json.loads(ran.stdout)
    assert planned == {"folder": str(shelf), "at": "02:15", "keep": 14, "last": None}
    ran = drscreen("backup", "plan", *who, "--off", "--json", stdin=PASSWORD)
    assert json.loads(ran.stdout)["folder"] is None
