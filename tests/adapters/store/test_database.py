from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

from drscreen.adapters.store import migrate
from drscreen.adapters.store.key_file import read_key_file
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.tables import Base
from drscreen.domain.errors import StoreError, StoreFull
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import MONDAY, PASSWORD, referred, store_at, ungradable, unlocked


@contextmanager
def connected(opened: SqlCipherOpenStore) -> Iterator[Connection]:
    with opened._in_use() as inner, inner.engine.begin() as connection:
        yield connection


def save(opened: SqlCipherOpenStore, data: bytes = b"x") -> str:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        if records.find_patient("1") is None:
            records.add_patient(Patient("1"))
        return records.save_photograph(
            "1", Laterality.OD, data, referred(data), recorded_at=MONDAY
        ).id


def is_ours(name: str | None, _kind: str, _parents: Any) -> bool:
    """The index of words, its own tables, and the index of the list are no model's."""
    return not str(name).startswith(("patient_words", "ix_patients_list"))


def test_models_and_migrations_agree(opened: SqlCipherOpenStore) -> None:
    with connected(opened) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": is_ours}
        )
        assert compare_metadata(context, Base.metadata) == []
        scripts = ScriptDirectory.from_config(migrate.configuration(connection))
    assert scripts.get_heads() == [migrate.HEAD]


def test_checks_are_those_of_the_models(opened: SqlCipherOpenStore) -> None:
    """Alembic does not compare CHECK constraints."""
    with connected(opened) as connection:
        made = " ".join(
            connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql NOT NULL"))
        )
    for table in Base.metadata.tables.values():
        for constraint in table.constraints:
            assert f"CONSTRAINT {constraint.name} " in made


def test_connection_is_set_up_for_safety(opened: SqlCipherOpenStore) -> None:
    with connected(opened) as connection:
        settings = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        assert connection.scalar(text("PRAGMA cipher_version"))
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE gradings SET grade = 0",
        "UPDATE gradings SET decision = 'no_referral' WHERE id = 1",
        "DELETE FROM gradings",
        "INSERT OR REPLACE INTO gradings SELECT * FROM gradings",
        "REPLACE INTO gradings SELECT * FROM gradings",
        "DELETE FROM photographs",
        "DELETE FROM exams",
        "DELETE FROM patients",
    ],
)
def test_database_itself_refuses_to_change_a_grading(
    opened: SqlCipherOpenStore, statement: str
) -> None:
    photograph = save(opened)
    with pytest.raises(IntegrityError), connected(opened) as connection:
        connection.execute(text(statement))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        found = records.find_photograph(photograph)
    assert found is not None
    assert found.grading == referred(b"x").grading


@pytest.mark.parametrize(
    "change",
    ["eye = 'left'", "exam_id = 999", "vault_name = NULL"],
)
def test_database_refuses_nonsense(opened: SqlCipherOpenStore, change: str) -> None:
    save(opened)
    with pytest.raises(IntegrityError), connected(opened) as connection:
        connection.execute(text(f"UPDATE photographs SET {change}"))


def test_unknown_code_is_damage(opened: SqlCipherOpenStore) -> None:
    photograph = save(opened)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
    for change in (
        "UPDATE patients SET sex = 'x'",
        "UPDATE users SET role = 'king' WHERE account = 'tess'",
    ):
        with connected(opened) as connection:
            connection.execute(text(change))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for read in (
            lambda: records.find_patient("1"),
            records.users,
            lambda: records.search_patients("", 0, 9),
        ):
            with pytest.raises(StoreError, match="does not know"):
                read()
        assert records.find_photograph(photograph) is not None


def limit_pages(opened: SqlCipherOpenStore, more: int) -> None:
    """From now on the database may grow by that many pages, as on a nearly full disk."""
    with opened._in_use() as inner:

        def limited(driver: Any, *_: object) -> None:
            (used,) = driver.execute("PRAGMA page_count").fetchone()
            driver.execute(f"PRAGMA max_page_count = {used + more}")

        event.listen(inner.engine, "checkout", limited)


def test_full_disk_says_so_and_keeps_what_was_there(home: Path, opened: SqlCipherOpenStore) -> None:
    kept = save(opened, b"kept")
    limit_pages(opened, 0)
    with pytest.raises(StoreFull), opened.transaction(Action.EDIT_PATIENTS) as records:
        for n in range(1000):
            records.save_photograph(
                "1",
                Laterality.OD,
                bytes([n % 256]),
                ungradable(bytes([n % 256])),
                recorded_at=MONDAY,
            )
    vault = [path for path in (home / "store" / "vault").rglob("*") if path.is_file()]
    assert len(vault) == 1
    opened.close()
    again = unlocked(home)
    with again.transaction(Action.EDIT_PATIENTS) as records:
        assert [p.id for p in records.exams("1")[0].photographs] == [kept]
        assert records.photograph_bytes(kept) == b"kept"
    again.close()


def test_full_disk_takes_back_the_envelope(home: Path, opened: SqlCipherOpenStore) -> None:
    before = read_key_file(home / "store" / "keys.json")
    limit_pages(opened, 0)
    with pytest.raises(StoreFull), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
        records.add_patient(Patient("1", "x" * 50_000))
    assert read_key_file(home / "store" / "keys.json") == before


def test_records_are_of_no_use_after_their_transaction(opened: SqlCipherOpenStore) -> None:
    from sqlalchemy.exc import InvalidRequestError

    with opened.transaction(Action.EDIT_PATIENTS) as records:
        pass
    with pytest.raises(InvalidRequestError):
        records.find_patient("1")


def test_two_windows_wait_for_each_other(home: Path, opened: SqlCipherOpenStore) -> None:
    other = unlocked(home)
    inside, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with other.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(Patient("1", "First"))
            inside.set()
            may_end.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    assert inside.wait(10)
    threading.Timer(0.2, may_end.set).start()
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        found = records.find_patient("1")
    thread.join(10)
    other.close()
    assert found is not None
    assert found.family_name == "First"


def test_window_that_never_ends_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drscreen.adapters.store.engine.BUSY_TIMEOUT_MS", 50)
    mine, other = unlocked(home), unlocked(home)
    with (
        mine.transaction(Action.EDIT_PATIENTS),
        pytest.raises(StoreError, match="another window"),
        other.transaction(Action.EDIT_PATIENTS),
    ):
        pass
    with other.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("1"))
    mine.close()
    other.close()


def test_lock_in_the_middle_of_a_save_lets_it_end(home: Path) -> None:
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("1"))
        opened.close()
        with pytest.raises(StoreError, match="locked"), opened.transaction(Action.EDIT_PATIENTS):
            pass
        kept = opened._unlocked
        records.save_photograph("1", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY)
    assert kept is not None, "the running one still needed its keys"
    assert opened._unlocked is None
    assert not (home / "store" / "records.db-wal").exists()
    again = store_at(home).open("Nora", PASSWORD)
    with again.transaction(Action.EDIT_PATIENTS) as records:
        assert len(records.exams("1")) == 1
    again.close()


def test_log_is_emptied_after_each_photograph(home: Path, opened: SqlCipherOpenStore) -> None:
    save(opened)
    assert (home / "store" / "records.db-wal").stat().st_size == 0


def test_commit_that_fails_takes_back_the_photograph(
    home: Path, opened: SqlCipherOpenStore
) -> None:
    kept = save(opened, b"kept")
    with (
        pytest.raises(StoreError, match="refused"),
        opened.transaction(Action.EDIT_PATIENTS) as records,
    ):
        records.save_photograph("1", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY)
        records._session.execute(text("PRAGMA defer_foreign_keys = ON"))
        records._session.execute(
            text("INSERT INTO exams (uuid, patient_id, day) VALUES ('u', 999, '2026-01-01')")
        )
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert [p.id for p in records.exams("1")[0].photographs] == [kept]
    vault = [path for path in (home / "store" / "vault").rglob("*") if path.is_file()]
    assert len(vault) == 1
