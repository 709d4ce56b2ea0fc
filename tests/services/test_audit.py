from __future__ import annotations

import pytest

from drscreen.domain.audit import AuditHead, AuditKind
from drscreen.domain.errors import InvalidInput
from drscreen.domain.patient import Patient
from drscreen.services.audit import AuditService
from drscreen.services.records import VIEW_SECONDS, RecordsService
from tests.fakes.screening import FakeClock
from tests.fakes.store import FakeOpenStore, FakeStore


@pytest.fixture
def store() -> FakeOpenStore:
    return FakeStore.opened()


def kinds(store: FakeOpenStore) -> list[str]:
    return [event.kind for event in AuditService(store).latest()][::-1]


def test_opening_a_file_is_noted_once_a_while(store: FakeOpenStore) -> None:
    clock = FakeClock()
    records = RecordsService(store, clock)
    records.register(Patient("1"))
    records.open_file("1")
    records.open_file("1")
    assert kinds(store) == ["created", "viewed"]
    RecordsService(store, clock).open_file("1")
    assert kinds(store) == ["created", "viewed", "viewed"]
    assert VIEW_SECONDS == 300


def test_verification_is_an_event_itself(store: FakeOpenStore) -> None:
    report = AuditService(store).verify()
    assert report.intact
    assert kinds(store)[-1] == AuditKind.AUDIT_VERIFIED


def test_export_of_one_patient_holds_nobody_else(store: FakeOpenStore) -> None:
    records = RecordsService(store, FakeClock())
    for mrn in ("1", "2"):
        records.register(Patient(mrn))
    whole = list(AuditService(store).export())
    assert [event.kind for event in whole] == ["created", "created", "audit_exported"]
    of_one = list(AuditService(store).export("2"))
    assert {event.subject for event in of_one} == {whole[1].subject}
    assert "created" in {event.kind for event in of_one}


@pytest.mark.parametrize("text", ["", "12", "x:" + "a" * 20, "12:abc", "12:" + "g" * 20])
def test_head_that_nobody_printed_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        AuditHead.parse(text)


def test_head_as_printed_reads_back() -> None:
    head = AuditHead(1234, "5f" * 32)
    assert AuditHead.parse(f" {head.text.upper()} ") == AuditHead(1234, "5f" * 10)
