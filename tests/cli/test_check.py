from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from drscreen.adapters.system import paths
from drscreen.bootstrap import Workstation
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
        "whole": True,
        "findings": [],
        "backup": None,
        "alarms": [],
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


def test_check_looks_at_the_planned_backup(drscreen: Run, tmp_path: Path) -> None:
    made_store(tmp_path / "home")
    opened = unlocked(tmp_path / "home")
    fill(opened)
    opened.close()
    who = ("--user", "Nora", "--password-file", "-")
    shelf = tmp_path / "shelf"
    assert drscreen("backup", "plan", *who, "--folder", shelf, stdin=PASSWORD).returncode == 0
    ran = drscreen("check", *who, "--json", stdin=PASSWORD)
    assert ran.returncode == 1
    assert [one["part"] for one in json.loads(ran.stdout)["findings"]] == ["backups"]
    made = drscreen("backup", "create", *who, "--json", stdin=PASSWORD)
    ran = drscreen("check", *who, "--json", stdin=PASSWORD)
    assert ran.returncode == 0, ran.stdout
    told = json.loads(ran.stdout)["backup"]
    assert told["backup"] == json.loads(made.stdout)["backup"]
    one, two = sorted(shelf.glob("*/photographs/*/*"))[:2]
    one.write_bytes(b"x" * one.stat().st_size)
    assert drscreen("check", *who, stdin=PASSWORD).returncode == 0
    ran = drscreen("check", *who, "--every-byte", stdin=PASSWORD)
    assert (ran.returncode, "1 photographs of the newest backup" in ran.stderr) == (1, True)
    two.unlink()
    ran = drscreen("check", *who, stdin=PASSWORD)
    assert (ran.returncode, "1 photographs of the newest backup" in ran.stderr) == (1, True)
    shutil.rmtree(shelf)
    ran = drscreen("check", *who, stdin=PASSWORD)
    assert (ran.returncode, str(shelf) in ran.stderr) == (1, True)


def test_check_says_that_the_database_is_damaged(drscreen: Run, tmp_path: Path) -> None:
    made_store(tmp_path / "home")
    opened = unlocked(tmp_path / "home")
    fill(opened)
    opened.close()
    database = tmp_path / "home" / "store" / "records.db"
    content = bytearray(database.read_bytes())
    content[-2000] ^= 1
    database.write_bytes(content)
    ran = drscreen("check", "--user", "Nora", "--password-file", "-", stdin=PASSWORD)
    assert ran.returncode == 1
    assert "NOT WHOLE  records: " in ran.stderr


def test_check_names_networks_that_are_not_whole(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks, resources = tmp_path / "weights", tmp_path / "resources"
    for name in ("good", "bad"):
        shutil.copytree(bundle, networks / name)
    for name in ("quality", "keys"):
        shutil.copytree(paths.resources() / name, resources / name)
    monkeypatch.setattr(paths, "bundles", lambda: networks)
    monkeypatch.setattr(paths, "resources", lambda: resources)
    workstation = Workstation(tmp_path / "home")
    assert workstation.network_findings() == []
    tensors = next((networks / "bad").glob("*.safetensors"))
    tensors.write_bytes(tensors.read_bytes()[:-1] + b"x")
    (found,) = workstation.network_findings()
    assert found.sentence.startswith("bad: ")
    for path in (resources / "quality").iterdir():
        path.write_bytes(b"")
    assert len(workstation.network_findings()) == 2
    shutil.rmtree(networks)
    assert len(workstation.network_findings()) >= 1
