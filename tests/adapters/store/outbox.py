"""An outbox to test, with two patients to write to."""

from __future__ import annotations

from datetime import datetime, timedelta

from drscreen.domain.audit import AuditEvent, AuditKind
from drscreen.domain.notice import (
    Notice,
    NoticeDraft,
    NoticeState,
    Purpose,
    Settlement,
)
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore
from tests.adapters.store.samples import MONDAY

ADA = Patient("A-17", "Ørsted", "Ada", consent=frozenset(Channel))
BEN = Patient("B-2", consent=frozenset({Channel.SMS}))
SENDERS = {Channel.SMS: "twilio", Channel.EMAIL: "smtp"}
YEAR = timedelta(days=365)
SECOND = timedelta(seconds=1)
DRAFT = NoticeDraft(
    mrn="A-17",
    purpose=Purpose.RESULT_READY,
    channel=Channel.SMS,
    about="exam 1",
    address="+4530123456",
    language="da",
    subject="",
    body="Please call the clinic.",
    due=MONDAY,
    expires=MONDAY + timedelta(days=7),
)
SENT = Settlement(NoticeState.SENT, MONDAY + timedelta(hours=1), reference="SM1")


def with_people(opened: OpenStore) -> OpenStore:
    """The store, with the two patients."""
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(ADA)
        records.add_patient(BEN)
    return opened


def queued(opened: OpenStore, *drafts: NoticeDraft) -> list[Notice]:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return [records.notices.queue(draft) for draft in drafts]


def leased(opened: OpenStore, now: datetime = MONDAY) -> Notice:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        notice = records.notices.lease(now, SENDERS)
    assert notice is not None
    return notice


def settled(opened: OpenStore, notice: Notice, settlement: Settlement) -> Notice | None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return records.notices.settle(notice.id, notice.attempts, settlement)


def found(opened: OpenStore, notice: Notice) -> Notice:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        there = records.notices.find(notice.id)
    assert there is not None
    return there


def noted(opened: OpenStore, kind: AuditKind) -> list[AuditEvent]:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return records.audit_events(0, 1000, frozenset({kind.value}))


def due_again(opened: OpenStore, notice: Notice, *, counted: bool = True) -> None:
    """Settle a notice in hand as waiting once more."""
    again = Settlement(NoticeState.PENDING, MONDAY, counted=counted)
    assert settled(opened, notice, again) is not None
