"""Canaries: what must not be found by whoever holds the disk, or reads an error."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.errors import DrscreenError
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import MONDAY, PASSWORD, referred

CANARY = Patient(
    mrn="CANARYNUMBER",
    family_name="Canaryfamily",
    given_name="Canarygiven",
    birth_date=date(1961, 2, 28),
    phone="+49 555 0101 77",
    email="canary@example.org",
)
PHOTOGRAPH = b"\xff\xd8 canary of a photograph " * 4000
WORDS = [
    b"canarynumber",
    b"canaryfamily",
    b"canarygiven",
    b"1961-02-28",
    b"555 0101",
    b"canary@",
    b"canary of a photograph",
    b"canary display",
    b"hilltop",
    b"nora lind",
    b"moderate",
    b"create table",
    PASSWORD.encode(),
]


def fill(opened: SqlCipherOpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(CANARY)
        records.add_user(User("tess", Role.TECHNICIAN, "Canary Display"), "canary password")
        records.save_photograph(
            CANARY.mrn, Laterality.OD, PHOTOGRAPH, referred(PHOTOGRAPH), recorded_at=MONDAY
        )
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.change_patient(replace(CANARY, language="de", version=1))


def found_on_disk(home: Path) -> list[tuple[str, bytes]]:
    return [
        (path.name, word)
        for path in home.rglob("*")
        if path.is_file()
        for content in [path.read_bytes().lower()]
        for word in [*WORDS, b"canary password"]
        if word in content
    ]


def test_disk_tells_nothing(
    home: Path, opened: SqlCipherOpenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    monkeypatch.setenv("SQLITE_TMPDIR", str(elsewhere))
    fill(opened)
    names = {path.name for path in (home / "store").iterdir()}
    assert "records.db-wal" in names
    assert (home / "store" / "records.db-wal").stat().st_size > 0
    assert found_on_disk(tmp_path) == []
    opened.close()
    assert found_on_disk(tmp_path) == []
    assert {path.name for path in (home / "store").iterdir()} == {
        "audit.head",
        "records.db",
        "keys.json",
        "keys.json.bak",
        "attempts.json",
        "attempts.lock",
        "vault",
    }


def test_canaries_are_there_to_be_found(home: Path, opened: SqlCipherOpenStore) -> None:
    """The search above would find them: through the store they read back."""
    fill(opened)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        (row,) = records.search_patients("canaryfamily", 0, 10)
        (exam,) = records.exams(CANARY.mrn)
        assert row.patient.phone == CANARY.phone
        assert records.photograph_bytes(exam.photographs[0].id) == PHOTOGRAPH


def test_errors_tell_nothing(opened: SqlCipherOpenStore) -> None:
    fill(opened)
    with opened._in_use() as inner, inner.engine.begin() as connection:
        connection.execute(
            text("CREATE TRIGGER t BEFORE INSERT ON patients BEGIN SELECT nosuch(); END")
        )
    told: list[str] = []
    for attempt in ("add", "again", "user", "conflict"):
        with (
            pytest.raises(DrscreenError) as caught,
            opened.transaction(Action.EDIT_PATIENTS) as records,
        ):
            if attempt == "add":
                records.add_patient(replace(CANARY, mrn="CANARYNUMBER2"))
            elif attempt == "again":
                records.add_patient(CANARY)
            elif attempt == "user":
                records.add_user(User("tess", Role.TECHNICIAN, "Canary Display"), "canary password")
            else:
                records.change_patient(CANARY)
        error = caught.value
        told.append("".join(traceback.format_exception(error)) + error.message + repr(error))
    for line in told:
        # Source lines in a traceback name the test's own variable; its values are what matters.
        plain = line.replace("CANARY.", "").replace("CANARY,", "").replace("(CANARY)", "").lower()
        lines = [part for part in plain.splitlines() if "records.add_" not in part]
        assert not any(word.decode("latin-1") in part for part in lines for word in WORDS[:6])


def test_keys_are_not_shown(opened: SqlCipherOpenStore) -> None:
    with opened._in_use() as inner:
        shown = repr(inner) + repr(vars(inner.accounts)) + repr(inner.engine)
        secret = inner.accounts.data_key
    for key in (secret.secret, secret.database_key(), secret.vault_key()):
        assert key.hex() not in shown
        assert repr(key) not in shown


def test_closing_forgets_the_keys(opened: SqlCipherOpenStore) -> None:
    with opened._in_use() as inner:
        engine = inner.engine
    opened.close()
    assert opened._unlocked is None
    assert engine.pool.status().count("Connections in pool: 0") == 1
