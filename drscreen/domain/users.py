"""Who may act: accounts and roles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from drscreen.domain.errors import InvalidInput, PasswordTooWeak

#: NIST SP 800-63B counts length, not character classes; the fuller rules come with the accounts.
PASSWORD_MIN = 10
PASSWORD_MAX = 1024
_USER_NAME = re.compile(r"[\w.@-]{2,64}")


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
    """The trimmed user name. Raises `InvalidInput`."""
    trimmed = name.strip()
    if not _USER_NAME.fullmatch(trimmed):
        raise InvalidInput("A user name has 2 to 64 letters, digits, dots, dashes or @.")
    return trimmed


def check_new_password(password: str) -> None:
    """Raise `PasswordTooWeak` where a new password is too short or absurdly long."""
    if len(password) < PASSWORD_MIN:
        raise PasswordTooWeak(f"A password needs at least {PASSWORD_MIN} characters.")
    if len(password) > PASSWORD_MAX:
        raise PasswordTooWeak(f"A password has at most {PASSWORD_MAX} characters.")
