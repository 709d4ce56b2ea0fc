"""Who vouches for a network: what a signature over its manifest says, in words and codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from drscreen.domain.errors import DrscreenError


class Signer(StrEnum):
    """Whose key has signed. The values are stable codes, kept with every result."""

    FOUNDERS = "founders"
    CLINIC = "clinic"
    DEVELOPMENT = "development"
    NOBODY = "nobody"
    #: Of results from before networks were signed.
    UNRECORDED = ""


#: Whose word is enough.
TRUSTED = frozenset({Signer.FOUNDERS, Signer.CLINIC, Signer.DEVELOPMENT})


@dataclass(frozen=True, slots=True)
class Signature:
    """Of one manifest. `key` is the beginning of the public key's sha256; empty without one.

    A key that this program does not know is nobody's.
    """

    signer: Signer
    key: str = ""

    @property
    def words(self) -> str:
        """As lists and self-tests say it."""
        if self.signer is Signer.NOBODY:
            return f"signed by an unknown key {self.key}" if self.key else "unsigned"
        return f"{_WORDS[self.signer]}, key {self.key}"


_WORDS = {
    Signer.FOUNDERS: "signed by the founders",
    Signer.CLINIC: "signed by the clinic",
    Signer.DEVELOPMENT: "development signature",
}

UNSIGNED = Signature(Signer.NOBODY)

#: Takes a manifest's bytes and those of its signature file (None where there is none), and says
#: who signed. Raises `ValueError` where the signature is not of these bytes.
SignatureCheck = Callable[[bytes, bytes | None], Signature]


def nobody_signs(_manifest: bytes, _signature: bytes | None) -> Signature:
    """The check of who knows no keys: everything is unsigned."""
    return UNSIGNED


def remark(signer: Signer, allowed_by: str = "") -> str:
    """What has to be said beside a network's name; empty where nothing has to."""
    if signer is Signer.DEVELOPMENT:
        return "development signature"
    if signer is Signer.NOBODY:
        return "unsigned network" + (f", allowed by {allowed_by}" if allowed_by else "")
    return ""


def is_older(version: str, than: str) -> bool:
    """Whether a version like 2026.11.4 comes before another; never for those of other kinds."""
    one, other = (text.split(".") for text in (version, than))
    if not all(part.isascii() and part.isdecimal() for part in (*one, *other)):
        return False
    return [int(part[:9]) for part in one] < [int(part[:9]) for part in other]


@dataclass(frozen=True, slots=True)
class NetworkConsent:
    """An administrator's word that a network may be used although nobody signed it.

    `sha256` is its manifest's: a network that was changed needs another.
    """

    sha256: str
    name: str
    version: str
    allowed_by: str
    allowed: datetime


@dataclass(frozen=True, slots=True)
class NetworkState:
    """A network of this program as it was found: whole where `fault` is None.

    `name` is its folder's; version, hash and signature are empty where it could not be read.
    """

    name: str
    version: str
    sha256: str
    signature: Signature
    fault: DrscreenError | None = None

    @property
    def is_good(self) -> bool:
        """Whole, and signed by a key that this program trusts."""
        return self.fault is None and self.signature.signer in TRUSTED
