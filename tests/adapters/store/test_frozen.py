"""Stores of every released schema: opened, upgraded, the same content read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from drscreen.adapters.store import migrate
from drscreen.adapters.store.copying import copy_database, pinned
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.store_folder import DATABASE
from drscreen.domain.errors import StoreDamaged, StoreFull, StoreNewer
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import PASSWORD, store_at, unlocked
from tests.fixtures.freeze import EXPECTED, HERE, content

FROZEN = sorted(HERE.glob("schema-*"))
OLDEST = FROZEN[0]


def thawed(frozen: Path, home: Path) -> Path:
    """A copy to work on."""
    shutil.copytree(frozen / "store", home / "store")
    (home / "store" / "vault" / "unfinished").mkdir(exist_ok=True)
    return home


def stamp(opened: SqlCipherOpenStore) -> str:
    with opened._in_use() as inner, inner.engine.begin() as connection:
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def definitions(opened: SqlCipherOpenStore) -> list[tuple[str, str]]:
    """Every table, index and trigger as it was created; planner statistics aside."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE 'sqlite_%'"
    with opened._in_use() as inner, inner.engine.begin() as connection:
        return sorted((row.name, row.sql) for row in connection.execute(text(query)))


def holds(now: Any, expected: Any) -> bool:
    """Whether everything expected is there; a later schema may tell more."""
    if isinstance(expected, dict):
        return all(holds(now[name], value) for name, value in expected.items())
    if isinstance(expected, list):
        return len(now) == len(expected) and all(map(holds, now, expected))
    return bool(now == expected)


def expected(frozen: Path) -> Any:
    return json.loads((frozen / EXPECTED).read_text(encoding="utf-8"))


def copies(home: Path) -> list[str]:
    return [path.name for path in (home / "store").glob("records-before-*")]


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda path: path.name)
def test_frozen_store_opens_upgraded_and_whole(frozen: Path, tmp_path: Path) -> None:
    home = thawed(frozen, tmp_path)
    for user, password in (("Nora", PASSWORD), ("tess", "another password")):
        opened = store_at(home).open(user, password)
        assert stamp(opened) == migrate.HEAD
        assert holds(content(opened), expected(frozen))
        opened.close()


def test_todays_schema_is_frozen() -> None:
    """Whoever adds a revision freezes its schema with it."""
    assert FROZEN[-1].name == f"schema-{migrate.HEAD}"
    assert OLDEST.name == "schema-0001"


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda path: path.name)
def test_upgraded_schema_is_that_of_a_fresh_store(frozen: Path, home: Path, tmp_path: Path) -> None:
    """So a revision cannot be changed after stores were made with it, without being noticed."""
    upgraded, fresh = unlocked(thawed(frozen, tmp_path / "frozen")), unlocked(home)
    assert definitions(upgraded) == definitions(fresh)
    upgraded.close()
    fresh.close()


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the first schema under a program with one revision more, which adds a table."""
    real = migrate.migrate

    real = migrate.migrate

    def add_table(connection: Any) -> None:
        real(connection)
        connection.execute(text("CREATE TABLE added (id INTEGER)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '7777'"))

    monkeypatch.setattr(migrate, "HEAD", "7777")
    monkeypatch.setattr(migrate, "migrate", add_table)
    return thawed(OLDEST, tmp_path / "older")


def test_copy_is_kept_until_the_upgrade_has_proved_itself(older: Path) -> None:
    unlocked(older).close()
    assert copies(older) == ["records-before-upgrade-from-0001.db"]
    unlocked(older).close()
    assert copies(older) == []


def test_copy_is_the_database_that_was(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlocked(older).close()
    (copy,) = (older / "store").glob("records-before-*")
    assert b"Hilltop" not in copy.read_bytes()
    copy.replace(older / "store" / "records.db")
    monkeypatch.undo()
    opened = unlocked(older)
    assert holds(content(opened), expected(OLDEST))
    opened.close()


def test_upgrade_that_fails_leaves_the_old(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(connection: Any) -> None:
        connection.execute(text("CREATE TABLE added (id INTEGER)"))
        connection.execute(text("DELETE FROM gradings WHERE 0"))
        raise KeyError

    monkeypatch.setattr(migrate, "migrate", break_off)
    with pytest.raises(KeyError):
        unlocked(older)
    monkeypatch.undo()
    opened = unlocked(older)
    assert holds(content(opened), expected(OLDEST))
    opened.close()


def test_upgrade_that_loses_a_row_is_taken_back(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(connection: Any) -> None:
        connection.execute(text("DELETE FROM patients WHERE mrn = '0003'"))

    monkeypatch.setattr(migrate, "migrate", lose)
    with pytest.raises(StoreDamaged, match="upgrade"):
        unlocked(older)
    monkeypatch.undo()
    opened = unlocked(older)
    assert holds(content(opened), expected(OLDEST))
    opened.close()


def test_no_room_for_the_copy_no_upgrade(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("drscreen.adapters.store.copying._copy", full)
    before = (older / "store" / "records.db").read_bytes()
    opened = unlocked(older)
    assert opened.is_read_only
    with pytest.raises(StoreFull), opened.transaction(Action.MANAGE_CLINIC) as records:
        records.set_idle_minutes(3)
    opened.close()
    assert copies(older) == []
    assert (older / "store" / "records.db").read_bytes() == before


def test_half_a_copy_that_a_kill_has_left_is_no_hindrance(tmp_path: Path) -> None:
    """Found by `tests.torture`: the next sign-in was told that the records are damaged."""
    home = thawed(OLDEST, tmp_path)
    database = home / "store" / DATABASE
    half = database.with_name("records-before-upgrade-from-0001.db.part")
    half.write_bytes(database.read_bytes()[:12288])
    unlocked(home).close()
    assert copies(home) == ["records-before-upgrade-from-0001.db"]


def test_newer_records_are_refused_with_a_clear_sentence(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked(older).close()
    monkeypatch.undo()
    with pytest.raises(StoreNewer, match=r"^The records were written by a newer drscreen\.$"):
        unlocked(older)


def test_copy_of_a_damaged_database_is_refused(tmp_path: Path) -> None:
    home = thawed(OLDEST, tmp_path)
    database = home / "store" / DATABASE
    whole = bytearray(database.read_bytes())
    data_key = store_at(home)._folder.checked_key_file()[0].unlock("Nora", PASSWORD)
    for position in range(5000, len(whole), 16384):
        whole[position] ^= 1
        database.write_bytes(whole)
        with pytest.raises(StoreDamaged), pinned(database, data_key) as reading:
            copy_database(reading, tmp_path / "copy.db", data_key)
        whole[position] ^= 1
    assert not list(tmp_path.glob("copy*"))
