"""After an erasure nothing is left: rows, free pages, log, vault, keys, copies."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.adapters.store.vault import Vault
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import PatientUnknown, PhotographLost
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.backups import own
from tests.adapters.store.pages import decrypted, decrypted_log
from tests.adapters.store.samples import MONDAY, referred, unlocked
from tests.adapters.store.test_frozen import OLDEST, thawed
from tests.adapters.store.test_secrecy import CANARY, PHOTOGRAPH, WORDS

#: Number, names, birth date, phone, e-mail.
NAMES = WORDS[:6]


def fill(opened: SqlCipherOpenStore) -> list[str]:
    """The canary among many others, so that her rows lie in the middle of pages."""
    ids = []
    for n in range(60):
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            patient = CANARY if n == 30 else Patient(f"P{n}", f"Family {n}", "Given")
            records.add_patient(patient)
            for days in (0, 1):
                data = PHOTOGRAPH if n == 30 else b"other %d" % n
                saved = records.save_photograph(
                    patient.mrn,
                    Laterality.OD,
                    data,
                    referred(data),
                    recorded_at=MONDAY + timedelta(days=days),
                )
                if n == 30:
                    ids.append(saved.id)
                    records.keep_thumbnail(saved.id, PHOTOGRAPH[:500])
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.change_patient(replace(CANARY, language="de", version=1))
    return ids


def everything(home: Path, opened: SqlCipherOpenStore) -> bytes:
    """All that lies in the store's folder, the database and its log decrypted."""
    with opened._in_use() as inner:
        key = inner.accounts.data_key
    folder = home / "store"
    plain = decrypted(folder / "records.db", key) + decrypted_log(folder / "records.db-wal", key)
    rest = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"".join([plain, *rest]).lower()


def test_nothing_is_left_anywhere(home: Path, opened: SqlCipherOpenStore) -> None:
    ids = fill(opened)
    with opened._in_use() as inner, inner.engine.begin() as connection:
        seals = connection.execute(
            text("SELECT uuid, sealed_key FROM photographs WHERE uuid IN (:a, :b)"),
            {"a": ids[0], "b": ids[1]},
        ).all()
    before = everything(home, opened)
    assert all(word in before for word in NAMES)
    assert all(row.sealed_key.lower() in before for row in seals)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        pseudonym = records.audit_subject(CANARY.mrn)
        assert records.erase_patient(CANARY.mrn) == 2
    after = everything(home, opened)
    assert [word for word in NAMES if word in after] == []
    for row in seals:
        assert row.sealed_key.lower() not in after
        assert row.uuid.encode() in after, "the audit log still tells of a photograph"
    assert len([path for path in (home / "store" / "vault").rglob("??*") if path.is_file()]) == 118
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient(CANARY.mrn) is None
        assert records.count_patients("canary") == 0
        assert records.count_patients("") == 59
        (event,) = [e for e in records.audit_events(0, 9999) if e.kind == AuditKind.ERASED]
    assert (event.subject, event.details) == (pseudonym, {"photographs": "2"})
    assert opened.verify_audit().faults == 0
    assert opened.check_photographs().problems == ()


def test_copy_of_the_file_is_of_no_use_without_the_key_that_was_forgotten(
    home: Path, opened: SqlCipherOpenStore, tmp_path: Path
) -> None:
    (photograph, _other) = fill(opened)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        stored = records._stored(photograph)
    shutil.copytree(home / "store" / "vault", tmp_path / "stolen")
    with opened._in_use() as inner:
        thief = Vault(tmp_path / "stolen", inner.vault._key)
    assert thief.read(stored) == PHOTOGRAPH
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.erase_patient(CANARY.mrn)
    with pytest.raises(PhotographLost):
        thief.read(replace(stored, sealed_key=None))


def test_erasure_that_is_taken_back_leaves_everything(
    home: Path, opened: SqlCipherOpenStore
) -> None:
    (photograph, _other) = fill(opened)
    with pytest.raises(KeyError), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.erase_patient(CANARY.mrn)
        raise KeyError
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.photograph_bytes(photograph) == PHOTOGRAPH
        with pytest.raises(PatientUnknown):
            records.erase_patient("nobody")


def test_gradings_of_others_are_as_protected_as_before(opened: SqlCipherOpenStore) -> None:
    fill(opened)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.erase_patient(CANARY.mrn)
    with opened._in_use() as inner:
        with pytest.raises(IntegrityError), inner.engine.begin() as connection:
            connection.execute(text("DELETE FROM gradings"))
        with inner.engine.begin() as connection:
            assert connection.scalar(text("SELECT count(*) FROM gradings")) == 118


def test_the_number_can_be_given_again(opened: SqlCipherOpenStore) -> None:
    fill(opened)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        first = records.audit_subject(CANARY.mrn)
        records.erase_patient(CANARY.mrn)
        records.add_patient(Patient(CANARY.mrn))
        assert records.audit_subject(CANARY.mrn) != first
        assert records.exams(CANARY.mrn) == []


def test_copy_from_before_an_upgrade_goes_too(tmp_path: Path) -> None:
    home = thawed(OLDEST, tmp_path)
    opened = unlocked(home)
    assert list((home / "store").glob("records-before-*"))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.erase_patient("A-17")
    assert not list((home / "store").glob("records-before-*"))
    opened.close()


def test_backups_age_out(home: Path, opened: SqlCipherOpenStore, tmp_path: Path) -> None:
    """What docs/backups.md says: a new backup with --keep 1 lets go of whoever was erased."""
    fill(opened)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    opened.back_up(shelf, 5)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.erase_patient(CANARY.mrn)
    assert opened.back_up(shelf, 5).problems == ()
    assert len(Shelf(shelf).backups()) == 2
    files = {path.name for path in (own(shelf) / "photographs").rglob("??*") if path.is_file()}
    assert len(files) == 120
    opened.back_up(shelf, 1)
    files = {path.name for path in (own(shelf) / "photographs").rglob("??*") if path.is_file()}
    assert len(files) == 118
    assert len(Shelf(shelf).backups()) == 1
