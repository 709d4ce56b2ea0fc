"""What goes wrong between the queue and the patient."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from drscreen.domain.image import Laterality
from drscreen.domain.notice import MOST_ATTEMPTS, NoticeState, Purpose, Reason
from drscreen.domain.notifier import Enquiry, Message, Receipt, ReceiptState
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.plugin_choice import PluginChoice, PluginOffer
from tests.fakes.notifiers import BROKEN
from tests.fakes.screening import FakeClock
from tests.services.notices import AT_ONCE, BOTH, PHONE, ZOE, NoticeClinic, answering


def test_quiet_hours_are_the_patients_own() -> None:
    # Half past nine in the clinic's UTC is half past six in Sao Paulo.
    clinic = NoticeClinic()
    clinic.add()
    clinic.set_policy(replace(AT_ONCE, quiet_from=time(20), quiet_until=time(8)))
    clinic.photograph()
    clinic.wait(minutes=80)
    assert not clinic.notifiers.sent
    clinic.wait(minutes=15)
    assert len(clinic.notifiers.sent) == 1


def test_a_repeat_does_not_fall_into_the_quiet_hours() -> None:
    clinic = NoticeClinic(FakeClock(datetime(2026, 3, 9, 22, 55, tzinfo=UTC)))
    clinic.add()
    clinic.set_policy(replace(AT_ONCE, quiet_from=time(20), quiet_until=time(8)))
    clinic.notifiers.answer = answering(ReceiptState.DEFERRED, retry_after=timedelta(minutes=10))
    clinic.photograph()
    clinic.work()
    clinic.wait(hours=8)
    assert len(clinic.notifiers.sent) == 1
    clinic.wait(hours=5)
    assert len(clinic.notifiers.sent) == 2


def test_without_a_connection_it_waits_and_no_attempt_counts(clinic: NoticeClinic) -> None:
    clinic.notifiers.answer = answering(ReceiptState.DEFERRED, offline=True)
    clinic.photograph()
    for _ in range(50):
        clinic.wait(minutes=10)
    assert (clinic.notice.state, clinic.notice.reason) == (NoticeState.PENDING, Reason.OFFLINE)
    assert clinic.notice.attempts == 0
    (sms, _email) = clinic.delivery.senders()
    assert sms.hindrance is Reason.OFFLINE
    clinic.notifiers.answer = answering(ReceiptState.ACCEPTED, reference="r")
    clinic.delivery.refresh()
    clinic.work()
    assert clinic.state() is NoticeState.SENT


def test_what_waited_too_long_is_not_sent(clinic: NoticeClinic) -> None:
    clinic.photograph()
    clinic.wait(days=8)
    assert (clinic.notice.state, clinic.notice.reason) == (NoticeState.FAILED, Reason.EXPIRED)
    assert not clinic.notifiers.sent


def test_a_busy_service_is_tried_again_and_given_up_in_the_end(clinic: NoticeClinic) -> None:
    clinic.notifiers.answer = answering(ReceiptState.DEFERRED, reason="429")
    clinic.photograph()
    clinic.work()
    assert clinic.notice.reason == "429"
    for _ in range(100):
        clinic.wait(hours=1)
    assert (clinic.notice.state, clinic.notice.reason) == (
        NoticeState.FAILED,
        Reason.TOO_MANY_ATTEMPTS,
    )
    assert len(clinic.notifiers.sent) == MOST_ATTEMPTS


def test_a_send_without_an_answer_is_asked_about_before_it_is_repeated(
    clinic: NoticeClinic,
) -> None:
    clinic.notifiers.answer = answering(ReceiptState.UNKNOWN)
    clinic.notifiers.news = answering(ReceiptState.ACCEPTED, reference="found")
    clinic.photograph()
    clinic.work()
    assert clinic.state() is NoticeState.UNKNOWN
    clinic.wait(minutes=1)
    assert (clinic.notice.state, clinic.notice.reference) == (NoticeState.SENT, "found")
    assert len(clinic.notifiers.sent) == 1


def test_what_the_service_does_not_have_is_sent_again(clinic: NoticeClinic) -> None:
    clinic.notifiers.answer = answering(ReceiptState.UNKNOWN)
    clinic.notifiers.news = answering(ReceiptState.ABSENT)
    clinic.photograph()
    clinic.work()
    clinic.notifiers.answer = answering(ReceiptState.DELIVERED)
    clinic.wait(minutes=1)
    assert clinic.state() is NoticeState.DELIVERED
    first, second = clinic.notifiers.sent
    assert first.id == second.id


def test_a_service_that_cannot_be_asked_leaves_it_to_a_person(clinic: NoticeClinic) -> None:
    clinic.amend(consent=frozenset({Channel.EMAIL}))
    clinic.notifiers.answer = answering(ReceiptState.UNKNOWN)
    clinic.photograph()
    clinic.wait(days=2)
    assert (clinic.notice.state, clinic.notice.reason) == (
        NoticeState.UNKNOWN,
        Reason.CANNOT_ASK,
    )
    assert len(clinic.notifiers.sent) == 1
    assert not clinic.notifiers.asked
    clinic.outbox.retry(clinic.notice.id)
    clinic.work()
    assert len(clinic.notifiers.sent) == 2


def test_a_program_that_was_killed_while_sending_asks_first(clinic: NoticeClinic) -> None:
    class Killed(BaseException):
        pass

    def killed(_message: Message) -> Receipt:
        raise Killed

    clinic.notifiers.answer = killed
    clinic.photograph()
    with pytest.raises(Killed):
        clinic.work()
    assert clinic.state() is NoticeState.SENDING
    clinic.delivery = clinic.new_delivery()
    clinic.wait(minutes=3)
    clinic.wait(minutes=3)
    assert len(clinic.notifiers.sent) == 1
    assert clinic.state() is NoticeState.DELIVERED


def test_a_refused_number_falls_back_to_the_other_channel(clinic: NoticeClinic) -> None:
    clinic.amend(consent=BOTH)
    clinic.notifiers.answer = lambda message: Receipt(
        ReceiptState.ACCEPTED if "@" in message.to else ReceiptState.REFUSED, reason="21211"
    )
    clinic.photograph()
    clinic.work()
    by_channel = {notice.channel: notice for notice in clinic.notices}
    text, mail = by_channel[Channel.SMS], by_channel[Channel.EMAIL]
    assert (text.state, text.reason) == (NoticeState.FAILED, "21211")
    assert mail.state is NoticeState.SENT
    assert mail.subject


def test_wrong_settings_lose_nothing(clinic: NoticeClinic) -> None:
    clinic.configure("pigeon", key="")
    clinic.photograph()
    clinic.wait(hours=1)
    (sms, _email) = clinic.delivery.senders()
    assert (sms.hindrance, sms.sentence) == (Reason.SETTINGS_WRONG, "Secret key is missing.")
    assert clinic.state() is NoticeState.PENDING
    clinic.configure("pigeon")
    clinic.delivery.refresh()
    clinic.work()
    assert clinic.state() is NoticeState.SENT


def test_a_service_that_refuses_the_clinic_counts_no_attempt(clinic: NoticeClinic) -> None:
    clinic.notifiers.answer = answering(
        ReceiptState.DEFERRED, misconfigured=True, reason="20003", sentence="The key is wrong."
    )
    clinic.photograph()
    for _ in range(30):
        clinic.wait(hours=1)
    assert (clinic.notice.state, clinic.notice.attempts) == (NoticeState.PENDING, 0)
    assert clinic.notice.sentence == "The key is wrong."


def test_a_days_limit_gives_no_notice_up_however_long_it_lasts(clinic: NoticeClinic) -> None:
    clinic.notifiers.answer = answering(
        ReceiptState.DEFERRED, busy=True, retry_after=timedelta(minutes=15), sentence="Enough."
    )
    clinic.photograph()
    clinic.work()
    tried = len(clinic.notifiers.sent)
    clinic.wait(minutes=10)
    assert len(clinic.notifiers.sent) == tried
    (sms, _email) = clinic.delivery.senders()
    assert (sms.hindrance, sms.sentence) == (Reason.SERVICE_BUSY, "Enough.")
    for _ in range(30):
        clinic.wait(hours=1)
    assert (clinic.notice.state, clinic.notice.attempts) == (NoticeState.PENDING, 0)
    clinic.notifiers.answer = answering(ReceiptState.ACCEPTED, reference="r")
    clinic.wait(hours=2)
    assert clinic.state() is NoticeState.SENT


def test_one_notice_that_is_taken_for_a_wrong_setting_holds_no_other_up(
    clinic: NoticeClinic,
) -> None:
    other = Patient("B-2", "Silva", "Ana", phone="+5511987650000", consent=frozenset({Channel.SMS}))
    clinic.add(other)

    def doubtful(message: Message) -> Receipt:
        if message.to == PHONE:
            return Receipt(ReceiptState.DEFERRED, sentence="Who knows.", misconfigured=True)
        return Receipt(ReceiptState.ACCEPTED, "r")

    clinic.notifiers.answer = doubtful
    clinic.photograph()
    clinic.work()
    clinic.outbox.remind("B-2", Purpose.COME_BACK)
    clinic.wait(minutes=6)
    clinic.wait(minutes=6)
    assert [notice.state for notice in clinic.outbox.of_patient("B-2")] == [NoticeState.SENT]
    assert [n.state for n in clinic.outbox.of_patient(ZOE.mrn)] == [NoticeState.PENDING]


def test_a_mailbox_that_stays_full_is_left_for_the_other_channel(clinic: NoticeClinic) -> None:
    clinic.amend(consent=BOTH)

    def full(message: Message) -> Receipt:
        if message.to == PHONE:
            return Receipt(ReceiptState.DEFERRED, sentence="It is full.")
        return Receipt(ReceiptState.ACCEPTED, "r")

    clinic.notifiers.answer = full
    clinic.photograph()
    for _ in range(100):
        clinic.wait(hours=1)
    mail, sms = clinic.outbox.of_patient(ZOE.mrn)
    assert (sms.state, sms.reason) == (NoticeState.FAILED, Reason.TOO_MANY_ATTEMPTS)
    assert "It is full." in sms.sentence
    assert (mail.channel, mail.state) == (Channel.EMAIL, NoticeState.SENT)


def test_a_broken_notifier_leaves_the_queue_as_it_is(clinic: NoticeClinic) -> None:
    clinic.notifiers.installed = [BROKEN]
    clinic.photograph()
    clinic.wait(hours=1)
    assert clinic.state() is NoticeState.PENDING
    assert all(sender.hindrance is Reason.NO_NOTIFIER for sender in clinic.delivery.senders())


def test_switched_off_means_off(clinic: NoticeClinic) -> None:
    clinic.photograph()
    clinic.set_policy(replace(AT_ONCE, on=False))
    clinic.wait(hours=1)
    clinic.photograph(Laterality.OS)
    assert len(clinic.notices) == 1
    assert not clinic.notifiers.sent


def test_a_clock_set_back_a_year_does_not_stop_the_post(clinic: NoticeClinic) -> None:
    clinic.set_policy(replace(AT_ONCE, hold_minutes=10))
    clinic.photograph()
    clinic.wait(days=-365)
    assert len(clinic.notifiers.sent) == 1
    assert clinic.outbox.page().clock_was_set_back


def test_a_message_that_is_never_heard_of_again_is_not_asked_about_for_ever(
    clinic: NoticeClinic,
) -> None:
    clinic.notifiers.news = answering(ReceiptState.ACCEPTED)
    clinic.photograph()
    for _ in range(200):
        clinic.wait(hours=1)
    asked = len(clinic.notifiers.asked)
    assert clinic.state() is NoticeState.SENT
    clinic.wait(days=30)
    assert len(clinic.notifiers.asked) == asked


def test_asking_now_does_not_wait(clinic: NoticeClinic) -> None:
    clinic.notifiers.answer = answering(ReceiptState.UNKNOWN)
    clinic.photograph()
    clinic.work()
    assert clinic.outbox.ask_now() == 1
    clinic.work()
    assert clinic.state() is NoticeState.DELIVERED


def test_two_patients_with_one_telephone_are_two_messages(clinic: NoticeClinic) -> None:
    """The service is never asked for one that belongs to the other."""
    clinic.add(Patient("B-2", phone=PHONE, consent=frozenset({Channel.SMS})))
    clinic.notifiers.answer = answering(ReceiptState.UNKNOWN)

    def first_unclaimed(enquiry: Enquiry) -> Receipt:
        left = [r for r in ("one", "two") if r not in enquiry.claimed]
        return Receipt(ReceiptState.ACCEPTED, enquiry.reference or left[0])

    clinic.notifiers.news = first_unclaimed
    for mrn in (ZOE.mrn, "B-2"):
        clinic.outbox.remind(mrn, Purpose.COME_BACK)
    clinic.work()
    clinic.wait(minutes=1)
    assert {notice.reference for notice in clinic.notices} == {"one", "two"}


def test_a_notifier_that_nobody_chose_sends_nothing_and_loses_nothing(
    clinic: NoticeClinic,
) -> None:
    (pigeon, raven) = clinic.notifiers.installed
    offer = PluginOffer(pigeon.package, "1.0", "pigeon", "ab" * 32)
    clinic.notifiers.installed = [replace(pigeon, offer=offer), raven]
    clinic.photograph()
    clinic.wait(hours=1)
    (sms, _email) = clinic.delivery.senders()
    assert sms.hindrance is Reason.NOT_CHOSEN
    assert (clinic.notice.state, clinic.notice.attempts) == (NoticeState.PENDING, 0)
    choice = PluginChoice(offer.package, offer.version, offer.digest, "ada", clinic.clock.now())
    with clinic.store.transaction(Action.MANAGE_CLINIC) as records:
        records.notices.choose_plugin(choice)
    clinic.delivery.refresh()
    clinic.work()
    assert clinic.state() is NoticeState.SENT


def test_a_choice_revoked_in_the_meantime_holds_for_the_next_message(clinic: NoticeClinic) -> None:
    clinic.photograph()
    choice = PluginChoice("drscreen-notify-pigeon", "1.0", "ab" * 32, "ada", clinic.clock.now())
    with clinic.store.transaction(Action.MANAGE_CLINIC) as records:
        records.notices.choose_plugin(choice)
    clinic.work()
    assert clinic.notifiers.trusted == {choice.package: choice}
    with clinic.store.transaction(Action.MANAGE_CLINIC) as records:
        records.notices.revoke_plugin(choice.package)
    clinic.delivery.step()  # reads no settings anew, and the choices all the same
    assert clinic.notifiers.trusted == {}
