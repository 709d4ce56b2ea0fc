from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, datetime

import pytest

from drscreen.adapters.system.clock import SystemClock
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import NotPermitted, PatientUnknown
from drscreen.domain.export import PatientExport
from drscreen.domain.image import Laterality, RgbImage
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role
from drscreen.services.patient_data import PatientDataService
from tests.adapters.store.outbox import DRAFT
from tests.adapters.store.samples import MONDAY, referred, ungradable
from tests.fakes.screening import PNG, FakeReader
from tests.fakes.store import FakeOpenStore, FakeStore


class Paper:
    """`PatientReport` that only counts."""

    def small_picture(self, image: RgbImage) -> bytes:
        return image.pixels[:1]

    def render(self, export: PatientExport, pictures: object) -> bytes:
        return f"{export.patient.mrn} {pictures}".encode()


ADA = Patient(
    "A-17",
    "Ørsted",
    "Ада",
    birth_date=date(1961, 2, 28),
    consent=frozenset({Channel.SMS, Channel.EMAIL}),
)


@pytest.fixture
def opened() -> FakeOpenStore:
    store = FakeStore.opened()
    with store.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(ADA)
        records.add_patient(Patient("other"))
        for mrn, eye, data, make in (
            ("A-17", Laterality.OD, b"one", referred),
            ("A-17", Laterality.OS, b"two", ungradable),
            ("other", Laterality.OD, b"three", referred),
        ):
            records.save_photograph(mrn, eye, data, make(data), recorded_at=MONDAY)
    return store


def service(opened: FakeOpenStore) -> PatientDataService:
    return PatientDataService(opened, SystemClock(), Paper(), FakeReader())


def test_export_is_all_of_one_patient_and_nothing_of_another(opened: FakeOpenStore) -> None:
    files = {file.name: file.content for file in service(opened).export(" A-17 ")}
    told = json.loads(files["patient.json"])
    assert told["patient"]["given_name"] == "Ада"
    assert told["patient"]["consent"] == ["email", "sms"]
    assert "Research use" in told["notice"]
    (exam,) = told["exams"]
    assert exam["day"] == "2026-03-02"
    by_eye = {photograph["eye"]: photograph for photograph in exam["photographs"]}
    assert (by_eye["OD"]["grade"], by_eye["OS"]["grade"]) == (2, None)
    assert by_eye["OS"]["quality_reasons"] == ["too_dark", "out_of_focus"]
    for eye, data in (("OD", b"one"), ("OS", b"two")):
        assert files[by_eye[eye]["file"]] == data
        assert hashlib.sha256(data).hexdigest() == by_eye[eye]["sha256"]
    assert b"A-17" in files["patient.pdf"]
    assert len(files) == 4
    assert b"three" not in b"".join(files.values())
    assert not any("A-17" in name for name in files)


def test_the_paper_shows_the_photographs_that_decode(opened: FakeOpenStore) -> None:
    with opened.transaction(Action.SCREEN) as records:
        whole = records.save_photograph(
            "A-17", Laterality.OD, PNG, referred(PNG), recorded_at=MONDAY
        )
    files = {file.name: file.content for file in service(opened).export("A-17")}
    assert f"'{whole.id}': b'\\x80'" in files["patient.pdf"].decode()
    assert files["patient.pdf"].count(b": b''") == 2


def test_export_tells_what_the_patient_was_told(opened: FakeOpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for mrn in ("A-17", "other"):
            records.notices.queue(replace(DRAFT, mrn=mrn, about=mrn, body=f"Words to {mrn}."))
    files = {file.name: file.content for file in service(opened).export("A-17")}
    (notice,) = json.loads(files["patient.json"])["notices"]
    told = {key: notice[key] for key in ("purpose", "channel", "state", "address", "body")}
    assert told == {
        "purpose": "result_ready",
        "channel": "sms",
        "state": "pending",
        "address": DRAFT.address,
        "body": "Words to A-17.",
    }
    assert notice["attempted"] is None
    assert datetime.fromisoformat(notice["created"]).tzinfo is not None


def test_export_and_erasure_are_noted(opened: FakeOpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        pseudonym = records.audit_subject("A-17")
    list(service(opened).export("A-17"))
    assert service(opened).erase("A-17") == 2
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        kinds = [(e.kind, e.subject) for e in records.audit_events(0, 99)][-2:]
        assert kinds == [(AuditKind.EXPORTED, pseudonym), (AuditKind.ERASED, pseudonym)]
        assert records.find_patient("A-17") is None
        assert records.count_photographs() == 1
    with pytest.raises(PatientUnknown):
        service(opened).export("A-17")
    with pytest.raises(PatientUnknown):
        service(opened).erase("A-17")


def test_technician_may_neither() -> None:
    theirs = service(FakeStore.opened(role=Role.TECHNICIAN))
    with pytest.raises(NotPermitted):
        theirs.export("A-17")
    with pytest.raises(NotPermitted):
        theirs.erase("A-17")
