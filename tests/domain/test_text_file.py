"""What spreadsheets, editors and shells write, and what is said of what cannot be read."""

from __future__ import annotations

import codecs

import pytest

from drscreen.domain.errors import TextUnreadable
from drscreen.domain.text_file import first_line, text_of

WRITTEN = {
    "plain": "sök;ä\nzwei\n".encode(),
    "marked by Notepad": codecs.BOM_UTF8 + "sök;ä\r\nzwei\r\n".encode(),
    "Unicode text of a spreadsheet": codecs.BOM_UTF16_LE + "sök;ä\r\nzwei\r\n".encode("utf-16-le"),
    "UTF-16 the other way round": codecs.BOM_UTF16_BE + "sök;ä\nzwei\n".encode("utf-16-be"),
    "UTF-32": codecs.BOM_UTF32_LE + "sök;ä\nzwei\n".encode("utf-32-le"),
    "line ends of an old Mac": "sök;ä\rzwei\r".encode(),
    "filled up with zeros": "sök;ä\nzwei\n".encode() + bytes(7),
}


@pytest.mark.parametrize("data", WRITTEN.values(), ids=WRITTEN)
def test_the_same_text_however_it_was_written(data: bytes) -> None:
    assert text_of(data, "It") == "sök;ä\nzwei\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("a\nsök".encode("latin-1"), "It is not written in UTF-8: line 2 holds bytes of another"),
        (codecs.BOM_UTF16_LE + b"a\0b", "It says that it is UTF-16 and breaks off or is damaged"),
        ("ab".encode("utf-16-le"), "It holds zero bytes: it is no plain text, or UTF-16 without"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, why: str) -> None:
    with pytest.raises(TextUnreadable) as told:
        text_of(data, "It")
    assert told.value.message.startswith(why)
    assert "UTF-8" in told.value.advice


def test_the_first_line_is_taken_as_it_is() -> None:
    assert first_line(" a b\u2028c \t\nnext", "It") == " a b\u2028c \t"
    for text, why in (("", "empty"), (" \n\n", "empty"), ("\nsecret", "nothing in its first line")):
        with pytest.raises(TextUnreadable, match=why):
            first_line(text, "It")
