"""The recovery code: written down once, typed in an emergency by whoever finds the paper.

Twenty-five characters of Crockford's base 32 in five groups: 110 random bits, then 15 bits that
tell a typing error from a wrong code. Letters that look like digits are read as them.
"""

from __future__ import annotations

import hashlib
import secrets

from drscreen.domain.errors import InvalidInput

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM, _CHECK, _GROUP = 22, 3, 5
_READ_AS = str.maketrans("OILU", "011V")


def new_recovery_code() -> str:
    """A fresh code in readable groups."""
    code = "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM))
    return _grouped(code + _check(code))


def checked_recovery_code(typed: str) -> str:
    """The code as it was shown, however it was typed. Raises `InvalidInput` if mistyped."""
    letters = "".join(c for c in typed.upper() if c.isalnum()).translate(_READ_AS)
    code, check = letters[:_RANDOM], letters[_RANDOM:]
    if len(letters) != _RANDOM + _CHECK or set(letters) - set(_DIGITS) or check != _check(code):
        raise InvalidInput("The recovery code is mistyped: it has five groups of five characters.")
    return _grouped(letters)


def _check(code: str) -> str:
    number = int.from_bytes(hashlib.sha256(code.encode("ascii", "replace")).digest()[:2], "big")
    return "".join(_DIGITS[number >> shift & 31] for shift in (10, 5, 0))


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))
