"""What a search takes for the same: every letter of Latin scripts, and what keyboards differ in."""

from __future__ import annotations

import sys
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drscreen.adapters.store.folding import day_or_year, folded, search_text


def test_every_letter_of_latin_scripts_is_found_by_the_letters_of_every_keyboard() -> None:
    unread = [
        (letter, name)
        for letter in map(chr, range(sys.maxunicode + 1))
        if (name := unicodedata.name(letter, "")).startswith("LATIN ")
        and unicodedata.category(letter)[0] == "L"
        and not folded(letter).isascii()
    ]
    assert unread == []


@pytest.mark.parametrize(
    ("small", "plain"),
    [
        ("ı", "i"), ("ł", "l"), ("ø", "o"), ("đ", "d"), ("ð", "d"), ("þ", "th"), ("æ", "ae"),
        ("œ", "oe"), ("ß", "ss"), ("ŋ", "ng"), ("ħ", "h"), ("ĸ", "k"), ("ŧ", "t"), ("ƙ", "k"),
        ("ɓ", "b"), ("ɗ", "d"), ("ƴ", "y"), ("ɛ", "e"), ("ɔ", "o"), ("ə", "e"), ("ʉ", "u"),
        ("ɨ", "i"), ("ŀ", "l"), ("ǝ", "e"), ("ʒ", "z"), ("ɣ", "g"), ("ƞ", "n"), ("ꝛ", "r"),
    ],
)  # fmt: skip
def test_letters_by_their_names(small: str, plain: str) -> None:
    assert folded(small) == plain
    assert folded(small.upper()) == plain


#: What is recorded, and what other people type for it.
SAME = [
    ("Yıldız", "yildiz", "YILDIZ", "yıldız", "YİLDİZ"),
    ("İpek", "ipek", "IPEK", "ıpek"),
    ("Łukasz", "lukasz", "LUKASZ"),
    ("Sørensen", "sorensen", "soerensen", "Sörensen"),
    ("Đorđević", "dordevic", "djordjevic", "Đorđevic"),
    ("Þór", "thor", "tor"),
    ("Müller", "muller", "mueller", "MÜLLER", "mu\u0308ller"),
    ("Nguyễn Thị", "nguyen thi", "Nguyên", "NGUYEN"),
    ("O'Brien", "obrien", "o brien", "o’brien", "oʼbrien", "O´Brien", "o`brien", "O‘Brien"),
    ("O’Brien", "o'brien", "obrien"),
    ("Al-Hasan", "al hasan", "alhasan", "al‐hasan", "al‑hasan", "AL–HASAN", "al-h"),
    ("Al Hasan", "al-hasan", "alhasan"),
    ("AlHasan", "al-hasan", "al hasan"),
    ("Abdul Rahman", "abdulrahman", "abdul-rahman"),
    ("St. John", "st john", "st. john", "st.john"),
    ("Gal·la", "galla", "gal·la"),
    ("علي", "على", "علی"),
    ("كريم", "کریم", "كَرِيم", "كـريم"),
    ("أحمد", "احمد", "آحمد", "إحمد", "ٱحمد"),
    ("فاطمة", "فاطمه", "فاطمہ"),
    ("علی‌رضا", "علیرضا", "علی رضا"),
    ("משה", "מֹשֶׁה"),
    ("כהן", "כהנ"),
    ("क़ादिर", "कादिर"),
    ("चाँद", "चांद"),
    ("ശ്രീരാജൻ", "ശ്രീരാജന്‍"),
    ("Артём", "артем"),
    ("Сергей", "СЕРГЕИ"),
    ("Ґалаґан", "галаган"),
    ("Νίκος", "νικοσ", "ΝΙΚΟΣ", "νίκος"),
    ("Ｓｍｉｔｈ", "smith"),
    ("김민준", "\u1100\u1175\u11b7민준", "김"),
    ("ｶﾄｳ", "カトウ", "かとう"),
    ("さとう", "サトウ"),
    ("Wei", "wei"),
]


@pytest.mark.parametrize(("recorded", "typed"), [(s[0], t) for s in SAME for t in s])
def test_a_name_is_found_however_it_is_typed(recorded: str, typed: str) -> None:
    stored = search_text("A-17", (recorded, "Ada"))
    assert all(word in stored for word in folded(typed).split())


@pytest.mark.parametrize(
    ("number", "typed"),
    [("SL-0001", "sl 0001"), ("SL-0001", "sl0001"), ("SL 0001", "SL-0001"), ("12/345", "12345"),
     ("٤٥٦", "456"), ("456", "४५६"), ("SL-0001", "SL‑0001")],
)  # fmt: skip
def test_a_number_is_found_however_it_is_typed(number: str, typed: str) -> None:
    assert all(word in search_text(number, ("", "")) for word in folded(typed).split())


@pytest.mark.parametrize(
    ("recorded", "typed"), [("देवी", "दावी"), ("मीना", "मेना"), ("นิด", "นุด"), ("Ivan", "iwan")]
)
def test_vowels_and_other_letters_still_count(recorded: str, typed: str) -> None:
    assert folded(typed) not in search_text("1", (recorded,))


def test_births_are_found_by_day_and_year_and_by_no_other_number() -> None:
    stored = search_text("7", ("Bose",), date(1961, 3, 14))
    for typed in ("1961", "1961-03", "1961-03-14", "19610314", "۱۹۶۱"):
        word = day_or_year(folded(typed))
        assert word is not None and word in stored
    for typed in ("14", "03", "0314", "961", "196", "1431"):
        assert folded(typed) not in stored
    assert str(day_or_year("1914")) not in search_text("7", (), date(2019, 1, 4))
    assert str(day_or_year("1960")) in search_text("7", (), 1960)


@given(st.text())
def test_folding_never_fails_and_leaves_nothing_to_fold(text: str) -> None:
    once = folded(text)
    once.encode()
    assert folded(once) == once
