"""Which font draws which letters, and how a script is written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

BASE = "NotoSans-Regular.ttf"
_HAN = "DroidSansFallbackFull.ttf"

#: The script, as the first word of a letter's Unicode name, and the file that draws it. What is
#: not here is Latin, Greek, Cyrillic, a sign or a digit, which `BASE` draws, or nothing does.
_FILES = {
    **{
        name.upper(): f"NotoSans{name}-Regular.ttf"
        for name in (
            "Adlam",
            "Arabic",
            "Armenian",
            "Bengali",
            "Cherokee",
            "Devanagari",
            "Ethiopic",
            "Georgian",
            "Gujarati",
            "Gurmukhi",
            "Hebrew",
            "Kannada",
            "Khmer",
            "Lao",
            "Malayalam",
            "Mongolian",
            "Myanmar",
            "NKo",
            "Oriya",
            "Sinhala",
            "Syriac",
            "Tamil",
            "Telugu",
            "Thaana",
            "Thai",
            "Tifinagh",
        )
    },
    "CANADIAN": "NotoSansCanadianAboriginal-Regular.ttf",
    "OL": "NotoSansOlChiki-Regular.ttf",
    "MEETEI": "NotoSansMeeteiMayek-Regular.ttf",
    "TIBETAN": "NotoSerifTibetan-Regular.ttf",
    "HANGUL": "NanumSquareR.ttf",
    **dict.fromkeys(
        ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"), _HAN
    ),
}

#: Scripts whose letters stand in the order of their code points, one glyph a letter: a reader's
#: search finds them as drawn.
_IN_ORDER = frozenset(
    {BASE, _HAN, *(_FILES[name] for name in ("HANGUL", "ARMENIAN", "GEORGIAN", "ETHIOPIC"))}
)


def font_of(letter: str) -> str:
    """The file that draws one code point."""
    return _FILES.get(unicodedata.name(letter, "").partition(" ")[0], BASE)


def main_font(text: str) -> str:
    """The file that draws most letters of a text that are not common to all scripts.

    Joiners and blanks are in every font: drawn by that of their neighbours they keep a word whole.
    """
    counted = Counter(font_of(letter) for letter in text if unicodedata.category(letter)[0] in "LM")
    return counted.most_common(1)[0][0] if counted else BASE


def fonts_of(text: str) -> Iterable[str]:
    """Every file that a text needs."""
    return {font_of(letter) for letter in text}


def is_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction runs to the left (UAX #9, P2 and P3)."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in {"L", "R", "AL"}:
            return direction != "L"
    return False


def is_reordered(text: str) -> bool:
    """Whether a reader that goes by glyphs would not find the text's letters in their order, as
    with vowel signs that stand before their consonant. Texts to the left are not meant: readers
    know how to turn these.
    """
    if any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in text):
        return False
    return not set(fonts_of(text)) <= _IN_ORDER
