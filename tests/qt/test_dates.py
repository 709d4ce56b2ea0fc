"""Birth dates as people write them, in every locale that Qt knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from PySide6.QtCore import QDate, QLocale

from drscreen.domain.patient import Patient, age_on
from drscreen.qt.dates import DateUnclear, birth_from, date_from, iso_where_read
from drscreen.qt.wording import born_text, day_text

DAYS = (date(1960, 12, 31), date(1961, 3, 4), date(2012, 4, 3), date(2024, 2, 29), date(1904, 2, 1))
LAST = date(1960, 12, 31)


@pytest.fixture(autouse=True)
def _locale_put_back() -> Iterator[None]:
    before = QLocale()
    yield
    QLocale.setDefault(before)


def every_locale() -> list[QLocale]:
    return QLocale.matchingLocales(
        QLocale.Language.AnyLanguage, QLocale.Script.AnyScript, QLocale.Country.AnyCountry
    )


def test_what_any_locale_shows_is_read_as_the_same_day() -> None:
    assert len(every_locale()) > 300
    for locale in every_locale():
        QLocale.setDefault(locale)
        for day in DAYS:
            assert date_from(day_text(day)) == day, locale.name()
            assert date_from(day.isoformat()) == day, locale.name()
            assert locale.toString(day.year).replace(locale.groupSeparator(), "") in day_text(day)


def test_no_locale_reads_two_digits_as_a_year() -> None:
    for locale in every_locale():
        QLocale.setDefault(locale)
        short = locale.dateFormat(QLocale.FormatType.ShortFormat)
        for text in ("3/4/12", "03.04.12", "12-04-03", locale.toString(QDate(2012, 4, 3), short)):
            try:
                assert date_from(text) == date(2012, 4, 3), locale.name()
            except DateUnclear as unclear:
                # (A machine without a language writes four, in an order that nobody knows.)
                assert "four digits" in str(unclear) or locale.name() == "C"


def test_names_of_months_are_never_read_as_another_day() -> None:
    read = 0
    for locale in every_locale():
        QLocale.setDefault(locale)
        for day in DAYS:
            for form in ("d MMMM yyyy", "d. MMM yyyy", "MMM d, yyyy"):
                try:
                    text = locale.toString(QDate(day.year, day.month, day.day), form)
                    assert date_from(text) == day, (locale.name(), text)
                    read += 1
                except DateUnclear:
                    continue
    assert read > 9 * len(every_locale())


@pytest.mark.parametrize(
    ("where", "text"),
    [
        *(("en_US", text) for text in ("12/31/1960", "12-31-1960", "12.31.1960", "Dec 31, 1960")),
        *(("en_GB", text) for text in ("31/12/1960", "31 12 1960", "31st of December 1960")),
        *(("de_DE", text) for text in ("31.12.1960", "31. Dezember 1960", "31. dez. 1960")),
        *(("es_MX", text) for text in ("31/12/1960", "31 de diciembre de 1960")),
        *(("zh_CN", text) for text in ("1960年12月31日", "1960/12/31", "31/12/1960")),
        *(("hi_IN", text) for text in ("31/12/1960", "३१/१२/१९६०", "31 दिसंबर 1960")),
        *(("ar_EG", text) for text in ("٣١/١٢/١٩٦٠", "31/12/1960", "\u200f٣١\u200f/١٢/١٩٦٠\u200f")),
        *(("fa_IR", text) for text in ("۱۹۶۰/۱۲/۳۱", "1960/12/31")),
        *(("bn_BD", text) for text in ("৩১/১২/১৯৬০", "31-12-1960")),
        *(("C", text) for text in ("31/12/1960", "12/31/1960", " 1960-12-31\n", "1960-12-31")),
        ("ko_KR", "1960년 12월 31일"),
        ("vi_VN", "31 tháng 12, 1960"),
        ("sv_SE", "\u00a01960\u201112\u201131"),
    ],
)
def test_dates_are_read_as_people_of_the_locale_write_them(where: str, text: str) -> None:
    QLocale.setDefault(QLocale(where))
    assert date_from(text) == LAST


@pytest.mark.parametrize(
    ("where", "text", "why"),
    [
        ("en_US", "3/4/12", "four digits"),
        ("de_DE", "31.12.60", "four digits"),
        ("en_US", "31/12/1960", "no such day"),
        ("en_GB", "12/31/1960", "no such day"),
        ("en_GB", "29/02/1961", "no such day"),
        ("C", "3/4/1960", "two days"),
        ("zh_CN", "3/4/1960", "two days"),
        ("en_US", "1960", "Day and month"),
        ("en_US", "19601231", "not a date"),
        ("en_US", "1960-W05-3", "not a date"),
        ("en_US", "1960-366", "not a date"),
        ("en_US", "-3/4/1960", "not a date"),
        ("en_US", "3/4/1960/2", "not a date"),
        ("en_US", "1960-12-31T10:00", "not a date"),
        ("en_US", "yesterday", "not a date"),
        ("th_TH", "31/12/2503", "2503 lies in the future"),
        ("fa_IR", "۱۳۳۹/۱۰/۱۰", "1339 is too long ago"),
        ("en_GB", "31/12/0960", "too long ago"),
    ],
)
def test_what_could_be_meant_otherwise_is_refused_with_a_sentence(
    where: str, text: str, why: str
) -> None:
    QLocale.setDefault(QLocale(where))
    with pytest.raises(DateUnclear, match=why):
        date_from(text)


@pytest.mark.parametrize(
    "text", ["1960", "about 1960", "~1960", "ca. 1960", "c 1960", "1960?", "१९६०"]
)
def test_a_year_alone_is_an_estimate(text: str) -> None:
    assert birth_from(text) == (None, 1960)
    assert birth_from(born_text(Patient("1", birth_year=1960))) == (None, 1960)


def test_a_year_that_nobody_alive_was_born_in_is_refused() -> None:
    for text in ("2503", "about 1339"):
        with pytest.raises(DateUnclear, match="another calendar"):
            birth_from(text)


def test_a_day_in_a_search_is_written_as_it_is_kept() -> None:
    QLocale.setDefault(QLocale("de_DE"))
    assert iso_where_read("31.12.1960") == "1960-12-31"
    assert iso_where_read("31.12.60") == "31.12.60"
    assert iso_where_read("Müller 1960") == "Müller 1960"


def test_ages_are_completed_years() -> None:
    assert age_on(date(2026, 3, 1), date(2012, 3, 1)) == 14
    assert age_on(date(2026, 2, 28), date(2012, 3, 1)) == 13
    assert [age_on(date(2025, 2 + n, 28 - 27 * n), date(2004, 2, 29)) for n in (0, 1)] == [20, 21]
