"""A full or read-only disk locks nobody out from reading, and nothing on it changes.

On small file systems in memory; skipped where mounting is not allowed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drscreen.adapters.store import unrecorded
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.records import SqlRecords
from drscreen.adapters.store.store import SqlCipherStore
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import (
    KeyChangeRefused,
    PatientUnknown,
    SignInFailed,
    SignInThrottled,
    StoreError,
    StoreFull,
    StoreUnwritable,
)
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.sign_in import Patience
from drscreen.domain.users import Role, User
from drscreen.services.audit import AuditService
from tests.adapters.store.backups import files, save
from tests.adapters.store.samples import (
    CHEAP,
    MONDAY,
    PASSWORD,
    made_store,
    referred,
    store_at,
    unlocked,
)
from tests.adapters.store.test_frozen import FROZEN, expected, holds, thawed
from tests.fixtures.freeze import content, fill
from tests.torture.disks import filled_up, remount, small_disk

MODES = ("full", "read-only", "without inodes")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unrecorded, "WAIT", 0.0)
    monkeypatch.setattr(unrecorded, "_counted", {})


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    try:
        with small_disk(tmp_path / "disk", 6, ",nr_inodes=400") as made:
            yield made
    except PermissionError as error:
        pytest.skip(f"mounting: {error}")


def spoil(disk: Path, mode: str) -> None:
    if mode == "full":
        filled_up(disk)
    elif mode == "read-only":
        remount(disk, "ro")
    else:
        (disk / "many").mkdir()
        with suppress(OSError):
            for n in range(1000):
                (disk / "many" / str(n)).touch()


def mend(disk: Path, mode: str) -> None:
    remount(disk, "rw")
    (disk / "ballast").unlink(missing_ok=True)
    shutil.rmtree(disk / "many", ignore_errors=True)


def kept(home: Path) -> dict[str, bytes]:
    """What the records are; SQLite's shared memory is none of it."""
    return {name: data for name, data in files(home).items() if not name.endswith("-shm") if data}


def test_records_are_read_and_not_changed(disk: Path, mode: str) -> None:
    home = disk / "home"
    made_store(home)
    opened = unlocked(home)
    fill(opened)
    before = content(opened)
    opened.close()
    spoil(disk, mode)
    lay = kept(home)
    again = unlocked(home)
    assert again.is_read_only
    (alarm,) = again.alarms
    assert alarm.details["alarm"] == ("disk_unwritable" if mode == "read-only" else "disk_full")
    assert content(again) == before
    report = AuditService(again).verify()
    assert (report.faults, report.events > 0) == (0, True)
    assert len(list(AuditService(again).export())) == report.events
    assert again.check_photographs().problems == ()
    refusal = StoreUnwritable if mode == "read-only" else StoreFull
    refuses_everything(again, refusal)
    again.close()
    assert kept(home) == lay
    mend(disk, mode)
    after = unlocked(home)
    assert (after.is_read_only, after.alarms) == (False, ())
    assert content(after) == before
    save(after, "later", b"later")
    after.close()


def refuses_everything(opened: SqlCipherOpenStore, refusal: type[StoreError]) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        patient = records.find_patient("A-17")
        photograph = records.exams("A-17")[0].photographs[0].id
    assert patient is not None
    acts: list[Callable[[SqlRecords], object]] = [
        lambda records: records.add_patient(Patient("new")),
        lambda records: records.change_patient(patient),
        lambda records: records.save_photograph(
            "A-17", Laterality.OD, b"new", referred(b"new"), recorded_at=MONDAY
        ),
        lambda records: records.erase_patient("A-17"),
        lambda records: records.add_user(User("new", Role.CLINICIAN, ""), "a long enough one"),
        lambda records: records.set_role("tess", Role.ADMINISTRATOR),
        lambda records: records.set_password("tess", "a long enough one"),
        lambda records: records.remove_user("tess"),
        lambda records: records.set_recovery_code("a code"),
        lambda records: records.set_idle_minutes(3),
        lambda records: records.note_backup(MONDAY),
    ]
    for act in acts:
        with (
            pytest.raises(refusal, match="reading only"),
            opened.transaction(Action.EDIT_PATIENTS) as records,
        ):
            act(records)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.keep_thumbnail(photograph, b"small")
    for call in (lambda: opened.back_up(Path("/"), 1), opened.change_data_key):
        with pytest.raises(refusal):
            call()


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda path: path.name)
def test_records_of_an_earlier_program_are_read_without_upgrading_them(
    disk: Path, frozen: Path
) -> None:
    home = thawed(frozen, disk / "home")
    remount(disk, "ro")
    lay = kept(home)
    opened = unlocked(home)
    assert opened.is_read_only
    assert holds(content(opened), expected(frozen))
    opened.close()
    assert kept(home) == lay


@pytest.mark.parametrize("memory", ["index", "no index"])
def test_what_only_the_log_holds_is_read_too(disk: Path, mode: str, memory: str) -> None:
    """As a kill leaves it: rows that were acknowledged and are in the write-ahead log alone."""
    home = disk / "home"
    made_store(home)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("acknowledged"))
    shutil.copytree(home, disk / "killed")
    opened.close()
    killed = disk / "killed"
    assert (killed / "store" / "records.db-wal").stat().st_size > 0
    if memory == "no index":
        (killed / "store" / "records.db-shm").unlink()
    spoil(disk, mode)
    again = unlocked(killed)
    assert again.is_read_only
    with again.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("acknowledged") is not None
    assert len(again.alarms) == 1
    again.close()


def test_a_copy_that_is_older_than_the_records_is_not_shown(disk: Path) -> None:
    home = thawed(FROZEN[0], disk / "home")
    remount(disk, "ro")
    opened = unlocked(home)
    remount(disk, "rw")
    unlocked(home).close()
    with (
        pytest.raises(StoreError, match="Sign in again"),
        opened.transaction(Action.EDIT_PATIENTS) as records,
    ):
        records.count_patients("")
    opened.close()


def test_a_disk_that_fills_up_while_open_keeps_nobody_from_looking(disk: Path) -> None:
    """That somebody looked cannot be noted; what would be saved is still refused."""
    home = disk / "home"
    made_store(home)
    opened = unlocked(home)
    save(opened, "A-17", b"kept")
    spoil(disk, "full")
    for _ in range(30):  # what room the log still has is used up
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.note(AuditKind.VIEWED, "A-17")
            assert records.find_patient("A-17") is not None
    with pytest.raises(StoreFull), opened.transaction(Action.EDIT_PATIENTS) as records:
        for n in range(200):
            records.add_patient(Patient(f"N{n}"))
    with pytest.raises(PatientUnknown), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.note(AuditKind.VIEWED, "nobody")
    mend(disk, "full")
    save(opened, "B-2", b"kept too")
    assert opened.verify_audit().faults == 0
    opened.close()


def test_guessing_is_slowed_down_where_it_cannot_be_written_down(
    disk: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(unrecorded, "WAIT", 2.0)
    monkeypatch.setattr("drscreen.adapters.store.unrecorded.time.sleep", waits.append)
    home = disk / "home"
    made_store(home)
    spoil(disk, mode)
    for _ in range(4):
        with pytest.raises(SignInFailed):
            patient_store(home).open("Nora", "wrong")
    with pytest.raises(SignInThrottled):
        patient_store(home).open("Nora", PASSWORD)
    assert waits == [2.0] * 4


def patient_store(home: Path) -> SqlCipherStore:
    return SqlCipherStore(home, cost=CHEAP, patience=Patience())


def test_a_change_of_the_key_is_refused_not_half_done(disk: Path) -> None:
    home = disk / "home"
    made_store(home)
    opened = unlocked(home)
    filled_up(disk)
    with pytest.raises((StoreFull, StoreUnwritable, KeyChangeRefused)):
        opened.change_data_key()
    opened.close()
    again = store_at(home).open("Nora", PASSWORD)
    assert again.is_read_only
    again.close()
