"""Who may act: accounts and roles."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from drscreen.domain.errors import InvalidInput, PasswordTooWeak
from drscreen.domain.text import checked_line, identity

#: NIST SP 800-63B counts length, not character classes.
PASSWORD_MIN = 10
PASSWORD_MAX = 1024
DISPLAY_NAME_MAX = 200
#: Shorter words of a name are too common to be looked for in a password.
NAME_WORD_MIN = 3
#: So many characters must be left of a password when the names are taken out.
NEW_BESIDE_NAME = 6
_DIGIT_RUNS = {"1234567890", "0987654321", "01234567890", "12345678900", "123456789012"}


class Role(StrEnum):
    """What a person is in the clinic."""

    TECHNICIAN = "technician"
    CLINICIAN = "clinician"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class User:
    """An account. `name` is what is typed at sign-in; unique without regard to case."""

    name: str
    role: Role
    display_name: str = ""


def checked_user_name(name: str) -> str:
    """The user name without what nobody sees in it. Raises `InvalidInput`."""
    seen = identity(name)
    if not 2 <= len(seen) <= 64 or not all(map(_may_be_in_a_user_name, seen)):
        raise InvalidInput("A user name has 2 to 64 letters, digits, dots, dashes or @.", "name")
    return seen


def checked_display_name(name: str) -> str:
    """The name that others see, tidied; may be empty. Raises `InvalidInput`."""
    return checked_line(name, "name that others see", DISPLAY_NAME_MAX, "display_name")


def check_new_password(
    password: str, common: Collection[str] = (), names: Iterable[str] = ()
) -> None:
    """Raise `PasswordTooWeak` where a new password would be among the first to be tried.

    The rules are those of NIST SP 800-63B: a length, the commonest passwords (`common`, folded),
    the context's own words (`names`), and nothing about kinds of characters.
    """
    if len(password) < PASSWORD_MIN:
        raise PasswordTooWeak(f"A password needs at least {PASSWORD_MIN} characters.")
    if len(password) > PASSWORD_MAX:
        raise PasswordTooWeak(f"A password has at most {PASSWORD_MAX} characters.")
    folded = unicodedata.normalize("NFKC", password).casefold()
    if folded in common or _is_run(folded):
        raise PasswordTooWeak("This is one of the passwords that everybody tries first.")
    for name in names:
        rest = folded
        for word in name.casefold().split():
            if len(word) >= NAME_WORD_MIN:
                rest = rest.replace(word, "")
        if rest != folded and len(rest) < NEW_BESIDE_NAME:
            raise PasswordTooWeak("The password is little more than your name or the clinic's.")


def _may_be_in_a_user_name(character: str) -> bool:
    return character in "_.@-" or unicodedata.category(character)[0] in "LMN"


def _is_run(text: str) -> bool:
    """One or two characters over and over, or a walk along the alphabet or the digits."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return len(set(text)) <= 2 or steps in ({1}, {-1}) or text in _DIGIT_RUNS
