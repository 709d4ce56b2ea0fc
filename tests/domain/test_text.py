"""What people type: kept, tidied, or refused with a sentence that names the field."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drscreen.domain.errors import InvalidInput
from drscreen.domain.text import (
    ascii_digits,
    checked_line,
    fault_of,
    identity,
    in_one_line,
    tidied,
    tidied_lines,
)

SRI = "\u0dc1\u0dca\u200d\u0dbb\u0dd3"  # Sinhala: al-lakuna, joiner
NEEDED = {
    "Sinhala": SRI,
    "Persian": "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",  # Ali-Reza with a non-joiner
    "Bengali, ya-phalaa": "\u09b0\u200d\u09cd\u09af\u09be",
    "Malayalam, chillu at the end": "\u0d30\u0d3e\u0d1c\u0d28\u0d4d\u200d",
    "Devanagari, half letter": "\u0915\u094d\u200d\u0937",
    "Japanese, variant of a letter": "\u845b\U000e0100\u57ce",
    "Mongolian": "\u182e\u180e\u1820",
    "Vietnamese": "Nguy\u1ec5n",
    "Adlam": "\U0001e900\U0001e944",
}


@pytest.mark.parametrize("name", NEEDED.values(), ids=NEEDED)
def test_what_a_script_needs_is_kept(name: str) -> None:
    assert checked_line(name, "family name", 200) == name


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("\ufeffOkafor", "Okafor"),
        ("Oka\u200bfor\u00ad", "Okafor"),
        ("\u200eOkafor\u200f \u061c", "Okafor"),
        ("\u202aOkafor\u202c\u202e", "Okafor"),
        ("\u2067Okafor\u2069", "Okafor"),
        ("Anna\u00a0Maria\u202f\u2007Luz", "Anna Maria Luz"),
        ("Anna \u3000  Maria\r\n", "Anna Maria"),
        ("Ann\u200da\u200c", "Anna"),  # joiners that join nothing
        ("\u0639\u0644\u06cc\u200c\u200c\u0631", "\u0639\u0644\u06cc\u200c\u0631"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("Zoe\u200b\u0308", "Zo\u00eb"),
        ("\u3164\u2800", ""),
    ],
)
def test_what_only_a_paste_brings_is_tidied_away(pasted: str, kept: str) -> None:
    assert checked_line(pasted, "family name", 200) == kept


@pytest.mark.parametrize(
    "wrong",
    [
        *("two\nlines", "a\tb", "a\x00b", "a\x1bb", "a\x9bb", "a\x85b", "a\u2028b"),
        *("a\ud800", "\udcffa", "a\ue000b", "a\U0010fffeb", "a\ufdd0"),
    ],
)
def test_what_nobody_can_mean_is_refused_by_the_fields_name(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="given name") as refused:
        checked_line(wrong, "given name", 200, "given_name")
    assert refused.value.field == "given_name"
    assert "\n" not in refused.value.message


def test_a_long_line_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidInput, match=r"family name .* 200"):
        checked_line("x" * 201, "family name", 200)


@pytest.mark.parametrize(
    "text",
    [
        "A\u200d1",
        "A\u200b1",
        "\u202eA1",
        "A\u115f1",
        "A\ufe0f1",
        "A\u034f1",
        "A\U000e00011",
        "A\u20601",
    ],
)
def test_two_numbers_that_look_the_same_are_the_same(text: str) -> None:
    assert identity(text) == "A1"


@given(st.text())
def test_tidying_twice_is_tidying_once(text: str) -> None:
    for rule in (tidied, identity, in_one_line, tidied_lines):
        assert rule(rule(text)) == rule(text)


def test_every_formatting_character_is_kept_for_a_reason_or_taken_out() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    kept = {c for c in characters if unicodedata.category(c) == "Cf" and c in tidied(f"a{c}b")}
    assert not kept & set("\u200b\u200c\u200d\u200e\u200f\u00ad\ufeff\u2060")
    assert all(
        "NUMBER" in unicodedata.name(c)
        or "SIGN" in unicodedata.name(c)
        or "MARK" in unicodedata.name(c)
        or "VOWEL" in unicodedata.name(c)
        or "AYAH" in unicodedata.name(c)
        for c in kept
    )


def test_a_value_in_a_message_is_one_line() -> None:
    assert in_one_line("Hill\nClinic\x00 \u202eNorth\u2028") == "Hill Clinic North"
    assert in_one_line(SRI) == SRI


def test_lines_keep_their_ends_and_what_mixes_scripts() -> None:
    assert tidied_lines("\ufeffa\r\nb\x85c\u2028d\te") == "a\nb\nc\nd e"
    mixed = "\u0634\u0645\u0627\u0631\u0647 \u200e+98 21\u200f"
    assert tidied_lines(mixed) == mixed
    assert fault_of(mixed) == ""
    assert "direction" in fault_of("a\u202eb")


def test_digits_of_every_script() -> None:
    assert ascii_digits("\u0661\u06f2\u0969\u09ea\U0001e955x\u00b2") == "12345x\u00b2"
