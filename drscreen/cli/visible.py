"""Text of others on a terminal: what would act on it, or hide, is written out instead."""

from __future__ import annotations

import unicodedata

#: Control characters, halves of characters (names that are not UTF-8), separators of lines.
_ACTING = {"Cc", "Cs", "Zl", "Zp"}
#: They turn the direction of what follows: "OD" can be made to read as something else.
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str, keep: str = "") -> str:
    r"""`text` with acting characters as ``\x1b`` or ``\u202e``; those in `keep` stay."""
    if text.isprintable():
        return text
    return "".join(c if c in keep or not _acts(c) else _written_out(c) for c in text)


def _acts(character: str) -> bool:
    return unicodedata.category(character) in _ACTING or character in _TURNING


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
