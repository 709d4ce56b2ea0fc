"""What an e-mail address and a telephone number are, for the form, the outbox and the plugins."""

from __future__ import annotations

from datetime import date

import pytest

from drscreen.adapters.notify.addresses import PhoneAndMail
from drscreen.domain.address import (
    AddressRefused,
    is_e164,
    parse_address,
    phone_fault,
    tidied_phone,
)
from drscreen.domain.errors import InvalidInput
from drscreen.domain.notice import NoticePolicy
from drscreen.domain.patient import Channel, Patient, checked_patient

TODAY = date(2026, 6, 1)
CAN_BE_WRITTEN_TO = [
    "a@example.org",
    "O'Neil+eye@example.co.uk",
    "रवि@उदाहरण.भारत",
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3@example.lk",
    "用户@例え.jp",
    "a@müller.de",
    "a@xn--mller-kva.de",
    "x" * 64 + "@example.org",
]
CANNOT = [
    "a",
    "@example.org",
    "a@",
    "a@b",
    "a b@example.org",
    "a..b@example.org",
    ".a@example.org",
    "a@-example.org",
    "a@example..org",
    "a@example.org.",
    "a@192.0.2.1",
    "a@[192.0.2.1]",
    '"a b"@example.org',
    "a@example.org,b@example.org",
    "a@example.org b@example.org",
    "Asha <a@example.org>",
    "a@\u0639\u0644\u06cc\u200c\u0631.example",
    "a@straße.de",
    "x" * 65 + "@example.org",
    "ह" * 22 + "@example.org",
    "a@" + "x" * 60 + ".example.org" * 17,
]


@pytest.mark.parametrize("text", CAN_BE_WRITTEN_TO)
def test_what_a_notifier_can_write_to_everybody_lets_through(text: str) -> None:
    assert parse_address(text).domain.isascii()
    assert PhoneAndMail().check(Channel.EMAIL, text, NoticePolicy()).reason is None
    assert checked_patient(Patient("1", email=f"\ufeff{text} "), TODAY).email == text


@pytest.mark.parametrize("text", CANNOT)
def test_what_can_never_be_written_to_is_refused_when_typed(text: str) -> None:
    with pytest.raises(AddressRefused):
        parse_address(text)
    assert PhoneAndMail().check(Channel.EMAIL, text, NoticePolicy()).reason is not None
    with pytest.raises(InvalidInput) as refused:
        checked_patient(Patient("1", email=text), TODAY)
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+49 170 1234567", "+49 170 1234567"),
        ("\u200e+٤٩ ١٧٠ ١٢٣٤٥٦٧\u202c", "+49 170 1234567"),
        ("0170\u2011123\u00a04567", "0170-123 4567"),
        ("（11）98765－4321".replace("－", "-"), "(11)98765-4321"),
        ("+290 22123", "+290 22123"),
    ],
)
def test_numbers_are_kept_as_typed_in_digits_that_everybody_dials(typed: str, kept: str) -> None:
    assert checked_patient(Patient("1", phone=typed), TODAY).phone == kept


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("555 12", "too short"),
        ("+4912", "too short"),
        ("call me", "digits"),
        ("0170 1234567 ext. 5", "digits"),
        ("+49+170 1234567", "digits"),
        ("0170 1234567 / 0171 1234567", "one number"),
    ],
)
def test_what_no_telephone_can_have_is_refused_with_a_sentence(typed: str, said: str) -> None:
    assert said in phone_fault(tidied_phone(typed))
    with pytest.raises(InvalidInput, match=said) as refused:
        checked_patient(Patient("1", phone=typed), TODAY)
    assert refused.value.field == "phone"


def test_an_older_address_hinders_no_other_change() -> None:
    before = Patient("1", phone="555 12", email="a@b")
    after = Patient("1", "Bose", phone="555 12", email="a@b")
    assert checked_patient(after, TODAY, before).family_name == "Bose"
    with pytest.raises(InvalidInput):
        checked_patient(after, TODAY, Patient("1", email="a@b"))


def test_numbers_with_their_country() -> None:
    assert is_e164("+34600000000")
    for text in (
        "34600000000",
        "+034600000",
        "+34 600",
        "+123456",
        "+1234567890123456",
        "+٣٤٦٠٠٠٠٠٠",
    ):
        assert not is_e164(text)
