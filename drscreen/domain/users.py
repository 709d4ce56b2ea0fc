"""Who may act: accounts and roles."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from drscreen.domain.errors import InvalidInput, PasswordTooWeak
from drscreen.domain.text import checked_line, identity

#: NIST SP 800-63B counts length, not character classes.
PASSWORD_MIN = 12
PASSWORD_MAX = 1024
DISPLAY_NAME_MAX = 200
#: Says why a password is weak, given the words that lie near; empty where it is not.
PasswordJudge = Callable[[str, Collection[str]], str]


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


def check_new_password(password: str, judge: PasswordJudge, words: Collection[str] = ()) -> None:
    """Raise `PasswordTooWeak` where a new password would be among the first to be tried.

    The rules are those of NIST SP 800-63B: a length, what is commonly used or easily guessed
    (`judge`), the context's own words (`words`), and nothing about kinds of characters. Passwords
    that were set under an earlier rule go on opening.
    """
    if len(password) < PASSWORD_MIN:
        raise PasswordTooWeak(f"A password needs at least {PASSWORD_MIN} characters.")
    if len(password) > PASSWORD_MAX:
        raise PasswordTooWeak(f"A password has at most {PASSWORD_MAX} characters.")
    weakness = judge(unicodedata.normalize("NFKC", password), words)
    if weakness:
        raise PasswordTooWeak(weakness)


def _may_be_in_a_user_name(character: str) -> bool:
    return character in "_.@-" or unicodedata.category(character)[0] in "LMN"
