"""What patients are told, and what stands in the outbox where they cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import InvalidInput, NoticeUnknown, PatientUnknown, ReminderTooSoon
from drscreen.domain.image import Laterality
from drscreen.domain.notice import NoticePolicy, NoticeState, Purpose, Reason
from drscreen.domain.notifier import Receipt, ReceiptState
from drscreen.domain.opt_out import AskedBy, AskedHow, Wish
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from tests.services.notices import AT_ONCE, BOTH, PHONE, ZOE, NoticeClinic, answering


def test_a_result_is_sent_and_then_delivered(clinic: NoticeClinic) -> None:
    clinic.photograph()
    assert clinic.state() is NoticeState.PENDING
    clinic.work()
    assert clinic.state() is NoticeState.SENT
    (message,) = clinic.notifiers.sent
    assert message.to == PHONE
    assert "result" in message.body
    assert "Test clinic" in message.body
    clinic.wait(seconds=15)
    assert clinic.state() is NoticeState.DELIVERED
    clinic.wait(days=1)
    assert len(clinic.notifiers.sent) == 1


def test_nothing_said_names_the_patient_or_the_result(clinic: NoticeClinic) -> None:
    clinic.photograph()
    clinic.work()
    (message,) = clinic.notifiers.sent
    for canary in (ZOE.mrn, ZOE.given_name, ZOE.family_name, "moderate", "diabet", "retin"):
        assert canary.casefold() not in (message.body + message.subject + message.id).casefold()


def test_both_eyes_and_a_retake_are_one_message(clinic: NoticeClinic) -> None:
    clinic.set_policy(replace(AT_ONCE, hold_minutes=10))
    clinic.photograph(Laterality.OD)
    clinic.photograph(Laterality.OS, gradable=False)
    assert clinic.work() == 0
    clinic.photograph(Laterality.OS)
    clinic.wait(minutes=11)
    assert [message.to for message in clinic.notifiers.sent] == [PHONE]
    by_purpose = {notice.purpose: notice.state for notice in clinic.notices}
    assert by_purpose == {
        Purpose.RESULT_READY: NoticeState.SENT,
        Purpose.REPEAT_PHOTOGRAPH: NoticeState.CANCELLED,
    }


def test_an_eye_that_could_not_be_graded_is_to_be_photographed_again(clinic: NoticeClinic) -> None:
    clinic.photograph(Laterality.OD)
    clinic.photograph(Laterality.OS, gradable=False)
    clinic.work()
    (message,) = clinic.notifiers.sent
    assert "taken again" in message.body


def test_a_photograph_after_the_message_says_nothing_twice(clinic: NoticeClinic) -> None:
    clinic.photograph(Laterality.OD)
    clinic.wait(minutes=1)
    clinic.photograph(Laterality.OS)
    clinic.wait(minutes=1)
    clinic.amend(phone="", consent=BOTH)
    clinic.photograph(Laterality.OS)
    clinic.wait(minutes=1)
    assert len(clinic.notifiers.sent) == 1


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"consent": frozenset()}, NoticeState.CANCELLED, Reason.NO_CONSENT),
        ({"phone": ""}, NoticeState.FAILED, Reason.NO_ADDRESS),
        ({"phone": "+551134567890"}, NoticeState.FAILED, Reason.LANDLINE),
        ({"phone": "+12025550123"}, NoticeState.FAILED, Reason.FOREIGN_NUMBER),
        ({"phone": "11 98765"}, NoticeState.FAILED, Reason.ADDRESS_INVALID),
        (
            {"consent": frozenset({Channel.EMAIL}), "email": "a@b"},
            NoticeState.FAILED,
            Reason.ADDRESS_INVALID,
        ),
    ],
)
def test_who_cannot_be_told_stands_in_the_outbox_with_the_reason(
    clinic: NoticeClinic, changes: dict[str, object], state: NoticeState, reason: Reason
) -> None:
    clinic.set_policy(replace(AT_ONCE, region="BR"))
    clinic.amend(**changes)
    clinic.photograph()
    clinic.work()
    assert (clinic.notice.state, clinic.notice.reason) == (state, reason)
    assert clinic.notice.sentence == reason.sentence
    assert not clinic.notifiers.sent


def test_a_corrected_number_is_used_when_it_is_tried_again(clinic: NoticeClinic) -> None:
    clinic.amend(phone="")
    clinic.photograph()
    clinic.amend(phone=PHONE)
    clinic.outbox.retry(clinic.notice.id)
    clinic.work()
    assert [message.to for message in clinic.notifiers.sent] == [PHONE]


def test_consent_withdrawn_in_the_meantime_counts(clinic: NoticeClinic) -> None:
    clinic.photograph()
    clinic.amend(consent=frozenset())
    clinic.work()
    assert (clinic.notice.state, clinic.notice.reason) == (
        NoticeState.CANCELLED,
        Reason.NO_CONSENT,
    )
    assert not clinic.notifiers.sent


def test_a_number_changed_in_the_meantime_counts(clinic: NoticeClinic) -> None:
    clinic.photograph()
    clinic.amend(phone="+5521987654321")
    clinic.work()
    assert [message.to for message in clinic.notifiers.sent] == ["+5521987654321"]
    assert clinic.state() is NoticeState.SENT


def test_stop_withdraws_the_consent_for_good(clinic: NoticeClinic) -> None:
    clinic.amend(consent=BOTH)
    clinic.notifiers.answer = lambda message: (
        Receipt(ReceiptState.ACCEPTED)
        if "@" in message.to
        else Receipt(ReceiptState.REFUSED, reason="21610", opted_out=True)
    )
    clinic.photograph()
    clinic.work()
    by_channel = {notice.channel: notice for notice in clinic.notices}
    stopped = by_channel[Channel.SMS]
    assert (stopped.state, stopped.reason) == (NoticeState.FAILED, Reason.OPTED_OUT)
    assert by_channel[Channel.EMAIL].state is NoticeState.SENT
    with clinic.store.transaction(Action.EDIT_PATIENTS) as records:
        patient = records.find_patient(ZOE.mrn)
    assert patient is not None
    assert patient.consent == {Channel.EMAIL}


def test_another_patient_with_that_number_is_left_alone_too(clinic: NoticeClinic) -> None:
    clinic.notifiers.answer = answering(ReceiptState.REFUSED, opted_out=True)
    clinic.photograph()
    clinic.work()
    clinic.add(Patient("B-2", phone=PHONE, consent=frozenset({Channel.SMS})))
    told = clinic.outbox.remind("B-2", Purpose.COME_BACK)
    assert (told.state, told.reason) == (NoticeState.CANCELLED, Reason.OPTED_OUT)


def stopped(clinic: NoticeClinic) -> None:
    clinic.notifiers.answer = answering(
        ReceiptState.REFUSED, opted_out=True, sentence="Twilio holds that until START."
    )
    clinic.photograph()
    clinic.work()
    clinic.notifiers.answer = answering(ReceiptState.ACCEPTED, reference="r")


def wish(clinic: NoticeClinic, days: int = 0) -> Wish:
    day = clinic.clock.now().date() + timedelta(days=days)
    return Wish(AskedBy.PATIENT, AskedHow.BY_TELEPHONE, day)


def test_who_asked_for_no_more_can_ask_for_messages_again(clinic: NoticeClinic) -> None:
    stopped(clinic)
    assert clinic.notice.sentence == "Twilio holds that until START."
    (found,) = clinic.outbox.opted_out(ZOE.mrn)
    assert (found.channel, found.address, found.others) == (Channel.SMS, PHONE, 0)
    # Ticking the box again is not their wish.
    clinic.amend(consent=frozenset({Channel.SMS}))
    assert clinic.outbox.remind(ZOE.mrn, Purpose.COME_BACK).reason == Reason.OPTED_OUT
    clinic.amend(consent=frozenset())
    clinic.wait(days=1)
    clinic.outbox.write_again(ZOE.mrn, Channel.SMS, wish(clinic))
    assert clinic.outbox.opted_out(ZOE.mrn) == ()
    told = clinic.outbox.remind(ZOE.mrn, Purpose.APPOINTMENT_DUE)
    clinic.work()
    assert clinic.outbox.of_patient(ZOE.mrn)[0].id == told.id
    assert clinic.outbox.of_patient(ZOE.mrn)[0].state is NoticeState.SENT
    with clinic.store.transaction(Action.READ_AUDIT) as records:
        events = records.audit_events(0, 100, frozenset({AuditKind.CHANGED.value}))
        subject = records.audit_subject(ZOE.mrn)
    (lifted,) = (event for event in events if event.details.get("fields") == "opt_out")
    assert lifted.subject == subject
    assert lifted.details == {
        "fields": "opt_out",
        "channel": "sms",
        "by": "patient",
        "how": "by_telephone",
        "day": "2026-03-10",
    }


def test_a_wish_is_from_after_the_stop_and_not_from_tomorrow(clinic: NoticeClinic) -> None:
    with pytest.raises(InvalidInput, match="Nobody"):
        clinic.outbox.write_again(ZOE.mrn, Channel.SMS, wish(clinic))
    stopped(clinic)
    for days, said in ((-1, "after that day"), (1, "future")):
        with pytest.raises(InvalidInput, match=said):
            clinic.outbox.write_again(ZOE.mrn, Channel.SMS, wish(clinic, days))
    with pytest.raises(InvalidInput, match="Nobody"):
        clinic.outbox.write_again(ZOE.mrn, Channel.EMAIL, wish(clinic))
    with pytest.raises(PatientUnknown):
        clinic.outbox.write_again("nobody", Channel.SMS, wish(clinic))
    assert len(clinic.outbox.opted_out(ZOE.mrn)) == 1


def test_one_telephone_of_two_patients_is_lifted_for_both_and_each_agrees_alone(
    clinic: NoticeClinic,
) -> None:
    clinic.add(Patient("B-2", phone=PHONE, consent=frozenset({Channel.SMS})))
    clinic.outbox.remind("B-2", Purpose.COME_BACK)
    clinic.work()
    stopped(clinic)
    (found,) = clinic.outbox.opted_out("B-2")
    assert found.others == 1
    assert clinic.outbox.write_again(ZOE.mrn, Channel.SMS, wish(clinic)).others == 1
    assert clinic.outbox.opted_out("B-2") == ()
    # The STOP withdrew both consents; the wish is that of one.
    told = clinic.outbox.remind("B-2", Purpose.APPOINTMENT_DUE)
    assert told.reason == Reason.NO_CONSENT


def test_a_stop_that_the_service_holds_is_said_again(clinic: NoticeClinic) -> None:
    stopped(clinic)
    clinic.outbox.write_again(ZOE.mrn, Channel.SMS, wish(clinic))
    clinic.notifiers.answer = answering(
        ReceiptState.REFUSED, opted_out=True, sentence="Twilio holds that until START."
    )
    clinic.outbox.remind(ZOE.mrn, Purpose.COME_BACK)
    clinic.work()
    newest = clinic.outbox.of_patient(ZOE.mrn)[0]
    assert (newest.state, newest.reason) == (NoticeState.FAILED, Reason.OPTED_OUT)
    assert "START" in newest.sentence
    assert len(clinic.outbox.opted_out(ZOE.mrn)) == 1


def test_one_reminder_in_an_interval(clinic: NoticeClinic) -> None:
    clinic.outbox.remind(ZOE.mrn, Purpose.APPOINTMENT_DUE, "Tuesday, 10 o'clock.")
    clinic.work()
    assert "Tuesday, 10 o'clock." in clinic.notifiers.sent[0].body
    with pytest.raises(ReminderTooSoon):
        clinic.outbox.remind(ZOE.mrn, Purpose.APPOINTMENT_DUE)
    clinic.outbox.remind(ZOE.mrn, Purpose.COME_BACK)
    clinic.wait(days=31)
    clinic.outbox.remind(ZOE.mrn, Purpose.APPOINTMENT_DUE)


def test_a_cancelled_notice_rests(clinic: NoticeClinic) -> None:
    clinic.photograph()
    clinic.outbox.cancel(clinic.notice.id)
    clinic.photograph(Laterality.OS)
    clinic.wait(hours=1)
    assert (clinic.notice.state, clinic.notice.reason) == (NoticeState.CANCELLED, Reason.BY_PERSON)
    assert not clinic.notifiers.sent
    with pytest.raises(NoticeUnknown):
        clinic.outbox.cancel(clinic.notice.id)


def test_what_was_sent_cannot_be_sent_again_or_cancelled(clinic: NoticeClinic) -> None:
    clinic.photograph()
    clinic.work()
    for act in (clinic.outbox.retry, clinic.outbox.cancel):
        with pytest.raises(NoticeUnknown):
            act(clinic.notice.id)
    with pytest.raises(NoticeUnknown):
        clinic.outbox.retry("nothing")


def test_the_patients_language_is_spoken() -> None:
    clinic = NoticeClinic()
    clinic.add(replace(ZOE, language="pt-BR"))
    clinic.photograph()
    clinic.work()
    assert "está pronto" in clinic.notifiers.sent[0].body


def test_the_default_policy_holds_results_and_sleeps_at_night() -> None:
    policy = NoticePolicy()
    assert policy.hold_minutes == 10
    assert policy.quiet_from != policy.quiet_until
    assert not policy.allow_personal
