"""What stands in the place of the records, and what the program says about it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from drscreen.adapters.store import files, key_file
from drscreen.adapters.store.engine import open_engine
from drscreen.adapters.store.keys import DataKey, KeyCost
from drscreen.adapters.store.store import SqlCipherStore
from drscreen.domain.errors import (
    SignInFailed,
    StoreDamaged,
    StoreError,
    StoreExists,
    StoreForeign,
    StoreMissing,
    StoreNewer,
    StoreUnwritable,
)
from drscreen.domain.image import Laterality
from drscreen.domain.notice import NoticePolicy, NoticeState
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.sign_in import Patience
from drscreen.domain.users import Role
from tests.adapters.store.outbox import DRAFT, SENDERS, SENT
from tests.adapters.store.samples import (
    MONDAY,
    PASSWORD,
    made_store,
    referred,
    store_at,
    unlocked,
)


def database(home: Path) -> Path:
    return home / "store" / "records.db"


def test_plain_database_of_another_program(home: Path) -> None:
    database(home).unlink()
    with sqlite3.connect(database(home)) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    before = database(home).read_bytes()
    with pytest.raises(StoreForeign):
        store_at(home).open("Nora", PASSWORD)
    (home / "store" / "keys.json").unlink()
    with pytest.raises(StoreForeign):
        store_at(home).open("Nora", PASSWORD)
    assert database(home).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"short", os.urandom(8192)], ids=["empty", "short", "8K"])
def test_any_other_file(home: Path, content: bytes) -> None:
    database(home).write_bytes(content)
    with pytest.raises(StoreForeign):
        store_at(home).open("Nora", PASSWORD)
    assert database(home).read_bytes() == content


def test_another_clinics_encrypted_database(home: Path, tmp_path: Path) -> None:
    made_store(tmp_path / "other")
    shutil.copy(database(tmp_path / "other"), database(home))
    with pytest.raises(StoreForeign):
        store_at(home).open("Nora", PASSWORD)


def test_database_under_another_key_that_claims_to_be_ours(home: Path) -> None:
    database_id = database(home).read_bytes()[:16]
    database(home).unlink()
    database(home).touch()
    engine = open_engine(database(home), os.urandom(32), database_id)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE patients (id INTEGER)"))
    engine.dispose()
    with pytest.raises(StoreDamaged):
        store_at(home).open("Nora", PASSWORD)


def test_lost_halves(home: Path) -> None:
    keys = home / "store" / "keys.json"
    keys.rename(home / "aside")
    keys.with_name("keys.json.bak").unlink()
    assert store_at(home).exists()
    with pytest.raises(StoreDamaged, match="key file"):
        store_at(home).open("Nora", PASSWORD)
    (home / "aside").rename(keys)
    database(home).unlink()
    with pytest.raises(StoreDamaged, match="database"):
        store_at(home).open("Nora", PASSWORD)


def test_damaged_pages(home: Path) -> None:
    """A flipped bit on any page is heard of by whoever reads the page, and nobody reads wrong."""
    whole = database(home).read_bytes()
    heard = 0
    for position in range(20, len(whole), 4096):
        changed = bytearray(whole)
        changed[position] ^= 1
        database(home).write_bytes(changed)
        try:
            opened = store_at(home).open("Nora", PASSWORD)
            try:
                with opened.transaction(Action.EDIT_PATIENTS) as records:
                    assert [user.name for user in records.users()] == ["Nora"]
                    assert records.search_patients("", 0, 10) == []
                    records.add_patient(Patient("1"))
                    records.save_photograph(
                        "1", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY
                    )
                    records.exams("1")
                    outbox = records.notices
                    notice = outbox.queue(replace(DRAFT, mrn="1"))
                    assert outbox.page((NoticeState.PENDING,), 0, 10) == [notice]
                    assert outbox.lease(MONDAY, SENDERS) is not None
                    assert outbox.settle(notice.id, 1, SENT) is not None
                    outbox.opt_out(notice.channel, notice.address)
                    assert (outbox.texts(), outbox.policy()) == ([], NoticePolicy())
            finally:
                opened.close()
        except StoreDamaged:
            heard += 1
    assert heard > 0.8 * len(whole) / 4096


def test_truncated_database(home: Path) -> None:
    whole = database(home).read_bytes()
    database(home).write_bytes(whole[:4096])
    with pytest.raises(StoreDamaged):
        store_at(home).open("Nora", PASSWORD)


def test_records_of_a_newer_program(home: Path) -> None:
    opened = unlocked(home)
    with opened._in_use() as inner, inner.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    opened.close()
    before = database(home).read_bytes()
    with pytest.raises(StoreNewer):
        store_at(home).open("Nora", PASSWORD)
    assert database(home).read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM alembic_version",
        "DELETE FROM clinic",
        "UPDATE clinic SET database_id = '00000000000000000000000000000000'",
        "DROP TABLE users",
    ],
)
def test_records_without_what_every_store_has(home: Path, change: str) -> None:
    opened = unlocked(home)
    with opened._in_use() as inner, inner.engine.begin() as connection:
        connection.execute(text(change))
    opened.close()
    with pytest.raises(StoreDamaged):
        store_at(home).open("Nora", PASSWORD)


def test_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    with pytest.raises(StoreUnwritable):
        store_at(tmp_path / "home").create("C", "Nora", "", Role.ADMINISTRATOR, PASSWORD)
    with pytest.raises(StoreMissing):
        store_at(tmp_path / "home").open("Nora", PASSWORD)
    assert (tmp_path / "home").read_text() == "mine"


def test_another_file_in_the_place_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("mine")
    with pytest.raises(StoreUnwritable):
        store_at(tmp_path).create("C", "Nora", "", Role.ADMINISTRATOR, PASSWORD)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnwritable):
        store_at(tmp_path / "home").create("C", "Nora", "", Role.ADMINISTRATOR, PASSWORD)


@pytest.mark.parametrize("last_step", ["write_key_file", "sync_folder", "migrate"])
def test_failure_while_making_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if last_step != "sync_folder":
        monkeypatch.setattr(f"drscreen.adapters.store.making.{last_step}", fail)
    else:
        monkeypatch.setattr(files, "sync_folder", fail)
    with pytest.raises(StoreError) as refused:
        made_store(tmp_path / "deep" / "home")
    assert refused.value.code == "store_full"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    made_store(tmp_path / "deep" / "home").open("Nora", PASSWORD).close()


def test_two_windows_make_the_store_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other window is faster, just before ours takes its name."""
    real = key_file.write_key_file

    def other_is_faster(path: Path, keys: key_file.KeyFile, data_key: DataKey) -> None:
        monkeypatch.setattr("drscreen.adapters.store.making.write_key_file", real)
        store_at(tmp_path).create("First", "Ada", "", Role.ADMINISTRATOR, PASSWORD)
        real(path, keys, data_key)

    monkeypatch.setattr("drscreen.adapters.store.making.write_key_file", other_is_faster)
    with pytest.raises(StoreExists):
        made_store(tmp_path)
    opened = store_at(tmp_path).open("Ada", PASSWORD)
    assert opened.clinic == "First"
    opened.close()
    assert {path.name for path in tmp_path.iterdir()} == {"store", "witness"}


def test_unknown_user_takes_as_long_as_a_wrong_password(tmp_path: Path) -> None:
    """Both derive a key: a name must not be told by the clock."""
    cost = KeyCost(memory=16 * 1024, passes=3, lanes=1)
    store = SqlCipherStore(tmp_path, cost=cost, patience=Patience(free=100))
    store.create("C", "Nora", "", Role.ADMINISTRATOR, PASSWORD)

    def seconds(user: str) -> float:
        fastest = 99.0
        for _ in range(4):
            started = time.perf_counter()
            with pytest.raises(SignInFailed):
                store.open(user, "wrong password")
            fastest = min(fastest, time.perf_counter() - started)
        return fastest

    known, unknown = seconds("Nora"), seconds("nobody")
    assert 0.33 < unknown / known < 3.0
