"""Backups: made under load, verified, restored by a drill, each to its own moment."""

from __future__ import annotations

import threading
from datetime import time, timedelta
from pathlib import Path

import pytest

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.backup import BackupPlan
from drscreen.domain.errors import (
    BackupError,
    BackupMissing,
    BackupRunning,
    Cancelled,
    StoreExists,
    StoreOnNetwork,
)
from drscreen.domain.permissions import Action
from tests.adapters.store.backups import (
    ended_at,
    files,
    kept_by_a_restore,
    own,
    restored,
    save,
    silent,
)
from tests.adapters.store.samples import MONDAY, PASSWORD, made_store, store_at, unlocked
from tests.fixtures.freeze import content


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
    assert kept_by_a_restore(content(again)) == kept_by_a_restore(before)
    assert again.check_photographs().problems == ()
    save(again, "later", b"later")
    again.close()
    store_at(tmp_path / "new machine").open("tess", "another password").close()
    assert list((tmp_path / "new machine").glob(".*")) == []


def test_only_what_is_new_is_copied(filled: SqlCipherOpenStore, folder: Path) -> None:
    first = filled.back_up(folder, 5)
    written = {path: path.stat().st_mtime_ns for path in (own(folder) / "photographs").rglob("??*")}
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
    with old.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("later") is None
    with new.transaction(Action.EDIT_PATIENTS) as records:
        assert records.photograph_bytes(later) == b"later"
    old.close()
    new.close()


def test_oldest_are_let_go_with_what_only_they_needed(
    home: Path, filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    first = filled.back_up(folder, 2)
    with filled.transaction(Action.EDIT_PATIENTS) as records:
        records.erase_patient("A-17")
    second = filled.back_up(folder, 2)
    third = filled.back_up(folder, 2)
    assert third.removed == (first.backup.name,)
    assert [backup.name for backup in Shelf(folder).backups()] == [
        third.backup.name,
        second.backup.name,
    ]
    left = [path.name for path in (own(folder) / "photographs").rglob("*") if path.is_file()]
    assert len(left) == third.backup.photographs < first.backup.photographs
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
    with pytest.raises(Cancelled):
        filled.back_up(folder, 5, ended_at(5))
    assert Shelf(folder).backups() == [first.backup]
    assert not [*own(folder).glob("*.part/records.db*"), *own(folder).glob("*.part/keys*")]
    assert Shelf(folder).verify("", silent).damaged == 0
    assert filled.back_up(folder, 5).backup.photographs == 6


def test_plan_and_last_success_are_kept(home: Path, opened: SqlCipherOpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.backup_plan() == BackupPlan()
        records.set_backup_plan(BackupPlan("/there", time(2, 15), 3, last=MONDAY))
        assert records.backup_plan() == BackupPlan("/there", time(2, 15), 3, last=None)
        records.note_backup(MONDAY)
    opened.close()
    again = unlocked(home)
    with again.transaction(Action.EDIT_PATIENTS) as records:
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
