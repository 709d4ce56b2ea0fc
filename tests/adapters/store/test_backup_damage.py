"""Backups whose files, disk or store are damaged: refused, named, left out, fetched back."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from drscreen.adapters.store import clinic_folder
from drscreen.adapters.store.manifest import MANIFEST
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.errors import (
    BackupDamaged,
    BackupError,
    BackupMissing,
    BackupUnwritable,
)
from drscreen.domain.integrity import PhotographFault
from drscreen.domain.permissions import Action
from tests.adapters.store.backups import own, restored, save, silent
from tests.adapters.store.samples import unlocked


def test_flipped_bits_anywhere_are_refused(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    filled.back_up(folder, 5)
    chance = random.Random(7)
    paths = [path for path in own(folder).glob("*/**/*") if path.is_file()]
    assert len(paths) == 7
    for path in paths:
        whole = path.read_bytes()
        for position in [0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(4))]:
            changed = bytearray(whole)
            changed[position] ^= 1 << chance.randrange(8)
            path.write_bytes(changed)
            refused(folder, tmp_path)
        for length in (0, 1, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:length])
            refused(folder, tmp_path)
        path.unlink()
        refused(folder, tmp_path)
        path.write_bytes(whole)
    assert Shelf(folder).verify("", silent).damaged == 0


def refused(folder: Path, tmp_path: Path) -> None:
    (name,) = [path.name for path in own(folder).iterdir() if path.name[0].isdigit()]
    try:
        damaged = Shelf(folder).verify(name, silent).damaged
    except BackupError:
        damaged = 1
    assert damaged == 1
    with pytest.raises(BackupError):
        Shelf(folder).restore(name, tmp_path / "new", without_damaged=False, step=silent)
    assert list((tmp_path / "new").glob("*")) == [] == list((tmp_path / "new").glob(".*"))


def test_damaged_photograph_can_be_left_out(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    """One rotten photograph must not keep a clinic from its records."""
    filled.back_up(folder, 5)
    path = next(path for path in (own(folder) / "photographs").rglob("*") if path.is_file())
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(BackupDamaged, match="1 photographs"):
        Shelf(folder).restore("", tmp_path / "new", without_damaged=False, step=silent)
    check = Shelf(folder).restore("", tmp_path / "new", without_damaged=True, step=silent)
    assert check.damaged == 1
    again = unlocked(tmp_path / "new")
    report = again.check_photographs()
    assert [problem.fault for problem in report.problems] == [PhotographFault.MISSING]
    again.close()


def test_photographs_that_the_store_has_lost_are_named(
    home: Path, filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    vault = home / "store" / "vault"
    one, two = sorted(path for path in vault.rglob("*") if path.is_file())[:2]
    one.unlink()
    two.write_bytes(two.read_bytes()[:-1])
    report = filled.back_up(folder, 5)
    assert sorted(problem.fault for problem in report.problems) == ["damaged", "missing"]
    assert {problem.mrn for problem in report.problems} <= {"A-17", "B-2"}
    assert report.backup.photographs == 2
    restored(folder, tmp_path / "new").close()


def test_photograph_lost_after_it_was_backed_up_is_in_the_next_backup_too(
    home: Path, filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    filled.back_up(folder, 1)
    shutil.rmtree(home / "store" / "vault")
    (home / "store" / "vault").mkdir()
    report = filled.back_up(folder, 1)
    assert report.problems == ()
    again = restored(folder, tmp_path / "new")
    assert again.check_photographs().problems == ()
    again.close()


def test_full_backup_disk(
    filled: SqlCipherOpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(clinic_folder, "write_durably", full)
    with pytest.raises(BackupUnwritable, match="no room"):
        filled.back_up(folder, 5)
    assert Shelf(folder).backups() == []


def test_backup_disk_that_is_not_there(filled: SqlCipherOpenStore, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(BackupUnwritable, match="disk connected"):
            filled.back_up(tmp_path / "disk", 5)
        assert not (tmp_path / "disk").is_dir()
        (tmp_path / "disk").write_text("no folder")
    with pytest.raises(BackupMissing):
        Shelf(tmp_path / "disk").verify("", silent)


def test_disk_that_does_not_give_back_what_was_written(
    filled: SqlCipherOpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rotten(path: Path, data: bytes) -> None:
        path.write_bytes(data[:-1] + b"x")

    monkeypatch.setattr(clinic_folder, "write_durably", rotten)
    with pytest.raises(BackupDamaged, match="give back"):
        filled.back_up(folder, 5)
    assert Shelf(folder).backups() == []


def test_manifest_that_leads_elsewhere_is_refused(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    """Its checksum can be made right by anybody: names are looked at all the same."""
    import json

    from drscreen.adapters.store.manifest import _rendered

    name = filled.back_up(folder, 5).backup.name
    path = own(folder) / name / MANIFEST
    for kind in ("files", "photographs"):
        told = json.loads(path.read_bytes())
        whole = path.read_bytes()
        told[kind]["../../stolen"] = next(iter(told[kind].values()))
        path.write_bytes(_rendered(told))
        with pytest.raises(BackupDamaged):
            Shelf(folder).restore("", tmp_path / "new", without_damaged=True, step=silent)
        path.write_bytes(whole)


def test_lost_photographs_are_fetched_back_from_a_backup(
    home: Path, filled: SqlCipherOpenStore, folder: Path
) -> None:
    filled.back_up(folder, 5)
    later = save(filled, "later", b"later, and in no backup")
    vault = home / "store" / "vault"
    names = {path.name for path in (own(folder) / "photographs").rglob("?" * 32)}
    lost, damaged, swapped, rotten = (vault / name[:2] / name for name in sorted(names))
    lost.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-3])
    swapped.write_bytes(rotten.read_bytes())
    for path in (rotten, own(folder) / "photographs" / rotten.name[:2] / rotten.name):
        path.write_bytes(b"x")
    with filled.transaction(Action.EDIT_PATIENTS) as records:
        (vault / (name := records._stored(later).name)[:2] / name).unlink()
    report = filled.check_photographs(backups=folder)
    assert (report.photographs, report.mended) == (5, 3)
    assert [problem.fault for problem in report.problems].count(PhotographFault.MISSING) == 1
    assert [problem.fault for problem in report.problems].count(PhotographFault.DAMAGED) == 1
    again = filled.check_photographs(backups=folder)
    assert (again.mended, len(again.problems)) == (0, 2)
