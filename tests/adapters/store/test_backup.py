"""Backups: made under load, verified, restored by a drill, refused where a bit has flipped."""

from __future__ import annotations

import random
import shutil
import threading
from datetime import time, timedelta
from pathlib import Path

import pytest

from drscreen.adapters.store import shelf as shelf_module
from drscreen.adapters.store.manifest import MANIFEST
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.backup import BackupPlan
from drscreen.domain.errors import (
    BackupDamaged,
    BackupError,
    BackupMissing,
    BackupRunning,
    BackupUnwritable,
    Cancelled,
    StoreExists,
    StoreOnNetwork,
)
from drscreen.domain.image import Laterality
from drscreen.domain.integrity import PhotographFault
from drscreen.domain.patient import Patient
from tests.adapters.store.samples import MONDAY, PASSWORD, made_store, referred, store_at, unlocked
from tests.fixtures.freeze import content, fill


def silent() -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "other disk" / "backups"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def filled(opened: SqlCipherOpenStore) -> SqlCipherOpenStore:
    fill(opened)
    return opened


def save(opened: SqlCipherOpenStore, mrn: str, data: bytes) -> str:
    with opened.transaction() as records:
        if records.find_patient(mrn) is None:
            records.add_patient(Patient(mrn))
        return records.save_photograph(
            mrn, Laterality.OD, data, referred(data), recorded_at=MONDAY
        ).id


def restored(folder: Path, home: Path, name: str = "") -> SqlCipherOpenStore:
    Shelf(folder).restore(name, home, without_damaged=False, step=silent)
    return unlocked(home)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_drill(filled: SqlCipherOpenStore, folder: Path, tmp_path: Path) -> None:
    """The whole of it: made, listed, verified, restored, opened by each user, the same content."""
    before = content(filled)
    report = filled.back_up(folder, 5)
    assert (report.copied, report.problems, report.removed) == (4, (), ())
    assert Shelf(folder).backups() == [report.backup]
    assert report.backup.photographs == 4
    steps: list[None] = []
    check = Shelf(folder).verify("", lambda: steps.append(None))
    assert (check.backup, check.damaged, len(steps)) == (report.backup, 0, 4)
    again = restored(folder, tmp_path / "new machine")
    assert content(again) == before
    assert again.check_photographs().problems == ()
    save(again, "later", b"later")
    again.close()
    store_at(tmp_path / "new machine").open("tess", "another password").close()
    assert list((tmp_path / "new machine").glob(".*")) == []


def test_only_what_is_new_is_copied(filled: SqlCipherOpenStore, folder: Path) -> None:
    first = filled.back_up(folder, 5)
    written = {path: path.stat().st_mtime_ns for path in (folder / "photographs").rglob("??*")}
    save(filled, "new", b"new" * 1000)
    second = filled.back_up(folder, 5)
    assert (first.copied, second.copied) == (4, 1)
    assert second.backup.photographs == 5
    assert second.backup.name != first.backup.name
    for path, moment in written.items():
        if path.is_file():
            assert path.stat().st_mtime_ns == moment


def test_each_backup_restores_to_its_own_moment(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    first = filled.back_up(folder, 5)
    later = save(filled, "later", b"later")
    second = filled.back_up(folder, 5)
    old, new = (
        restored(folder, tmp_path / report.backup.name, report.backup.name)
        for report in (first, second)
    )
    with old.transaction() as records:
        assert records.find_patient("later") is None
    with new.transaction() as records:
        assert records.photograph_bytes(later) == b"later"
    old.close()
    new.close()


def test_oldest_are_let_go_with_what_only_they_needed(
    home: Path, filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    first = filled.back_up(folder, 2)
    (folder / "photographs" / "zz").mkdir()
    (folder / "photographs" / "zz" / ("f" * 32)).write_bytes(b"of a backup that is gone")
    second = filled.back_up(folder, 2)
    third = filled.back_up(folder, 2)
    assert third.removed == (first.backup.name,)
    assert [backup.name for backup in Shelf(folder).backups()] == [
        third.backup.name,
        second.backup.name,
    ]
    assert len([path for path in (folder / "photographs").rglob("*") if path.is_file()]) == 4
    restored(folder, tmp_path / "new").close()


def test_nothing_readable_in_a_backup(filled: SqlCipherOpenStore, folder: Path) -> None:
    filled.back_up(folder, 5)
    everything = b"".join(files(folder).values()).lower()
    for word in ("A-17", "Ørsted", "Zoë", "Hilltop", "Nora Lind", "create table", PASSWORD):
        assert word.lower().encode() not in everything
    assert b"jfif" not in everything


def test_backup_under_load(home: Path, filled: SqlCipherOpenStore, folder: Path) -> None:
    """Others record meanwhile, without being refused; the backup is of one moment, and whole."""
    other = unlocked(home)
    stop = threading.Event()
    acknowledged: list[str] = []

    def work() -> None:
        n = 0
        while not stop.is_set():
            acknowledged.append(save(other, f"L{n}", str(n).encode() * 3000))
            n += 1

    worker = threading.Thread(target=work)
    worker.start()
    counts = []
    for n in range(4):
        known = len(acknowledged)
        report = filled.back_up(folder, 9)
        assert report.problems == ()
        assert 4 + known <= report.backup.photographs <= 4 + len(acknowledged) + 1
        counts.append(report.backup.photographs)
        assert Shelf(folder).verify("", silent).damaged == 0
        again = restored(folder, folder.parent / f"restored {n}")
        assert again.check_photographs().problems == ()
        again.close()
    stop.set()
    worker.join(30)
    other.close()
    assert counts[-1] > counts[0]


def test_flipped_bits_anywhere_are_refused(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    filled.back_up(folder, 5)
    chance = random.Random(7)
    paths = [path for path in folder.rglob("*") if path.is_file()]
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
    (name,) = [path.name for path in folder.iterdir() if path.name[0].isdigit()]
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
    path = next(path for path in (folder / "photographs").rglob("*") if path.is_file())
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


def test_into_an_empty_folder_only(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    filled.back_up(folder, 5)
    other = tmp_path / "other"
    made_store(other)
    before = files(other)
    with pytest.raises(StoreExists, match="not empty"):
        Shelf(folder).restore("", other, without_damaged=False, step=silent)
    assert files(other) == before
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(StoreExists):
        Shelf(folder).restore("", tmp_path / "notes", without_damaged=False, step=silent)


def test_not_into_a_share_and_not_from_nowhere(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackupMissing):
        Shelf(folder).verify("", silent)
    filled.back_up(folder, 5)
    with pytest.raises(BackupMissing):
        Shelf(folder).verify("19990101T000000Z", silent)
    monkeypatch.setattr("drscreen.adapters.store.place.file_system", lambda _path: "nfs")
    with pytest.raises(StoreOnNetwork):
        Shelf(folder).restore("", tmp_path / "new", without_damaged=False, step=silent)
    assert not (tmp_path / "new").exists()


def test_not_inside_the_records_own_folder(home: Path, filled: SqlCipherOpenStore) -> None:
    (home / "store" / "vault" / "backups").mkdir()
    for place in (home / "store", home / "store" / "vault" / "backups"):
        with pytest.raises(BackupError, match="own folder"):
            filled.back_up(place, 5)


def test_one_at_a_time(home: Path, filled: SqlCipherOpenStore, folder: Path) -> None:
    other = unlocked(home)

    def meanwhile() -> None:
        with pytest.raises(BackupRunning):
            other.back_up(folder, 5)

    filled.back_up(folder, 5, meanwhile)
    assert other.back_up(folder, 5).copied == 0
    other.close()


def test_backup_that_is_ended_leaves_the_others_and_goes_on_next_time(
    filled: SqlCipherOpenStore, folder: Path
) -> None:
    first = filled.back_up(folder, 5)
    save(filled, "1", b"one")
    save(filled, "2", b"two")
    steps = 0

    def ended() -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        filled.back_up(folder, 5, ended)
    assert Shelf(folder).backups() == [first.backup]
    assert list(folder.glob("*.part")) == []
    assert Shelf(folder).verify("", silent).damaged == 0
    assert filled.back_up(folder, 5).backup.photographs == 6


def test_full_backup_disk(
    filled: SqlCipherOpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelf_module, "write_durably", full)
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

    monkeypatch.setattr(shelf_module, "write_durably", rotten)
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
    path = folder / name / MANIFEST
    for kind in ("files", "photographs"):
        told = json.loads(path.read_bytes())
        whole = path.read_bytes()
        told[kind]["../../stolen"] = next(iter(told[kind].values()))
        path.write_bytes(_rendered(told))
        with pytest.raises(BackupDamaged):
            Shelf(folder).restore("", tmp_path / "new", without_damaged=True, step=silent)
        path.write_bytes(whole)


def test_plan_and_last_success_are_kept(home: Path, opened: SqlCipherOpenStore) -> None:
    with opened.transaction() as records:
        assert records.backup_plan() == BackupPlan()
        records.set_backup_plan(BackupPlan("/there", time(2, 15), 3, last=MONDAY))
        assert records.backup_plan() == BackupPlan("/there", time(2, 15), 3, last=None)
        records.note_backup(MONDAY)
    opened.close()
    again = unlocked(home)
    with again.transaction() as records:
        assert records.backup_plan() == BackupPlan("/there", time(2, 15), 3, MONDAY)
        kinds = [event.kind for event in records.audit_events(0, 99)]
    assert kinds[-3:] == ["setting_changed", "backed_up", "signed_in"]
    again.close()


def test_newest_backup_stays_newest_whatever_the_clock_says(
    filled: SqlCipherOpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several within a second, and a clock that was put back a year."""
    moments = [MONDAY] * 4 + [MONDAY - timedelta(days=365)] * 4 + [MONDAY + timedelta(days=1)]
    for n, moment in enumerate(moments):
        monkeypatch.setattr(filled, "_now", lambda moment=moment: moment)
        made = filled.back_up(folder, 2).backup
        names = [backup.name for backup in Shelf(folder).backups()]
        assert names[0] == made.name
        assert len(names) == min(n + 1, 2)


def test_lost_photographs_are_fetched_back_from_a_backup(
    home: Path, filled: SqlCipherOpenStore, folder: Path
) -> None:
    filled.back_up(folder, 5)
    later = save(filled, "later", b"later, and in no backup")
    vault = home / "store" / "vault"
    names = {path.name for path in (folder / "photographs").rglob("?" * 32)}
    lost, damaged, swapped, rotten = (vault / name[:2] / name for name in sorted(names))
    lost.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-3])
    swapped.write_bytes(rotten.read_bytes())
    for path in (rotten, folder / "photographs" / rotten.name[:2] / rotten.name):
        path.write_bytes(b"x")
    with filled.transaction() as records:
        (vault / (name := records._stored(later).name)[:2] / name).unlink()
    report = filled.check_photographs(backups=folder)
    assert (report.photographs, report.mended) == (5, 3)
    assert [problem.fault for problem in report.problems].count(PhotographFault.MISSING) == 1
    assert [problem.fault for problem in report.problems].count(PhotographFault.DAMAGED) == 1
    again = filled.check_photographs(backups=folder)
    assert (again.mended, len(again.problems)) == (0, 2)
