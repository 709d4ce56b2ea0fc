"""A backup touches what is its own, and nothing else that lies in the folder it was told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from drscreen.adapters.store.clinic_folder import MARK, folder_name
from drscreen.adapters.store.key_file import read_key_file
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.errors import BackupFolderUnclear, BackupForeign, BackupMissing, Cancelled
from drscreen.domain.permissions import Action
from tests.adapters.store.backups import ended_at, files, own, restored, save, silent
from tests.adapters.store.samples import made_store, unlocked
from tests.fixtures.freeze import content


def own_id(home: Path) -> bytes:
    return read_key_file(home / "store" / "keys.json").database_id


def test_other_peoples_files_stay(filled: SqlCipherOpenStore, folder: Path) -> None:
    """A camera's folder that is called photographs, an unfinished download, another's backups."""
    foreign = {
        "photographs/IMG_1.jpg": b"mine",
        "photographs/2026-11/IMG_2.jpg": b"mine too",
        f"photographs/ab/{'ab' * 16}": b"called like one of ours",
        "holiday.part/film": b"half",
        "20260101T000000Z/notes.txt": b"a folder that is called like a backup",
        "20260102T000000Z.part/records.db": b"and one like an unfinished one",
    }
    for name, data in foreign.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    os.mkfifo(folder / "pipe.part")
    (folder / "link.part").symlink_to("/etc")
    for _ in range(3):
        filled.back_up(folder, 1)
    found = files(folder)
    assert {name: found.get(name) for name in foreign} == foreign
    assert {path.name for path in folder.iterdir()} == {
        *(name.split("/")[0] for name in foreign),
        *("pipe.part", "link.part", own(folder).name),
    }


def test_other_peoples_files_in_the_clinics_own_folder_stay(
    filled: SqlCipherOpenStore, folder: Path
) -> None:
    filled.back_up(folder, 1)
    place = own(folder)
    foreign = ["photographs/IMG_1.jpg", f"photographs/ab/{'ab' * 16}", "holiday.part/film"]
    foreign += ["20990101T000000Z.part/records.db", "20000101T000000Z/records.db", "notes.txt"]
    for name in foreign:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(b"mine")
    (place / "photographs" / "zz").symlink_to("/etc")
    for _ in range(2):
        filled.back_up(folder, 1)
    assert {name: (place / name).read_bytes() for name in foreign} == dict.fromkeys(
        foreign, b"mine"
    )
    assert (place / "photographs" / "zz").is_symlink()


def test_two_stores_live_beside_each_other(
    home: Path, filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    """Another clinic's, a demonstration's or a newly made one's: `keep` counts its own alone."""
    before = content(filled)
    kept = [filled.back_up(folder, 2).backup.name for _ in range(2)]
    made_store(tmp_path / "second")
    second = unlocked(tmp_path / "second")
    save(second, "S-1", b"the second's")
    for _ in range(3):
        newest = second.back_up(folder, 1).backup.name
    places = sorted(folder.glob("drscreen-????????"))
    assert len(places) == 2
    with pytest.raises(BackupFolderUnclear, match=places[0].name) as told:
        Shelf(folder).backups()
    assert places[1].name in told.value.message
    with pytest.raises(BackupFolderUnclear):
        Shelf(folder).verify("", silent)
    with pytest.raises(BackupFolderUnclear):
        Shelf(folder).restore("", tmp_path / "x", without_damaged=False, step=silent)
    mine = folder / folder_name(own_id(home))
    assert [backup.name for backup in Shelf(mine).backups()] == kept[::-1]
    assert Shelf(folder).verify(kept[0], silent).damaged == 0
    assert Shelf(folder).verify(newest, silent).damaged == 0
    again = restored(mine, tmp_path / "again")
    now = content(again)
    assert (now["patients"], now["bytes"]) == (before["patients"], before["bytes"])
    # Photographs are fetched back from wherever they lie.
    shutil.rmtree(tmp_path / "again" / "store" / "vault")
    (tmp_path / "again" / "store" / "vault").mkdir()
    (tmp_path / "again" / "store" / "vault" / "unfinished").mkdir()
    assert again.check_photographs(backups=folder).mended == 4
    # The restored store is the same store: it goes on in the same folder.
    again.back_up(folder, 1)
    assert len(sorted(folder.glob("drscreen-????????"))) == 2
    again.close()
    second.close()


def earlier(folder: Path) -> Path:
    """The folder as the drscreen before left it: the backups directly in it, without a mark."""
    place = own(folder)
    (place / MARK).unlink()
    for path in place.iterdir():
        path.rename(folder / path.name)
    place.rmdir()
    return folder


def test_backups_of_an_earlier_version_are_read_and_taken_over(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    names = [filled.back_up(folder, 5).backup.name for _ in range(2)]
    earlier(folder)
    (folder / "photographs" / "IMG_1.jpg").write_bytes(b"mine")
    assert [backup.name for backup in Shelf(folder).backups()] == names[::-1]
    assert Shelf(folder).verify(names[0], silent).damaged == 0
    restored(folder, tmp_path / "from the earlier").close()
    third = filled.back_up(folder, 2)
    assert third.copied == 0
    assert third.removed == (names[0],)
    assert files(folder / "photographs") == {"IMG_1.jpg": b"mine"}
    assert [path.name for path in folder.glob("2*")] == []
    assert Shelf(folder).verify(names[1], silent).damaged == 0
    assert Shelf(own(folder)).verify("", silent).damaged == 0


def test_earlier_backups_of_two_stores_are_each_left_or_taken_over(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    made_store(tmp_path / "second")
    second = unlocked(tmp_path / "second")
    save(second, "S-1", b"the second's")
    theirs = second.back_up(folder, 5).backup.name
    earlier(folder)
    for _ in range(2):
        filled.back_up(folder, 1)
    assert (folder / theirs).is_dir()
    assert Shelf(folder).verify(theirs, silent).damaged == 0
    with pytest.raises(BackupFolderUnclear, match="older ones"):
        Shelf(folder).backups()
    second.back_up(folder, 5)
    assert not (folder / theirs).exists()
    second.close()


@pytest.mark.parametrize("moved", [0, 2, 4])
def test_a_kill_while_earlier_backups_are_taken_over_loses_none(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path, moved: int
) -> None:
    filled.back_up(folder, 5)
    place = own(folder)
    (name,) = [path.name for path in place.glob("2*")]
    (place / name).rename(folder / name)
    for path in list((place / "photographs").glob("*/*"))[moved:]:
        target = folder / path.relative_to(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    assert Shelf(folder).verify("", silent).damaged == 0
    restored(folder, tmp_path / "new").close()
    assert filled.back_up(folder, 5).copied == 0
    assert Shelf(own(folder)).verify(name, silent).damaged == 0


@pytest.mark.parametrize("what", ["missing", "damaged", "link", "fifo", "huge"])
def test_a_lost_mark_is_made_again_where_the_manifests_prove_whose_it_is(
    filled: SqlCipherOpenStore, folder: Path, what: str
) -> None:
    filled.back_up(folder, 5)
    mark = own(folder) / MARK
    whole = mark.read_bytes()
    mark.unlink()
    spoil(mark, what)
    assert Shelf(folder).verify("", silent).damaged == 0
    filled.back_up(folder, 5)
    assert mark.read_bytes() == whole
    assert not mark.is_symlink()
    assert len(Shelf(folder).backups()) == 2


def spoil(path: Path, what: str) -> None:
    match what:
        case "damaged":
            path.write_bytes(b"{")
        case "link":
            path.symlink_to("/dev/zero")
        case "fifo":
            os.mkfifo(path)
        case "huge":
            path.touch()
            os.truncate(path, 1 << 40)


def _other_store(folder: Path, tmp_path: Path) -> None:
    made_store(tmp_path / "second")
    second = unlocked(tmp_path / "second")
    second.back_up(folder, 5)
    second.close()


def _foreign_mark(place: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    _other_store(tmp_path / "elsewhere", tmp_path)
    place.mkdir()
    shutil.copy(own(tmp_path / "elsewhere") / MARK, place / MARK)


def _unmarked_files(place: Path, _tmp_path: Path) -> None:
    (place / "photographs" / "ab").mkdir(parents=True)
    (place / "photographs" / "ab" / ("ab" * 16)).write_bytes(b"mine")


def _link(place: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    place.symlink_to(tmp_path / "elsewhere")


def _file(place: Path, _tmp_path: Path) -> None:
    place.write_bytes(b"mine")


def _photographs_elsewhere(place: Path, tmp_path: Path) -> None:
    place.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (place / "photographs").symlink_to(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    "lay", [_foreign_mark, _unmarked_files, _link, _file, _photographs_elsewhere]
)
def test_what_is_not_proved_to_be_its_own_is_refused_and_left(
    home: Path,
    filled: SqlCipherOpenStore,
    folder: Path,
    tmp_path: Path,
    lay: Callable[[Path, Path], None],
) -> None:
    place = folder / folder_name(own_id(home))
    lay(place, tmp_path)
    before = files(tmp_path / "elsewhere"), files(folder)
    for _ in range(2):
        with pytest.raises(BackupForeign):
            filled.back_up(folder, 1)
    assert (files(tmp_path / "elsewhere"), files(folder)) == before


def test_another_clinics_own_folder_is_refused(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    _other_store(folder, tmp_path)
    theirs = own(folder)
    before = files(theirs)
    with pytest.raises(BackupForeign, match="other records"):
        filled.back_up(theirs, 1)
    (theirs / MARK).write_bytes(b"")
    with pytest.raises(BackupForeign):
        filled.back_up(theirs, 1)
    (theirs / MARK).write_bytes(before[MARK])
    assert files(theirs) == before


def test_the_clinics_own_folder_may_be_named_itself(
    filled: SqlCipherOpenStore, folder: Path
) -> None:
    filled.back_up(folder, 5)
    place = own(folder)
    assert filled.back_up(place, 5).copied == 0
    (place / MARK).unlink()
    assert filled.back_up(place, 5).copied == 0
    assert len(Shelf(place).backups()) == len(Shelf(folder).backups()) == 3
    assert list(place.glob("drscreen-????????")) == []


def test_a_mark_that_was_copied_into_a_strangers_folder_removes_nothing(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    filled.back_up(folder, 5)
    stranger = tmp_path / "stranger"
    (stranger / "photographs" / "ab").mkdir(parents=True)
    (stranger / "photographs" / "ab" / ("ab" * 16)).write_bytes(b"mine")
    (stranger / "20000101T000000Z.part").mkdir()
    (stranger / "20000101T000000Z.part" / "records.db").write_bytes(b"mine")
    before = files(stranger)
    shutil.copy(own(folder) / MARK, stranger / MARK)
    with pytest.raises(BackupMissing):
        Shelf(stranger).verify("", silent)
    for _ in range(3):
        filled.back_up(stranger, 1)
    after = files(stranger)
    assert {name: after.get(name) for name in before} == before


def test_a_link_to_the_folder_is_followed_once(
    home: Path, filled: SqlCipherOpenStore, folder: Path, tmp_path: Path
) -> None:
    """And the folder may hold the records' own home, or lie in it, but not in the store."""
    (tmp_path / "link").symlink_to(folder)
    filled.back_up(tmp_path / "link", 5)
    assert len(Shelf(folder).backups()) == len(Shelf(tmp_path / "link").backups()) == 1
    before = files(home / "store" / "vault")
    for place in (home.parent, home):
        for _ in range(2):
            filled.back_up(place, 1)
        assert len(Shelf(place).backups()) == 1
    assert files(home / "store" / "vault") == before


def test_an_unfinished_backup_goes_with_what_only_it_copied(
    filled: SqlCipherOpenStore, folder: Path
) -> None:
    """The promise of erasure: what a broken off backup had copied is not forgotten on the disk."""
    filled.back_up(folder, 5)
    before = set(files(own(folder) / "photographs"))
    save(filled, "gone", b"copied by a backup that was never finished")
    with pytest.raises(Cancelled):
        filled.back_up(folder, 5, ended_at(5))
    assert len(set(files(own(folder) / "photographs")) - before) == 1
    with filled.transaction(Action.EDIT_PATIENTS) as records:
        records.erase_patient("gone")
    filled.back_up(folder, 5)
    assert set(files(own(folder) / "photographs")) == before
    assert list(own(folder).glob("*.part")) == []


def test_a_backup_with_a_damaged_list_is_let_go_of_in_its_turn(
    filled: SqlCipherOpenStore, folder: Path
) -> None:
    first = filled.back_up(folder, 2).backup.name
    (own(folder) / first / "manifest.json").write_bytes(b"{")
    filled.back_up(folder, 2)
    assert filled.back_up(folder, 2).removed == (first,)
    assert not list(own(folder).glob(f"{first}")) + list(own(folder).glob("*.part"))
