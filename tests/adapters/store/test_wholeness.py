"""`check` means whole: each part of a store that is not is named, and nothing ends in a fault."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from drscreen.adapters.store.engine import keyed_connection
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.errors import DrscreenError
from drscreen.domain.integrity import Part, PhotographFault
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import unlocked


def raw(home: Path, opened: SqlCipherOpenStore) -> closing[Any]:
    """The database, as whoever has its key may change it."""
    with opened._in_use() as inner:
        key = inner.accounts.data_key
    return closing(
        keyed_connection(home / "store" / "records.db", key.database_key(), key.database_id)
    )


def parts(opened: SqlCipherOpenStore) -> set[Part]:
    return {finding.part for finding in opened.check_photographs().findings}


def test_a_whole_store_has_no_findings(filled: SqlCipherOpenStore) -> None:
    assert filled.check_photographs().findings == ()


def test_damaged_pages_are_named_wherever_they_lie(home: Path, filled: SqlCipherOpenStore) -> None:
    filled.close()
    database = home / "store" / "records.db"
    whole = database.read_bytes()
    pages = len(whole) // 4096
    chance = random.Random(3)
    said = 0
    for page in range(1, pages):
        content = bytearray(whole)
        content[page * 4096 + chance.randrange(4096)] ^= 1 << chance.randrange(8)
        trial = home.parent / "trial"
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(home, trial)
        (trial / "store" / "records.db").write_bytes(content)
        try:
            opened = unlocked(trial)
        except DrscreenError:
            said += 1
            continue
        said += Part.RECORDS in parts(opened)
        opened.close()
    # A sign-in may write over a page before anybody checks.
    assert said >= 0.9 * (pages - 1)


def test_records_that_belong_to_nothing_are_named(home: Path, filled: SqlCipherOpenStore) -> None:
    with raw(home, filled) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE exams SET patient_id = 99999 WHERE id = 1")
    assert parts(filled) == {Part.RECORDS}


def test_a_broken_audit_log_is_named(home: Path, filled: SqlCipherOpenStore) -> None:
    with raw(home, filled) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit_events SET actor = 'somebody' WHERE sequence = 2")
    assert Part.AUDIT in parts(filled)


@pytest.mark.parametrize("what", ["folder", "link", "missing"])
def test_what_lies_in_a_photographs_place_is_named_by_its_exam(
    home: Path, filled: SqlCipherOpenStore, what: str
) -> None:
    path = next(path for path in (home / "store" / "vault").glob("??/*") if not path.suffix)
    content = path.read_bytes()
    path.unlink()
    if what == "folder":
        path.mkdir()
        (path / "inside").write_bytes(b"mine")
    elif what == "link":
        (home / "elsewhere").write_bytes(content)
        path.symlink_to(home / "elsewhere")
    (problem,) = filled.check_photographs().problems
    assert problem.fault == (
        PhotographFault.MISSING if what == "missing" else PhotographFault.DAMAGED
    )
    assert problem.mrn in {"A-17", "B-2"}


def test_a_copy_without_its_photographs_opens_and_names_them(
    home: Path, filled: SqlCipherOpenStore
) -> None:
    with filled.transaction(Action.EDIT_PATIENTS) as records:
        before = records.count_patients("")
    filled.close()
    shutil.rmtree(home / "store" / "vault")
    opened = unlocked(home)
    assert len(opened.check_photographs().problems) == 4
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.count_patients("") == before > 0
    opened.close()
