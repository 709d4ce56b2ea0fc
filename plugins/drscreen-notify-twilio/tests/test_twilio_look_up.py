"""What became of a message: real HTTP over loopback, by Twilio's own client."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from twilio_samples import (
    NUMBER,
    TEXT,
    assert_tells_nothing,
    enquiry,
    message,
    settings_for,
)

from drscreen.plugin_api import ReceiptState
from drscreen_notify_twilio import drscreen_look_up, drscreen_send
from drscreen_notify_twilio import messages as plugin
from tests.fakes.twilio import StandIn, Trouble


@pytest.fixture
def twilio(caplog: pytest.LogCaptureFixture) -> Iterator[StandIn]:
    caplog.set_level(logging.DEBUG)
    with StandIn() as stand_in:
        yield stand_in


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("accepted", ReceiptState.ACCEPTED),
        ("scheduled", ReceiptState.ACCEPTED),
        ("queued", ReceiptState.ACCEPTED),
        ("sending", ReceiptState.ACCEPTED),
        ("sent", ReceiptState.ACCEPTED),
        ("something new", ReceiptState.ACCEPTED),
        ("delivered", ReceiptState.DELIVERED),
        ("read", ReceiptState.DELIVERED),
        ("failed", ReceiptState.REFUSED),
        ("undelivered", ReceiptState.REFUSED),
        ("canceled", ReceiptState.REFUSED),
    ],
)
def test_every_status_has_a_meaning(twilio: StandIn, status: str, state: ReceiptState) -> None:
    sms = twilio.accept(NUMBER, TEXT)
    twilio.finish(sms.sid, status)
    receipt = drscreen_look_up(enquiry(twilio, sms.sid), settings_for(twilio))
    assert (receipt.state, receipt.reference) == (state, sms.sid)
    assert bool(receipt.sentence) is (state is ReceiptState.REFUSED)


@pytest.mark.parametrize(
    ("code", "opted_out", "word"),
    [
        (30006, False, "landline"),
        (30003, False, "out of reach"),
        (30004, False, "blocks"),
        (21610, True, "STOP"),
        (39999, False, "did not deliver"),
    ],
)
def test_a_message_that_failed_says_why(
    twilio: StandIn, code: int, opted_out: bool, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    sms = twilio.accept(NUMBER, TEXT)
    twilio.finish(sms.sid, "undelivered", code)
    receipt = drscreen_look_up(enquiry(twilio, sms.sid), settings_for(twilio))
    assert (receipt.state, receipt.reason) == (ReceiptState.REFUSED, str(code))
    assert receipt.opted_out is opted_out
    assert word in receipt.sentence
    assert_tells_nothing(receipt, caplog)


def test_a_message_that_was_removed_at_twilio_is_unknown(twilio: StandIn) -> None:
    sms = twilio.accept(NUMBER, TEXT)
    twilio.forget(sms.sid)
    receipt = drscreen_look_up(enquiry(twilio, sms.sid), settings_for(twilio))
    assert (receipt.state, receipt.reason) == (ReceiptState.UNKNOWN, "20404")


@pytest.mark.parametrize("reference", ["", "SM" + "a" * 32])
@pytest.mark.parametrize(
    "trouble",
    [Trouble.TOO_MANY, Trouble.ERROR, Trouble.UNAVAILABLE, Trouble.HANG, Trouble.TORN, 20003],
)
def test_a_look_up_that_fails_never_says_that_the_message_is_not_there(
    twilio: StandIn, trouble: Trouble | int, reference: str, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.accept(NUMBER, TEXT)
    twilio.script_reading(trouble)
    receipt = drscreen_look_up(enquiry(twilio, reference), settings_for(twilio))
    assert receipt.state is ReceiptState.UNKNOWN
    asked = timedelta(seconds=7) if trouble is Trouble.TOO_MANY else None
    assert receipt.retry_after == asked
    assert receipt.misconfigured is (trouble == 20003)
    assert_tells_nothing(receipt, caplog)


def test_without_a_connection_nothing_is_known() -> None:
    with StandIn() as gone:
        settings, question = settings_for(gone), enquiry(gone)
    receipt = drscreen_look_up(question, settings)
    assert (receipt.state, receipt.offline) == (ReceiptState.UNKNOWN, True)


@pytest.mark.parametrize("trouble", [Trouble.DROP, Trouble.ERROR_TAKEN, Trouble.GIBBERISH])
def test_a_message_whose_answer_was_lost_is_found(
    twilio: StandIn, trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    question = enquiry(twilio)
    twilio.script(trouble)
    assert drscreen_send(message(), settings_for(twilio)).state is ReceiptState.UNKNOWN
    receipt = drscreen_look_up(question, settings_for(twilio))
    [sms] = twilio.messages()
    assert (receipt.state, receipt.reference) == (ReceiptState.ACCEPTED, sms.sid)
    assert_tells_nothing(receipt, caplog)


def test_a_message_that_never_arrived_is_absent(twilio: StandIn) -> None:
    question = enquiry(twilio)
    twilio.script(Trouble.ERROR)
    drscreen_send(message(), settings_for(twilio))
    twilio.accept(NUMBER, "Your appointment is tomorrow.")
    twilio.accept("+34600000001", TEXT)
    assert drscreen_look_up(question, settings_for(twilio)).state is ReceiptState.ABSENT


def test_another_notice_with_the_same_words_is_not_taken_for_it(twilio: StandIn) -> None:
    first, second = twilio.accept(NUMBER, TEXT), twilio.accept(NUMBER, TEXT)
    settings = settings_for(twilio)
    found = drscreen_look_up(enquiry(twilio), settings)
    assert found.reference == first.sid
    found = drscreen_look_up(enquiry(twilio, claimed=frozenset({first.sid})), settings)
    assert found.reference == second.sid
    both = frozenset({first.sid, second.sid})
    assert drscreen_look_up(enquiry(twilio, claimed=both), settings).state is ReceiptState.ABSENT


@pytest.mark.parametrize(
    "body",
    [
        f"  {TEXT}\r\n",
        f"Sent from your Twilio trial account - {TEXT}",
        f"{TEXT} Reply STOP to unsubscribe",
    ],
)
def test_what_twilio_adds_to_a_text_hides_it_not(twilio: StandIn, body: str) -> None:
    sms = twilio.accept(NUMBER, body)
    assert drscreen_look_up(enquiry(twilio), settings_for(twilio)).reference == sms.sid


def test_the_very_text_is_preferred_to_one_with_an_addition(twilio: StandIn) -> None:
    twilio.accept(NUMBER, f"{TEXT} Reply STOP to unsubscribe")
    same = twilio.accept(NUMBER, TEXT)
    assert drscreen_look_up(enquiry(twilio), settings_for(twilio)).reference == same.sid


@pytest.mark.parametrize("forgotten", ["", "__REDACTED__"])
def test_where_twilio_forgets_texts_nothing_can_be_said(twilio: StandIn, forgotten: str) -> None:
    twilio.accept(NUMBER, forgotten)
    assert drscreen_look_up(enquiry(twilio), settings_for(twilio)).state is ReceiptState.UNKNOWN


def test_it_is_found_behind_many_others(twilio: StandIn) -> None:
    sms = twilio.accept(NUMBER, TEXT)
    for number in range(2 * plugin.PAGE_SIZE):
        twilio.accept(NUMBER, f"Notice {number}")
    receipt = drscreen_look_up(enquiry(twilio), settings_for(twilio))
    assert receipt.reference == sms.sid
    assert twilio.requests == 3


def test_among_too_many_to_read_it_is_unknown(twilio: StandIn) -> None:
    for number in range(plugin.MOST_PAGES * plugin.PAGE_SIZE + 1):
        twilio.accept(NUMBER, f"Notice {number}")
    receipt = drscreen_look_up(enquiry(twilio), settings_for(twilio))
    assert (receipt.state, receipt.reason) == (ReceiptState.UNKNOWN, "cannot_ask")


@pytest.mark.parametrize(
    ("twilios_minutes", "found"),
    [(-4, True), (-6, False), (120, True)],
    ids=["clocks differ a little", "long before the attempt", "made later"],
)
def test_a_message_counts_from_the_attempt_on(twilios_minutes: int, found: bool) -> None:
    now = datetime.now(UTC)
    made = [now + timedelta(minutes=twilios_minutes), now]
    with StandIn(clock=lambda: made[0]) as twilio:
        twilio.accept(NUMBER, TEXT)
        made.pop(0)
        receipt = drscreen_look_up(replace(enquiry(twilio), attempted=now), settings_for(twilio))
    assert (receipt.state is ReceiptState.ACCEPTED) is found


@pytest.mark.parametrize(
    "ahead",
    [timedelta(hours=3), timedelta(days=366), -timedelta(days=366)],
    ids=["three hours ahead", "a year ahead", "a year behind"],
)
def test_a_clinic_whose_clock_is_wrong_still_finds_its_message(ahead: timedelta) -> None:
    # Twilio's clock is off instead of this machine's, which comes to the same.
    with StandIn(clock=lambda: datetime.now(UTC) - ahead) as twilio:
        sms = twilio.accept(NUMBER, TEXT)
        question = replace(enquiry(twilio), attempted=datetime.now(UTC))
        assert drscreen_look_up(question, settings_for(twilio)).reference == sms.sid


def test_a_clock_that_was_set_back_a_year_since_hides_nothing(twilio: StandIn) -> None:
    sms = twilio.accept(NUMBER, TEXT)
    question = replace(enquiry(twilio), attempted=datetime.now(UTC) + timedelta(days=366))
    assert drscreen_look_up(question, settings_for(twilio)).reference == sms.sid


def test_wrong_settings_leave_it_unknown(twilio: StandIn) -> None:
    receipt = drscreen_look_up(enquiry(twilio), settings_for(twilio, account_sid="AC"))
    assert (receipt.state, receipt.reason) == (ReceiptState.UNKNOWN, "settings_wrong")


def test_an_account_that_is_not_there_is_the_settings_fault(twilio: StandIn) -> None:
    settings = settings_for(twilio, account_sid="AC" + "9" * 32)
    receipt = drscreen_look_up(enquiry(twilio), settings)
    assert (receipt.state, receipt.misconfigured) == (ReceiptState.UNKNOWN, True)
