"""Older pieces put back: each is whole in itself, and is told by the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.store import SqlCipherStore
from drscreen.domain.audit import Alarm, AuditKind
from drscreen.domain.errors import SignInFailed
from drscreen.domain.image import Laterality
from drscreen.domain.notice import NoticeState, Reason
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.recovery import new_recovery_code
from drscreen.domain.sign_in import Patience
from drscreen.domain.users import Role, User
from tests.adapters.store.outbox import ADA, DRAFT, SENDERS
from tests.adapters.store.samples import CHEAP, MONDAY, PASSWORD, referred, store_at, unlocked

TESS, NEW = "another password", "a new password"


def kept(home: Path) -> Path:
    """The store's folder as it is now."""
    return Path(shutil.copytree(home / "store", home.parent / "kept"))


def put_back(home: Path, *names: str) -> None:
    """Exchange these files for those that were kept."""
    for name in names:
        shutil.copy(home.parent / "kept" / name, home / "store" / name)


def alarms(opened: SqlCipherOpenStore) -> set[str]:
    return {event.details["alarm"] for event in opened.alarms}


def work(home: Path) -> None:
    """A session that changes who may sign in, by what, and records a patient."""
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("lost"))
        records.set_password("tess", NEW)
    opened.close()


@pytest.fixture
def worked(home: Path) -> Path:
    """A store that was kept before a session of work, which has ended."""
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), TESS)
    opened.close()
    kept(home)
    work(home)
    return home


def test_nothing_put_back_nothing_said(worked: Path) -> None:
    for _ in range(3):
        opened = unlocked(worked)
        assert opened.alarms == ()
        assert opened.verify_audit().faults == 0
        opened.close()


@pytest.mark.parametrize(
    ("names", "alarm"),
    [
        (("records.db",), Alarm.DATABASE_BEHIND),
        (("records.db", "audit.head"), Alarm.DATABASE_BEHIND),
        (("audit.head",), Alarm.ANCHOR_BEHIND),
        (("keys.json",), Alarm.KEY_FILE_BEHIND),
        (("keys.json", "keys.json.bak"), Alarm.KEY_FILE_BEHIND),
        (("keys.json", "keys.json.bak", "audit.head"), Alarm.KEY_FILE_BEHIND),
        (("keys.json.bak",), Alarm.KEY_COPY_BEHIND),
    ],
)
def test_older_files_put_back_are_said_once_and_until_verified(
    worked: Path, names: tuple[str, ...], alarm: Alarm
) -> None:
    put_back(worked, *names)
    opened = unlocked(worked)
    assert alarm in alarms(opened)
    opened.close()
    opened = unlocked(worked)
    told = [event.details["alarm"] for event in opened.alarms]
    assert told.count(alarm) == 1, "said until verified, found once"
    opened.close()


def test_everything_put_back_together_is_told_by_a_witness(worked: Path) -> None:
    shutil.rmtree(worked / "store")
    shutil.copytree(worked.parent / "kept", worked / "store")
    opened = unlocked(worked)
    assert alarms(opened) == {Alarm.WITNESS_AHEAD}
    opened.close()
    opened = unlocked(worked)
    with opened.transaction(Action.READ_AUDIT) as records:
        records.note(AuditKind.AUDIT_VERIFIED)
    opened.close()
    opened = unlocked(worked)
    assert opened.alarms == (), "settled by whoever verified"
    opened.close()


def at(home: Path, machine: Path) -> SqlCipherStore:
    """The store as the program opens it on a machine that it knows."""
    return SqlCipherStore(home, cost=CHEAP, patience=Patience(free=10**6), machine=machine)


def test_home_put_back_together_is_told_by_the_machine(worked: Path, tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    at(worked, machine).open("Nora", PASSWORD).close()
    shutil.copytree(worked, tmp_path / "home of before")
    at(worked, machine).open("Nora", PASSWORD).close()
    shutil.rmtree(worked)
    shutil.copytree(tmp_path / "home of before", worked)
    opened = at(worked, machine).open("Nora", PASSWORD)
    assert alarms(opened) == {Alarm.WITNESS_AHEAD}
    opened.close()


def test_copy_for_a_drill_neither_silences_nor_disturbs(worked: Path, tmp_path: Path) -> None:
    machine, drill = tmp_path / "machine", tmp_path / "drill"
    at(worked, machine).open("Nora", PASSWORD).close()
    shutil.copytree(worked, drill)
    for _ in range(3):
        at(drill, machine).open("Nora", PASSWORD).close()
    opened = at(worked, machine).open("Nora", PASSWORD)
    assert opened.alarms == ()
    opened.close()
    opened = at(drill, machine).open("Nora", PASSWORD)
    assert alarms(opened) == {Alarm.RECORDS_MOVED}
    opened.close()


def test_everything_put_back_is_told_by_a_backup(home: Path, folder: Path) -> None:
    unlocked(home).close()
    kept(home)
    for _ in range(2):
        opened = unlocked(home)
        opened.back_up(folder, 3)
        assert not opened.check_backup(folder).is_ahead
        opened.close()
    for name in ("store", "witness"):
        shutil.rmtree(home / name)
    shutil.copytree(home.parent / "kept", home / "store")
    opened = unlocked(home)
    assert opened.alarms == ()
    assert opened.check_backup(folder).is_ahead
    assert alarms(opened) == {Alarm.WITNESS_AHEAD}
    opened.back_up(folder, 3)
    assert not opened.check_backup(folder).is_ahead, "said once"
    opened.close()


def test_notices_of_a_moved_copy_wait_for_a_person(worked: Path, tmp_path: Path) -> None:
    machine, drill = tmp_path / "machine", tmp_path / "drill"
    opened = at(worked, machine).open("Nora", PASSWORD)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(ADA)
        records.notices.queue(DRAFT)
    opened.close()
    shutil.copytree(worked, drill)
    copied, original = (at(home, machine).open("Nora", PASSWORD) for home in (drill, worked))
    with copied.transaction(Action.EDIT_PATIENTS) as records:
        (held,) = records.notices.page((), 0, 10)
        assert records.notices.lease(held.expires, SENDERS) is None
        assert records.notices.entrust(held.expires, SENDERS) == 0
        assert records.notices.next_to_ask(held.expires, SENDERS.values()) is None
    assert (held.state, held.due, held.reason) == (NoticeState.UNKNOWN, None, Reason.RECORDS_MOVED)
    with original.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.lease(MONDAY, SENDERS) is not None
    for store in (copied, original):
        store.close()


def test_older_password_opens_nothing(worked: Path) -> None:
    put_back(worked, "keys.json", "keys.json.bak")
    for password in (TESS, NEW):
        with pytest.raises(SignInFailed):
            store_at(worked).open("tess", password)
    opened = unlocked(worked)
    assert alarms(opened) == {Alarm.KEY_FILE_BEHIND}
    opened.reenter(Action.SET_PASSWORDS, PASSWORD)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_password("tess", "a third password")
    opened.close()
    store_at(worked).open("tess", "a third password").close()
    with pytest.raises(SignInFailed):
        store_at(worked).open("tess", TESS)


def test_older_password_tried_first_is_said_to_the_next(worked: Path) -> None:
    put_back(worked, "keys.json", "keys.json.bak")
    with pytest.raises(SignInFailed):
        store_at(worked).open("tess", TESS)
    put_back(worked, "keys.json", "keys.json.bak")
    with pytest.raises(SignInFailed):
        store_at(worked).open("tess", TESS)
    opened = unlocked(worked)
    assert alarms(opened) == {Alarm.KEY_FILE_BEHIND}
    opened.close()


def test_older_key_file_beside_its_newer_copy_keeps_nobody_out(worked: Path) -> None:
    put_back(worked, "keys.json")
    with pytest.raises(SignInFailed):
        store_at(worked).open("tess", TESS)
    opened = store_at(worked).open("tess", NEW)
    assert alarms(opened) == {Alarm.KEY_FILE_BEHIND}
    opened.close()


def test_older_recovery_code_opens_nothing(home: Path) -> None:
    first, second = new_recovery_code(), new_recovery_code()
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_recovery_code(first)
    opened.close()
    kept(home)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_recovery_code(second)
    opened.close()
    put_back(home, "keys.json", "keys.json.bak")
    for code in (first, second):
        with pytest.raises(SignInFailed):
            store_at(home).recover(code, "Nora", NEW)
    opened = unlocked(home)
    assert alarms(opened) == {Alarm.KEY_FILE_BEHIND}
    opened.close()


def test_removed_account_is_not_let_in_by_an_older_key_file(worked: Path) -> None:
    opened = unlocked(worked)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.remove_user("tess")
    opened.close()
    put_back(worked, "keys.json", "keys.json.bak")
    with pytest.raises(SignInFailed):
        store_at(worked).open("tess", TESS)


def test_password_of_a_change_that_a_kill_broke_off(home: Path) -> None:
    """The key file is newer than the records then: what it holds lets in, and nothing is said."""
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), TESS)
    killed = home.parent / "killed"
    shutil.copytree(home, killed)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_password("tess", NEW)
        shutil.copy(home / "store" / "keys.json", killed / "store" / "keys.json")
    opened.close()
    with pytest.raises(SignInFailed):
        store_at(killed).open("tess", TESS)
    opened = store_at(killed).open("tess", NEW)
    assert opened.alarms == ()
    opened.close()
    opened = unlocked(killed)
    assert opened.alarms == ()
    opened.close()


@pytest.mark.parametrize("is_graded_in_the_log", [True, False])
def test_photograph_whose_row_was_lost_is_said_and_kept(
    home: Path, is_graded_in_the_log: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what the audit log says of it; or where that was rolled back too, by the file's name."""
    unlocked(home).close()
    kept(home)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("A-17"))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        saved = records.save_photograph(
            "A-17", Laterality.OD, b"lost", referred(b"lost"), recorded_at=MONDAY
        )
    if is_graded_in_the_log:
        with opened._in_use() as inner, inner.engine.begin() as connection:
            connection.execute(text("DROP TRIGGER gradings_no_delete"))
            connection.execute(text("DELETE FROM gradings"))
            connection.execute(text("DELETE FROM photographs"))
    opened.close()
    if not is_graded_in_the_log:
        put_back(home, "records.db", "audit.head", "keys.json", "keys.json.bak", "attempts.json")
        shutil.rmtree(home / "witness")
        for _ in range(4):  # the log is as long again before anybody looks
            unlocked(home).close()
    opened = unlocked(home)
    assert opened.alarms == ()
    report = opened.check_photographs()
    assert (report.orphans, report.unnamed) == (0, 1)
    assert alarms(opened) == {Alarm.PHOTOGRAPHS_UNNAMED}
    monkeypatch.setattr("drscreen.adapters.store.vault.ORPHANS_KEPT", -1.0)
    assert opened.check_photographs().unnamed == 0
    assert len(list((home / "store" / "vault" / "lost").iterdir())) == 1
    assert saved.id
    opened.close()


def test_litter_of_a_kill_and_of_an_erasure_is_no_alarm(home: Path) -> None:
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("A-17"))
    killed = home.parent / "killed"
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("B-2"))
        records.save_photograph("B-2", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY)
        shutil.copytree(home, killed)
    with opened.transaction(Action.ERASE_PATIENTS) as records:
        (file,) = [one for one in (home / "store" / "vault").rglob("*") if one.is_file()]
        again = file.read_bytes()
        records.erase_patient("B-2")
    file.write_bytes(again)
    for store in (opened, unlocked(killed)):
        report = store.check_photographs()
        assert (report.orphans, report.unnamed) == (1, 0)
        assert store.alarms == ()
        store.close()
