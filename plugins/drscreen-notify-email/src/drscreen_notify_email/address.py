"""E-mail addresses: which can be written to, and how they go over the wire."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: RFC 5322 3.2.3, atext. Quoted local parts are refused: hardly anybody has one.
_ATEXT = frozenset("!#$%&'*+-/=?^_`{|}~")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
#: Letters that IDNA 2003, which Python speaks, maps to others, so to another domain than IDNA 2008.
_AMBIGUOUS = frozenset("ßς\u200c\u200d")


@dataclass(frozen=True, slots=True)
class Address:
    """An address whose domain is in its ASCII form. `local` may hold letters of any script."""

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


def parse(text: str) -> Address:
    """An address taken apart and checked. Raises `AddressRefused`."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise AddressRefused("An e-mail address has a name, an @ and a domain.")
    if not all(map(_is_atom, local.split("."))) or len(local.encode()) > 64:  # RFC 5321 4.5.3.1
        raise AddressRefused("The part before the @ is not one that can be written to.")
    return Address(local, _ascii_domain(domain))


def _is_atom(part: str) -> bool:
    """Letters with their marks, and digits, of any script (RFC 6531), and ATEXT."""
    return bool(part) and all(c in _ATEXT or unicodedata.category(c)[0] in "LMN" for c in part)


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
    if len(labels) < 2 or len(encoded) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise AddressRefused(wrong)
    return encoded
