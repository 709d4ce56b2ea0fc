"""The audit chain against somebody who holds the raw key of the database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from drscreen.adapters.store.engine import keyed_connection
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.audit import Alarm, AuditFault, AuditHead, AuditKind, AuditReport
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import MONDAY, PASSWORD, referred, store_at, unlocked


@contextmanager
def raw(home: Path) -> Iterator[Any]:
    """The database under its raw key, the triggers gone: what a forger with the key can do."""
    data_key = store_at(home)._folder.checked_key_file()[0].unlock("Nora", PASSWORD)
    path = home / "store" / "records.db"
    with closing(
        keyed_connection(path, data_key.database_key(), data_key.database_id)
    ) as connection:
        for trigger in ("no_update", "no_delete", "append"):
            connection.execute(f"DROP TRIGGER audit_events_{trigger}")
        yield connection


def filled(home: Path) -> None:
    opened = unlocked(home)
    for number in range(12):
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(Patient(str(number)))
    opened.close()


def verified(home: Path, printed: AuditHead | None = None) -> AuditReport:
    """Verify without signing in through the alarms: the chain as it lies there."""
    opened = unlocked(home)
    try:
        return opened.verify_audit(printed)
    finally:
        opened.close()


def faults(report: AuditReport) -> set[AuditFault]:
    return {problem.fault for problem in report.problems}


def test_what_is_recorded_and_by_whom(home: Path) -> None:
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("A-17", "Secret"))
        records.change_patient(Patient("A-17", "Secret", phone="5551234", version=1))
        saved = records.save_photograph(
            "A-17", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY
        )
        records.note(AuditKind.VIEWED, "A-17")
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
        subject = records.audit_subject("A-17")
        events = records.audit_events(0, 100)
    opened.close()
    assert [(event.kind, event.subject) for event in events] == [
        ("store_made", ""),
        ("user_added", "Nora"),
        ("signed_in", ""),
        ("created", subject),
        ("changed", subject),
        ("graded", subject),
        ("viewed", subject),
        ("user_added", "tess"),
    ]
    assert {event.actor for event in events} == {"Nora"}
    assert events[4].details == {"fields": "phone"}
    assert events[5].details["photograph"] == saved.id
    told = repr(events)
    assert "A-17" not in told
    assert "Secret" not in told
    assert "5551234" not in told


def test_event_comes_and_goes_with_the_change(home: Path) -> None:
    opened = unlocked(home)
    with pytest.raises(KeyError), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("1"))
        raise KeyError
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.audit_events(0, 100, frozenset({"created"})) == []
    opened.close()
    assert verified(home).intact


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'eve'",
        "DELETE FROM audit_events",
        "INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events",
        "INSERT INTO audit_events VALUES (99, '', '', '', '', '{}', x'00', x'00')",
    ],
)
def test_database_itself_refuses_to_change_the_chain(home: Path, statement: str) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError

    opened = unlocked(home)
    with (
        pytest.raises(IntegrityError, match="never changed"),
        opened._in_use() as inner,
        inner.engine.begin() as connection,
    ):
        connection.execute(text(statement))
    opened.close()


def test_untouched_chain_is_intact(home: Path) -> None:
    filled(home)
    report = verified(home)
    assert report.intact
    assert report.alarms == ()
    assert report.events == 16
    assert report.head is not None
    assert verified(home, report.head).intact
    assert verified(home, AuditHead.parse(report.head.text)).intact


@pytest.mark.parametrize(
    ("forgery", "expected"),
    [
        ("UPDATE audit_events SET actor = 'eve' WHERE sequence = 7", AuditFault.ALTERED),
        ("UPDATE audit_events SET moment = '2020-01-01' WHERE sequence = 7", AuditFault.ALTERED),
        ("UPDATE audit_events SET details = '{ }' WHERE sequence = 7", AuditFault.ALTERED),
        ("UPDATE audit_events SET subject = kind, kind = subject", AuditFault.ALTERED),
        ("UPDATE audit_events SET mac = randomblob(32) WHERE sequence = 7", AuditFault.ALTERED),
        ("DELETE FROM audit_events WHERE sequence = 7", AuditFault.MISSING),
        ("DELETE FROM audit_events WHERE sequence <= 7", AuditFault.MISSING),
        ("DELETE FROM audit_events WHERE sequence = 7; renumber", AuditFault.ALTERED),
        ("swap 6 7", AuditFault.ALTERED),
        ("duplicate 7", AuditFault.ALTERED),
    ],
)
def test_forged_chain_is_reported(home: Path, forgery: str, expected: AuditFault) -> None:
    filled(home)
    with raw(home) as connection:
        match forgery.split():
            case ["swap", one, other]:
                for old, new in ((one, "-1"), (other, one), ("-1", other)):
                    connection.execute(
                        f"UPDATE audit_events SET sequence = {new} WHERE sequence = {old}"
                    )
            case ["duplicate", one]:
                connection.execute(
                    "INSERT INTO audit_events SELECT (SELECT max(sequence) + 1 FROM audit_events),"
                    f" moment, actor, kind, subject, details, previous, mac FROM audit_events"
                    f" WHERE sequence = {one}"
                )
            case [*_, "renumber"]:
                connection.execute("DELETE FROM audit_events WHERE sequence = 7")
                connection.execute("UPDATE audit_events SET sequence = -sequence")
                connection.execute("UPDATE audit_events SET sequence = -sequence - (sequence < -7)")
            case _:
                connection.execute(forgery)
    report = verified(home)
    assert expected in faults(report)
    if "sequence = 7" in forgery and "renumber" not in forgery:
        assert {problem.sequence for problem in report.problems} <= {7, 8}


def test_links_of_another_history_do_not_fit(home: Path, tmp_path: Path) -> None:
    """Links that are whole in themselves, from a copy that went on by itself."""
    filled(home)
    shutil.copytree(home, tmp_path / "other")
    for place in (home, tmp_path / "other"):
        opened = unlocked(place)
        for number in range(20, 25):
            with opened.transaction(Action.EDIT_PATIENTS) as records:
                records.add_patient(Patient(str(number)))
        opened.close()
    with raw(tmp_path / "other") as other:
        row = other.execute("SELECT * FROM audit_events WHERE sequence = 19").fetchone()
    with raw(home) as connection:
        connection.execute("DELETE FROM audit_events WHERE sequence = 19")
        marks = ",".join("?" * len(row))
        connection.execute(f"INSERT INTO audit_events VALUES ({marks})", row)
    assert AuditFault.MISPLACED in faults(verified(home))


def opened_with_alarm(home: Path) -> tuple[str, ...]:
    opened = unlocked(home)
    told = tuple(event.details["alarm"] for event in opened.alarms)
    opened.close()
    return told


def test_end_cut_off_is_said_loudly_and_stays_in_the_chain(home: Path) -> None:
    filled(home)
    with raw(home) as connection:
        connection.execute("DELETE FROM audit_events WHERE sequence > 9")
        create = "CREATE TRIGGER audit_events_{0} BEFORE {1} ON audit_events BEGIN SELECT 1; END"
        for name, change in (
            ("no_update", "UPDATE"),
            ("no_delete", "DELETE"),
            ("append", "INSERT"),
        ):
            connection.execute(create.format(name, change))
    # Before anybody signs in, the seal names an end that is not there any more.
    opened = store_at(home).open("Nora", PASSWORD)
    assert [event.details["alarm"] for event in opened.alarms] == [Alarm.DATABASE_BEHIND]
    assert opened.alarms[0].details["found"].startswith("9:")
    report = opened.verify_audit()
    assert [event.details["alarm"] for event in report.alarms] == [Alarm.DATABASE_BEHIND]
    opened.close()


@pytest.mark.parametrize("killed", [True, False])
def test_older_file_put_back_is_said_loudly(home: Path, killed: bool) -> None:
    """SQLCipher opens it without a word: every page is whole."""
    store = home / "store"
    older = home.parent / "older.db"
    filled(home)
    shutil.copy(store / "records.db", older)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("lost"))
    if killed:
        shutil.copytree(store, home.parent / "killed" / "store")
    opened.close()
    if killed:
        home, store = home.parent / "killed", home.parent / "killed" / "store"
    shutil.copy(older, store / "records.db")
    for name in ("records.db-wal", "records.db-shm"):
        (store / name).unlink(missing_ok=True)
    assert opened_with_alarm(home) == (Alarm.DATABASE_BEHIND,)
    # It is said again until an administrator has verified the log.
    assert opened_with_alarm(home) == (Alarm.DATABASE_BEHIND,)


def test_older_file_is_found_by_a_head_on_paper_even_with_its_own_seal(home: Path) -> None:
    filled(home)
    shutil.copytree(home / "store", home.parent / "older")
    opened = unlocked(home)
    for number in range(50, 60):
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(Patient(str(number)))
    printed = opened.verify_audit().head
    opened.close()
    shutil.rmtree(home / "store")
    shutil.rmtree(home / "witness")
    shutil.copytree(home.parent / "older", home / "store")
    assert opened_with_alarm(home) == ()
    assert faults(verified(home, printed)) == {AuditFault.BEHIND}
    opened = unlocked(home)
    for number in range(70, 90):
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(Patient(str(number)))
    opened.close()
    assert faults(verified(home, printed)) == {AuditFault.REPLACED}


@pytest.mark.parametrize(
    ("spoil", "alarm"),
    [
        (lambda path: path.unlink(), Alarm.ANCHOR_MISSING),
        (lambda path: path.write_bytes(b"{}"), Alarm.ANCHOR_DAMAGED),
        (lambda path: path.write_bytes(b""), Alarm.ANCHOR_DAMAGED),
        (
            lambda path: path.write_bytes(
                path.read_bytes().replace(b'"sequence": 16', b'"sequence": 3')
            ),
            Alarm.ANCHOR_DAMAGED,
        ),
    ],
)
def test_seal_that_was_touched_is_said(
    home: Path, spoil: Callable[[Path], Any], alarm: Alarm
) -> None:
    filled(home)
    unlocked(home).close()
    spoil(home / "store" / "audit.head")
    assert opened_with_alarm(home) == (alarm,)


def test_flipped_bit_in_the_log_after_a_kill_is_said(home: Path) -> None:
    """Measured: committed rows vanish without an error. The seal knows how many there were."""
    opened = unlocked(home)
    for number in range(30):
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(Patient(str(number)))
    store = home / "store"
    crashed = home.parent / "crashed"
    shutil.copytree(store, crashed / "store")  # as a kill would leave it
    opened.close()
    log = crashed / "store" / "records.db-wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    assert opened_with_alarm(crashed) == (Alarm.DATABASE_BEHIND,)


def test_killed_between_commit_and_seal_is_no_alarm(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = unlocked(home)
    monkeypatch.setattr("drscreen.adapters.store.anchor.Anchor.move", lambda *_, **__: None)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("1"))
    opened.close()
    monkeypatch.undo()
    assert opened_with_alarm(home) == ()


def test_alarm_is_shown_to_everybody_until_an_administrator_verified(home: Path) -> None:
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
    opened.close()
    (home / "store" / "audit.head").unlink()

    def told(user: str, password: str) -> int:
        opened: SqlCipherOpenStore = store_at(home).open(user, password)
        opened.close()
        return len(opened.alarms)

    assert told("tess", "another password") == 1
    assert told("Nora", PASSWORD) == 1
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.note(AuditKind.AUDIT_VERIFIED)
    opened.close()
    assert told("Nora", PASSWORD) == 0
