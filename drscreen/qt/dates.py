"""Calendar days as people of the locale write them, read back without a guess.

Every reading is one that the person can see: years have four digits, day and month stand in the
locale's order, and a day that could be two days is refused. Years are those of the Gregorian
calendar; none is converted.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from itertools import groupby

from PySide6.QtCore import QDate, QLocale

from drscreen.domain.patient import EARLIEST_BIRTH
from drscreen.domain.text import ascii_digits, tidied
from drscreen.qt.wording import about_text, day_format, day_text, tr

#: The day that shows how one is written.
EXAMPLE = date(1960, 12, 31)
_SEPARATORS = frozenset("/.-\u2010\u2011\u2012\u2013,\u060c \u3001")
_ORDINALS = frozenset(("st", "nd", "rd", "th", "of"))
_ABOUT = re.compile(r"^[~\u2248]\s*|\s*\?$|^(c|ca|circa)\b\.?\s*")


class DateUnclear(ValueError):
    """Why a text is not read as a day: a sentence that says what to write."""


def date_from(text: str) -> date | None:
    """A day as the locale or as ISO 8601 writes it; None where nothing is written.

    Raises `DateUnclear` for anything that could be meant otherwise, and for years before 1880 or
    after this one.
    """
    written = ascii_digits(tidied(text)).casefold()
    if not written:
        return None
    numbers, words = _pieces(written)
    month = 0
    if words:
        month = _months(QLocale().name()).get(" ".join(words), 0)
        if not month:
            raise _not_a_date()
    # A word before the second number may say which of the two is the month.
    is_worded = re.match(r"[0-9]*[^0-9]*[^\W0-9_]", written) is not None
    return _day(numbers, month, "" if is_worded else _order(QLocale()))


def birth_from(text: str) -> tuple[date | None, int | None]:
    """The day, or the year alone, which is an estimate; as `wording.born_text` writes them.

    Raises `DateUnclear`.
    """
    written = ascii_digits(tidied(text)).casefold()
    prefix, suffix = about_text(EXAMPLE.year).casefold().split(str(EXAMPLE.year))
    year = _ABOUT.sub("", written.removeprefix(prefix).removesuffix(suffix)).strip()
    if re.fullmatch("[0-9]{4}", year):
        return None, _year(year)
    return date_from(text), None


def iso_where_read(text: str) -> str:
    """The text with what reads as a whole day written as ISO 8601, for a search."""
    try:
        day = date_from(text)
    except DateUnclear:
        return text
    return text if day is None else day.isoformat()


def _pieces(written: str) -> tuple[list[str], list[str]]:
    """Numbers and words, without what the locale itself writes between them."""
    numbers: list[str] = []
    words: list[str] = []
    for kind, run in groupby(written, _kind):
        piece = "".join(run)
        if kind == "number":
            numbers.append(piece)
        elif kind == "word":
            words.append(piece)
        elif not set(piece) <= _SEPARATORS:
            raise _not_a_date()
    if not written[0].isalnum():
        raise _not_a_date()
    if " ".join(words) not in _months(QLocale().name()):
        words = [word for word in words if word not in _between(QLocale().name())]
    return numbers, words


def _kind(character: str) -> str:
    if "0" <= character <= "9":
        return "number"
    is_word = unicodedata.category(character)[0] in "LM" or character in "'\u2019\u02bc\u200c\u200d"
    return "word" if is_word else "between"


def _day(numbers: list[str], month: int, order: str) -> date:
    lengths = [len(number) for number in numbers]
    if len(numbers) != (2 if month else 3) or max(lengths) > 4:
        if month or lengths != [4]:
            raise _not_a_date()
        raise DateUnclear(_asking(tr("Day and month are missing.")))
    if max(lengths) <= 2:
        raise DateUnclear(_asking(tr("The year needs four digits.")))
    if sorted(lengths)[-2] > 2 or (not month and lengths[1] > 2) or 4 not in lengths:
        raise _not_a_date()
    year = _year(numbers.pop(lengths.index(4)))
    if month:
        return _exists(year, month, int(numbers[0]))
    first, second = map(int, numbers)
    if lengths[0] == 4:
        return _exists(year, first, second)
    if order == "dM":
        return _exists(year, second, first)
    if order == "Md":
        return _exists(year, first, second)
    if first <= 12 and second <= 12 and first != second:
        raise DateUnclear(_asking(tr("This could be two days.")))
    return _exists(year, min(first, second), max(first, second))


def _order(locale: QLocale) -> str:
    """Day and month as the locale writes them before a year; empty where it begins with the year,
    or is a machine's without a language.
    """
    form = day_format(locale)
    order = "".join(part for part in dict.fromkeys(form) if part in "dMy")
    return order[:2] if order.endswith("y") and locale.language() != QLocale.Language.C else ""


def _year(digits: str) -> int:
    year, this_year = int(digits), QDate.currentDate().year()
    if year > this_year:
        raise DateUnclear(
            tr(
                "The year {0} lies in the future. Write it as in {1}, not by another calendar."
            ).format(year, EXAMPLE.year)
        )
    if year < EARLIEST_BIRTH.year:
        raise DateUnclear(
            tr("The year {0} is too long ago. Write it as in {1}, not by another calendar.").format(
                year, EXAMPLE.year
            )
        )
    return year


def _exists(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise DateUnclear(_asking(tr("There is no such day."))) from error


def _not_a_date() -> DateUnclear:
    return DateUnclear(_asking(tr("This is not a date.")))


def _asking(why: str) -> str:
    local, iso = day_text(EXAMPLE), EXAMPLE.isoformat()
    if local == iso:
        return f"{why} " + tr("Write it as in {0}.").format(iso)
    return f"{why} " + tr("Write it as in {0} or {1}.").format(local, iso)


@lru_cache(maxsize=4)
def _months(name: str) -> dict[str, int]:
    """Names of months, long and short, of the locale and in English."""
    names: dict[str, int] = {}
    for locale in (QLocale("en"), QLocale(name)):
        own: dict[str, set[int]] = {}
        for month in range(1, 13):
            for known in _names_of(locale, month):
                # Where a month is "12th month", its digits are read as they are.
                if not _has_digits(known):
                    own.setdefault(_words(known), set()).add(month)
        names |= {words: min(meant) for words, meant in own.items() if len(meant) == 1}
        for words in (words for words, meant in own.items() if len(meant) > 1):
            names.pop(words, None)
    names.pop("", None)
    return names


def _has_digits(name: str) -> bool:
    return any(character.isdecimal() for character in name)


def _names_of(locale: QLocale, month: int) -> list[str]:
    forms = (QLocale.FormatType.LongFormat, QLocale.FormatType.ShortFormat)
    inside = [locale.monthName(month, form) for form in forms]
    return inside + [locale.standaloneMonthName(month, form) for form in forms]


@lru_cache(maxsize=4)
def _between(name: str) -> frozenset[str]:
    """What the locale writes between the parts of a day, such as "de"."""
    locale, forms = QLocale(name), QLocale.FormatType
    formats = " ".join(locale.dateFormat(form) for form in (forms.LongFormat, forms.ShortFormat))
    quoted = " ".join(re.findall(r"'([^']*)'", formats))
    bare = re.sub(r"[dMyEGL]+", " ", re.sub(r"'[^']*'", " ", formats))
    numbered = " ".join(filter(_has_digits, _names_of(locale, 12)))
    return frozenset(_words(f"{quoted} {bare} {numbered}").split()) | _ORDINALS


def _words(text: str) -> str:
    runs = groupby(tidied(text).casefold(), _kind)
    return " ".join("".join(run) for kind, run in runs if kind == "word")
