"""Text as compared in a search: case, accents and spelling that keyboards differ in aside.

The letters are read off Unicode's own names ("LATIN SMALL LETTER L WITH STROKE" is an l), so that
none is forgotten; the tables hold only what the names do not tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

#: Latin letters that are no letter of A to Z with something to it, as they are transliterated: by
#: a word of their names in Unicode. Those that stand for a sound beside the alphabet are left out.
_LATIN = {
    **{"ETH": "d", "THORN": "th", "ENG": "ng", "KRA": "k", "SCHWA": "e", "YOGH": "y", "WYNN": "w"},
    **{
        "EZH": "z",
        "LEZH": "lz",
        "DEZH": "dz",
        "ESH": "s",
        "TESH": "ts",
        "FENG": "fng",
        "HENG": "h",
    },
    **{"ALPHA": "a", "BETA": "b", "GAMMA": "g", "DELTA": "d", "IOTA": "i", "LAMBDA": "l"},
    **{
        "UPSILON": "u",
        "PHI": "ph",
        "CHI": "ch",
        "OMEGA": "o",
        "HORN": "o",
        "OI": "gh",
        "GHA": "gh",
    },
    **{"HWAIR": "hv", "TRESILLO": "k", "CUATRILLO": "k", "YAT": "ie", "RUM": "rum", "VEND": "v"},
    **dict.fromkeys(("GLOTTAL", "EGYPTOLOGICAL", "SALTILLO", "AIN", "CLICK", "TONE", "DOT"), ""),
    **dict.fromkeys(("SPIRANT", "FRICATIVE", "PERCUSSIVE"), ""),
}
#: Letters that one script's keyboards give differently, each beside what it is sought as.
_SAME = {
    # Arabic, Persian, Urdu, Kurdish: yeh, kaf, heh, teh marbuta, waw, alef wasla; tatweel.
    **dict.fromkeys("ىیېێےۓ", "ي"),
    **dict.fromkeys("کڪګ", "ك"),
    **dict.fromkeys("ہەھةۃ", "ه"),
    "ٱ": "ا",
    "ـ": "",
    # Hebrew and Yiddish: final letters, ligatures.
    **dict(zip("ךםןףץ", "כמנפצ", strict=True)),
    **dict(zip("װױײ", ("וו", "וי", "יי"), strict=True)),
    # Devanagari, Bengali, Gujarati, Gurmukhi, Odia, Telugu: candrabindu as anusvara.
    **dict(zip("ँঁઁਁଁఁ", "ंংંਂଂం", strict=True)),
    # Bengali and Assamese; letters that Malayalam writes without their vowel.
    **dict(zip("ৎৰ", "তর", strict=True)),
    **dict(zip("ൺൻർൽൾൿ", "ണനരലളക", strict=True)),
}
#: Between the parts of a name or number; a name is found with and without them.
_APART = (
    "-./\u00b7\u058a\u05be\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fb"
    "\ufe63\uff0d\uff0e\uff0f\uff65"
)
#: Apostrophes, and what stands for one.
_TOGETHER = (
    "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u055a\u05f3\u05f4"
    "\u2018\u2019\u201b\u2032\uff07"
)
#: Letters that are also spelled out in Latin names, beside how. Stored with both, sought as typed.
_SPELLED = str.maketrans(
    {"đ": "dj", "ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "ŋ": "n", "ə": "a", "þ": "t"}
)
#: Marks with a combining class that are vowels: Thai, Lao, Tibetan (Unicode's classes 103 to 132).
_VOWEL_CLASSES = frozenset((103, 118, 129, 130, 132))
_KATAKANA = 0x60  # from a letter of hiragana to katakana's
#: Digits of birth dates are written as control characters, which no name or number holds: what
#: somebody types finds no date in its middle. (A byte each: short words are sought by reading all.)
_DAY_BEGINS = "\x18"
_DAY_DIGITS = str.maketrans("0123456789", "\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17")
_YEAR_AND_MORE = re.compile(r"(18|19|20)[0-9]{2}([0-9]{2}){0,2}")


class _Letters(dict[int, str | None]):
    """What each code point is sought as, worked out when it first occurs."""

    def __missing__(self, code: int) -> str | None:
        self[code] = found = _sought_as(chr(code))
        return found


_LETTERS = _Letters()
_BLANKED: dict[int, str | None] = dict.fromkeys(map(ord, ",;\u060c\u3001"), " ")
_TOGETHER_GONE: dict[int, str | None] = dict.fromkeys(map(ord, _TOGETHER)) | _BLANKED
_APART_GONE = dict.fromkeys(map(ord, _APART)) | _TOGETHER_GONE
_APART_BLANK = dict.fromkeys(map(ord, _APART), " ") | _TOGETHER_GONE


def folded(text: str) -> str:
    """What somebody typed, as it is sought: words with blanks between them.

    Hyphens, dots and apostrophes are gone, so that `Al-Hasan` and `AlHasan` are one word. What
    cannot be stored becomes `?`.
    """
    return _letters(_storable(text).translate(_APART_GONE))


def search_text(number: str, names: Iterable[str], born: date | int | None = None) -> str:
    """What is stored to be searched: the words of number and names, each of these also written
    together, and the day or year of birth, which `day_or_year` finds.
    """
    words: dict[str, None] = {}
    for field in (number, *names):
        stored = unicodedata.normalize("NFC", _storable(field)).lower()
        for spelled in (stored, stored.translate(_SPELLED)):
            parts = _letters(spelled.translate(_APART_BLANK)).split()
            words.update(dict.fromkeys(parts))
            words["".join(parts)] = None
    if born is not None:
        words[_day_word(f"{born:%Y%m%d}" if isinstance(born, date) else str(born))] = None
    return " ".join(filter(None, words))


def day_or_year(word: str) -> str | None:
    """How a folded word that may be a year, or a day that begins with one, stands in
    `search_text`; None where it is neither.
    """
    return _day_word(word) if _YEAR_AND_MORE.fullmatch(word) else None


def _day_word(digits: str) -> str:
    return _DAY_BEGINS + digits.translate(_DAY_DIGITS)


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _letters(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return decomposed.translate(_LETTERS)


def _sought_as(letter: str) -> str | None:
    if letter.isascii():
        return letter
    kind, name = unicodedata.category(letter), unicodedata.name(letter, "")
    if _is_left_out(letter, kind):
        return None
    sought = _SAME.get(letter, letter)
    if kind == "Nd":
        sought = str(unicodedata.decimal(letter))
    elif "\u3041" <= letter <= "\u3096":
        sought = chr(ord(letter) + _KATAKANA)
    elif name.startswith("LATIN "):
        sought = _latin(letter, name)
    elif name.startswith("CYRILLIC ") and " WITH " in name:
        sought = _without_addition(letter, name)
    return sought


def _is_left_out(letter: str, kind: str) -> bool:
    is_sign = letter in _TOGETHER or letter in _APART or "\u02b0" <= letter <= "\u02ff"
    return is_sign or kind in ("Me", "Cf") or (kind == "Mn" and not _is_vowel(letter))


def _is_vowel(mark: str) -> bool:
    """Whether a mark is a letter of its script: vowel signs, anusvara; no accent, nukta or tone."""
    combining = unicodedata.combining(mark)
    if combining in _VOWEL_CLASSES:
        return True
    name = unicodedata.name(mark, "")
    return combining == 0 and "VARIATION SELECTOR" not in name and "JOINER" not in name


def _latin(letter: str, name: str) -> str:
    """Letters of A to Z, by the name; itself where the name says nothing of the kind."""
    words = re.split(" WITH(?:OUT)? ", name)[0].split()[1:]
    words = [word for word in words if word not in ("SMALL", "CAPITAL", "LETTER", "LIGATURE")]
    for word in words:
        if len(word) <= 2:
            return _LATIN.get(word, word.lower())
    for word in words:
        if word in _LATIN:
            return _LATIN[word]
    return words[0].lower() if len(words) == 1 and len(words[0]) == 3 else letter


def _without_addition(letter: str, name: str) -> str:
    try:
        return unicodedata.lookup(name.split(" WITH ", maxsplit=1)[0])
    except KeyError:
        return letter
