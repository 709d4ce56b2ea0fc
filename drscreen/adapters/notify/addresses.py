"""Phone numbers and e-mail addresses, judged without asking anybody (libphonenumber's tables)."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumberType, timezone

from drscreen.domain.address import AddressRefused, parse_address, tidied_phone
from drscreen.domain.notice import NoticePolicy, Reason
from drscreen.domain.notice_ports import CheckedAddress
from drscreen.domain.patient import Channel
from drscreen.domain.text import tidied

#: Kinds of number that never receive an SMS. "Fixed line or mobile" (North America) may.
_LANDLINES = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)


class PhoneAndMail:
    """`drscreen.domain.notice_ports.Addresses`. Any thread."""

    def check(self, channel: Channel, text: str, policy: NoticePolicy) -> CheckedAddress:
        """Normalise what somebody typed; see the port."""
        if not tidied(text):
            return CheckedAddress("", Reason.NO_ADDRESS)
        return _phone(tidied_phone(text), policy) if channel is Channel.SMS else _mail(text)

    def is_country(self, code: str) -> bool:
        """Whether numbers of that country can be judged; see the port."""
        return code in phonenumbers.SUPPORTED_REGIONS

    def zone(self, channel: Channel, address: str) -> tzinfo | None:
        """The time zone of a number, where its country or area has only one."""
        if channel is not Channel.SMS:
            return None
        try:
            names = timezone.time_zones_for_number(phonenumbers.parse(address))
            return ZoneInfo(names[0]) if len(names) == 1 else None
        except (phonenumbers.NumberParseException, ZoneInfoNotFoundError):
            return None


def _phone(text: str, policy: NoticePolicy) -> CheckedAddress:
    if not policy.region and not text.startswith("+"):
        return CheckedAddress("", Reason.COUNTRY_UNKNOWN)
    try:
        number = phonenumbers.parse(text, policy.region or None)
    except phonenumbers.NumberParseException:
        return CheckedAddress("", Reason.ADDRESS_INVALID)
    if not phonenumbers.is_valid_number(number) or number.extension:
        return CheckedAddress("", Reason.ADDRESS_INVALID)
    address = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    region = phonenumbers.region_code_for_number(number)
    if policy.region and region not in {policy.region, *policy.regions}:
        return CheckedAddress(address, Reason.FOREIGN_NUMBER)
    if phonenumbers.number_type(number) in _LANDLINES:
        return CheckedAddress(address, Reason.LANDLINE)
    return CheckedAddress(address)


def _mail(text: str) -> CheckedAddress:
    written = tidied(text)
    try:
        parse_address(written)
    except AddressRefused:
        return CheckedAddress("", Reason.ADDRESS_INVALID)
    local, _, domain = written.rpartition("@")
    return CheckedAddress(f"{local}@{domain.lower()}")
