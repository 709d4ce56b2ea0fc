from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drscreen.domain.errors import TemplateInvalid
from drscreen.domain.notice import LONGEST_WAIT, NoticePolicy, Purpose, backoff, next_allowed
from drscreen.domain.notice_text import (
    NoticeText,
    Placeholder,
    check_text,
    fill,
    sms_size,
    tidied_text,
)
from drscreen.domain.patient import Channel

NIGHT = NoticePolicy(quiet_from=time(20), quiet_until=time(8))


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_wait_grows_within_its_bounds(attempts: int, chance: float) -> None:
    wait = backoff(attempts, chance)
    assert timedelta(seconds=7) <= wait <= LONGEST_WAIT
    assert backoff(attempts + 1, 0) >= backoff(attempts, 0)


def test_a_wait_is_at_least_what_the_service_asked_for() -> None:
    assert backoff(1, 0, timedelta(minutes=5)) == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        ("2026-03-09T12:00", "2026-03-09T12:00"),
        ("2026-03-09T19:59", "2026-03-09T19:59"),
        ("2026-03-09T20:00", "2026-03-10T08:00"),
        ("2026-03-10T03:00", "2026-03-10T08:00"),
        ("2026-03-10T08:00", "2026-03-10T08:00"),
    ],
)
def test_quiet_hours_go_past_midnight(moment: str, allowed: str) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    local = datetime.fromisoformat(moment).replace(tzinfo=zone)
    found = next_allowed(local.astimezone(UTC), zone, NIGHT)
    assert found.astimezone(zone) == datetime.fromisoformat(allowed).replace(tzinfo=zone)


def test_quiet_hours_are_by_the_clock_when_it_changes() -> None:
    zone = ZoneInfo("Europe/Berlin")
    # Summer time begins at 2 o'clock in this night, so that it is an hour shorter.
    evening = datetime(2026, 3, 28, 22, 0, tzinfo=zone)
    morning = next_allowed(evening.astimezone(UTC), zone, NIGHT)
    assert morning == datetime(2026, 3, 29, 6, 0, tzinfo=UTC)


def test_equal_ends_are_no_quiet_hours() -> None:
    policy = NoticePolicy(quiet_from=time(8), quiet_until=time(8))
    moment = datetime(2026, 3, 9, 23, 0, tzinfo=UTC)
    assert next_allowed(moment, UTC, policy) == moment


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments"),
    [
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        # An extension character is not cut in two: 76 of them fit into 153, not 76 and a half.
        ("€" * 153, "GSM-7", 306, 3),
        ("ú" * 70, "UCS-2", 70, 1),
        ("ú" * 71, "UCS-2", 71, 2),
        ("ú" * 134, "UCS-2", 134, 2),
        ("नमस्ते", "UCS-2", 6, 1),
        ("👁" * 36, "UCS-2", 72, 2),
        ("", "GSM-7", 0, 1),
    ],
)
def test_what_an_sms_costs(text: str, alphabet: str, units: int, segments: int) -> None:
    size = sms_size(text)
    assert (size.alphabet, size.units, size.segments) == (alphabet, units, segments)


def sms(body: str) -> NoticeText:
    return NoticeText(Purpose.RESULT_READY, Channel.SMS, "en", body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("Your {grade} is ready", "{grade} is not known"),
        ("{clinic.name}", "single word"),
        ("{clinic!r}", "single word"),
        ("{clinic:>20}", "single word"),
        ("{0}", "single word"),
        ("{}", "single word"),
        ("{clinic", "no partner"),
        ("x" * 2000, "2000 characters"),
        ("Dear {given_name}", "would tell whoever holds the telephone"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(body: str, said: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        check_text(sms(body), personal=False)
    assert said in refused.value.message


def test_only_what_may_be_used_is_offered() -> None:
    for personal in (False, True):
        with pytest.raises(TemplateInvalid) as refused:
            check_text(sms("{x}"), personal=personal)
        assert ("{mrn}" in refused.value.message) == personal


def test_names_pass_where_an_administrator_allowed_them() -> None:
    check_text(sms("Dear {given_name}"), personal=True)


@pytest.mark.parametrize("body", ["a\x00b", "a\u202eb", "a\x1bb", "a\ud800", "a\u202db"])
def test_a_body_without_what_nobody_can_mean(body: str) -> None:
    with pytest.raises(TemplateInvalid, match="message"):
        check_text(sms(body), personal=False)


def test_a_body_keeps_what_its_script_needs() -> None:
    said = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627 \u2066{clinic_phone}\u2069\nB"
    tidy = tidied_text(replace(sms("\ufeff" + said.replace("\n", "\r\n")), subject=" a\u00a0b "))
    assert (tidy.body, tidy.subject) == (said, "a b")
    check_text(tidy, personal=False)


def test_a_value_keeps_its_joiners() -> None:
    sri = "\u0dc1\u0dca\u200d\u0dbb\u0dd3"
    assert fill("{given_name}!", {Placeholder.GIVEN_NAME: f"{sri}\u202e"}) == f"{sri}!"


def test_an_email_needs_a_subject_of_one_line() -> None:
    for subject in ("", "a\nBcc: b@example.org", "a\x85b", "a\u2028b", "a\u2029b", "a\u202eb"):
        with pytest.raises(TemplateInvalid):
            text = NoticeText(Purpose.RESULT_READY, Channel.EMAIL, "en", "Hello", subject)
            check_text(text, personal=False)


def test_a_value_is_never_read_as_a_template() -> None:
    values = {Placeholder.CLINIC: "{mrn} {{x}}\nBcc: a", Placeholder.MRN: "secret"}
    assert fill("{clinic}: ready", values) == "{mrn} {{x}} Bcc: a: ready"


def test_what_is_not_known_leaves_no_gap() -> None:
    assert fill("Come. {clinic_phone}", {}) == "Come."
    assert fill("a {appointment} b", {}) == "a b"
