"""What an e-mail address and a telephone number are: one rule for the form, the outbox and plugins.

What can never be written to is refused when it is typed; what may be is let through to the end.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from drscreen.domain.text import ascii_digits, tidied

#: RFC 5322 3.2.3, atext. Quoted local parts are refused: hardly anybody has one.
_ATEXT = frozenset("!#$%&'*+-/=?^_`{|}~")
_JOINERS = frozenset("\u200c\u200d")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
#: Letters that IDNA 2003, which Python speaks, maps to others, so to another domain than IDNA 2008.
_AMBIGUOUS = frozenset("ßς") | _JOINERS
#: RFC 5321 4.5.3.1, octets: before the @, and in all (RFC 3696, erratum 1690).
_LOCAL_MOST, _ADDRESS_MOST = 64, 254
#: ITU-T E.164: a number with its country. None with fewer digits than 7 is in use.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE = re.compile(r"\+?[0-9 ()./-]+")
_PHONE_LEAST, _PHONE_MOST = 6, 15
_PHONE_SIGNS = str.maketrans("\uff0b\u2010\u2011\u2012\u2013\u2212\uff08\uff09", "+-----()")


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address, its domain in ASCII. `local` may hold letters of any script."""

    local: str
    domain: str

    @property
    def spelled(self) -> str:
        """As it goes into an envelope."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) can be given it."""
        return not self.local.isascii()


class AddressRefused(ValueError):
    """Why an address cannot be written to; the text is a sentence without the address."""


def parse_address(text: str) -> Address:
    """An e-mail address taken apart and checked. Raises `AddressRefused`."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise AddressRefused("An e-mail address has a name, an @ and a domain.")
    if not all(map(_is_atom, local.split("."))) or len(local.encode()) > _LOCAL_MOST:
        raise AddressRefused("The part before the @ is not one that can be written to.")
    address = Address(local, _ascii_domain(domain))
    if len(address.spelled.encode()) > _ADDRESS_MOST:
        raise AddressRefused(f"An e-mail address has at most {_ADDRESS_MOST} characters.")
    return address


def is_e164(text: str) -> bool:
    """Whether a text is a telephone number with its country, as services take it."""
    return _E164.fullmatch(text) is not None


def tidied_phone(text: str) -> str:
    """A telephone number as typed, tidied, its digits and signs those of ASCII."""
    return ascii_digits(tidied(text)).translate(_PHONE_SIGNS)


def phone_fault(phone: str) -> str:
    """Why no telephone can have a tidied number, in a sentence; empty where one may."""
    digits = sum(character.isdigit() for character in phone)
    if not _PHONE.fullmatch(phone):
        return "A telephone number has digits, blanks, brackets and hyphens only."
    if digits > _PHONE_MOST:
        return f"A telephone number has at most {_PHONE_MOST} digits. Write one number."
    if digits < _PHONE_LEAST + phone.startswith("+"):
        return "The telephone number is too short. Write its area too, or + and its country."
    return ""


def _is_atom(part: str) -> bool:
    """Letters with their marks and joiners, and digits, of any script (RFC 6531), and ATEXT."""
    return bool(part) and all(
        c in _ATEXT or c in _JOINERS or unicodedata.category(c)[0] in "LMN" for c in part
    )


def _ascii_domain(domain: str) -> str:
    wrong = "The part after the @ is not a domain."
    if _AMBIGUOUS & set(domain.lower()):
        raise AddressRefused(
            "The part after the @ has a letter that means different domains to different mail "
            "servers. Ask for the domain's spelling that begins with xn--."
        )
    try:
        encoded = domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise AddressRefused(wrong) from error
    labels = encoded.split(".")
    # The last label of a domain is never a number (RFC 3696, 2).
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise AddressRefused(wrong)
    return encoded
