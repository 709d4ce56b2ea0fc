from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from drscreen.adapters.notify.addresses import PhoneAndMail
from drscreen.domain.notice import NoticePolicy, Reason
from drscreen.domain.patient import Channel

BRAZIL = NoticePolicy(region="BR", regions=frozenset({"PT"}))


@pytest.mark.parametrize(
    ("typed", "address", "reason"),
    [
        ("11 98765-4321", "+5511987654321", None),
        ("+55 (11) 98765.4321", "+5511987654321", None),
        ("+351 912 345 678", "+351912345678", None),
        ("11 3456-7890", "+551134567890", Reason.LANDLINE),
        ("+1 212 555 0123", "+12125550123", Reason.FOREIGN_NUMBER),
        ("1234", "", Reason.ADDRESS_INVALID),
        ("+55 11 98765-4321 ext. 5", "", Reason.ADDRESS_INVALID),
        ("call my son", "", Reason.ADDRESS_INVALID),
        ("", "", Reason.NO_ADDRESS),
    ],
)
def test_phone_numbers(typed: str, address: str, reason: Reason | None) -> None:
    checked = PhoneAndMail().check(Channel.SMS, typed, BRAZIL)
    assert (checked.address, checked.reason) == (address, reason)


def test_without_a_country_only_whole_numbers_are_understood() -> None:
    addresses = PhoneAndMail()
    short = addresses.check(Channel.SMS, "11 98765-4321", NoticePolicy())
    assert short.reason is Reason.COUNTRY_UNKNOWN
    whole = addresses.check(Channel.SMS, "+12025550123", NoticePolicy())
    assert (whole.address, whole.reason) == ("+12025550123", None)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("Zoe@Example.ORG ", "Zoe@example.org"),
        ("a@b", ""),
        ("a b@example.org", ""),
        ("a@example.org\nBcc: b@example.org", ""),
        ("a@example.org,b@example.org", ""),
        ("a..b@example.org", ""),
        ("@example.org", ""),
        ("a@-example.org", ""),
        ("a" * 65 + "@example.org", ""),
    ],
)
def test_email_addresses(typed: str, address: str) -> None:
    checked = PhoneAndMail().check(Channel.EMAIL, typed, NoticePolicy())
    assert checked.address == address
    assert (checked.reason is None) == bool(address)


def test_a_zone_is_told_where_a_number_has_only_one() -> None:
    addresses = PhoneAndMail()
    assert addresses.zone(Channel.SMS, "+5511987654321") == ZoneInfo("America/Sao_Paulo")
    assert addresses.zone(Channel.SMS, "+61412345678") is None
    assert addresses.zone(Channel.EMAIL, "a@example.org") is None
