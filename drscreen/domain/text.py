"""One rule for what people type: names, numbers, addresses, templates.

What a script needs is kept, what only a paste brings is tidied away, and what nobody can mean is
refused with a sentence that names the field.
"""

from __future__ import annotations

import re
import unicodedata

from drscreen.domain.errors import InvalidInput

_JOINERS = "\u200c\u200d"
#: Letters that join or stack: Arabic to Mongolian and the Indic scripts, Arabic's presentation
#: forms, and the scripts of South Asia beyond the first plane.
_JOINING = ((0x0600, 0x1CFF), (0xA800, 0xABFF), (0xFB50, 0xFEFC), (0x10A00, 0x11FFF))
#: Formatting characters that are written and read: signs before Arabic, Syriac and Kaithi numbers,
#: and the Mongolian vowel separator.
_VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u180e\U000110bd\U000110cd"
)
#: Letters and marks that are never seen: Hangul fillers, the grapheme joiner, Khmer's inherent
#: vowels. The first two fillers hold old syllables together, so names keep them.
_FILLERS = "\u3164\uffa0"
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_BLANKS = re.compile(" {2,}")
_BRAILLE_BLANK = "\u2800"
_OVERRIDES = frozenset("\u202d\u202e")
_VIRAMA = 9  # canonical combining class (Unicode Standard, 4.3)


def tidied(text: str) -> str:
    """The text in NFC without what only a paste brings.

    Byte-order marks, zero-width blanks, soft hyphens and directional marks go, any kind of blank
    becomes one blank, and both ends are trimmed. A joiner stays where it shapes what stands around
    it: after a virama, or between two letters that join (RFC 5892, A.1 and A.2). What is refused
    by `checked_line` is left alone.
    """
    seen = (_blank_or_itself(c) for c in unicodedata.normalize("NFC", text).strip())
    joined = _with_useful_joiners("".join(c for c in seen if not _is_litter(c)))
    # Taking something out may have brought a letter and its mark together.
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", joined)).strip()


def identity(text: str) -> str:
    """`tidied`, and without anything else that nobody sees: two that look the same are the same.

    For numbers and names that tell one person from another.
    """
    visible = _UNSEEN.sub("", tidied(text))
    return unicodedata.normalize("NFC", "".join(c for c in visible if c not in _JOINERS)).strip()


def checked_line(text: str, name: str, most: int, field: str = "") -> str:
    """`text` tidied, of at most `most` characters; it may be empty.

    Raises `InvalidInput`: `name` is what the sentence calls the field, `field` its code.
    """
    line = tidied(text)
    if len(line) > most:
        raise InvalidInput(f"The {name} is too long: at most {most} characters.", field)
    wrong = fault_of(line)
    if wrong:
        raise InvalidInput(f"The {name} has {wrong}. Type it again instead of pasting it.", field)
    return line


def fault_of(text: str, allowed: str = "") -> str:
    """What nobody can mean in a text, in words; empty where there is nothing.

    Control characters and line breaks that are not `allowed`, halves of characters, characters of
    private use, and what turns the direction of other letters around.
    """
    for character in text:
        kind = unicodedata.category(character)
        if character in allowed:
            continue
        if kind in ("Zl", "Zp") or character in "\n\r\x0b\x0c\x85":
            return "a line break"
        if kind == "Cc":
            return "a control character"
        if kind == "Cs" or _is_noncharacter(character):
            return "a character that is none"
        if kind == "Co":
            return "a character that other programs cannot show"
        if character in _OVERRIDES:
            return "a mark that turns the direction of letters around"
    return ""


def in_one_line(text: str) -> str:
    """`tidied`, with a blank in the place of whatever `checked_line` refuses."""
    return tidied("".join(" " if fault_of(c) else c for c in tidied(text)))


def tidied_lines(text: str) -> str:
    """A text of several lines: line ends as ``\\n``, tabs as blanks, no byte-order mark.

    Joiners and directional marks stay: a text that mixes scripts may need them.
    """
    lines = re.sub("\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", unicodedata.normalize("NFC", text))
    return lines.replace("\t", " ").replace("\ufeff", "").replace("\u00ad", "")


def ascii_digits(text: str) -> str:
    """The text with the decimal digits of every script as 0 to 9."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _blank_or_itself(character: str) -> str:
    is_blank = unicodedata.category(character) == "Zs" or character == _BRAILLE_BLANK
    return " " if is_blank else character


def _is_litter(character: str) -> bool:
    if character in _FILLERS:
        return True
    is_format = unicodedata.category(character) == "Cf"
    return is_format and character not in _JOINERS and character not in _VISIBLE_FORMATS


def _with_useful_joiners(text: str) -> str:
    kept: list[str] = []
    for at, character in enumerate(text):
        if character in _JOINERS:
            before = kept[-1] if kept else " "
            after = text[at + 1 : at + 2] or " "
            is_shaping = unicodedata.combining(before) == _VIRAMA or (
                _joins(before) and _joins(after)
            )
            if not is_shaping:
                continue
        kept.append(character)
    return "".join(kept)


def _joins(character: str) -> bool:
    is_letter = unicodedata.category(character)[0] in "LM"
    return is_letter and any(first <= ord(character) <= last for first, last in _JOINING)


def _is_noncharacter(character: str) -> bool:
    """Unicode Standard, 23.7."""
    code = ord(character)
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
