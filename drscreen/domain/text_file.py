"""Text as other programs write it: with a mark in front or without, in UTF-8 or UTF-16, with any
line ends. One rule for passwords, labels and settings.
"""

from __future__ import annotations

import codecs
import re

from drscreen.domain.errors.files import TextUnreadable

#: The marks that spreadsheets, editors and shells of Windows put in front. The longer come first:
#: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_END = re.compile(r"\r\n?|\n")


def text_of(data: bytes, what: str) -> str:
    """The text of a file's bytes, every line end as a line feed, without the mark in front.

    Zero bytes that only fill up the end are left out. Raises `TextUnreadable`, which says why;
    `what` names the file to a person ("The password file").
    """
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", "utf-8"))
    if encoding == "utf-8" and b"\0" in data.rstrip(b"\0"):
        raise TextUnreadable(
            f"{what} holds zero bytes: it is no plain text, or UTF-16 without its mark."
        )
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise TextUnreadable(_undecodable(what, encoding, data[len(mark) :], error)) from error
    return _LINE_END.sub("\n", text.rstrip("\0"))


def first_line(text: str, what: str) -> str:
    """The first line, nothing stripped. Raises `TextUnreadable` where there is nothing in it."""
    line = text.partition("\n")[0]
    if not text.strip():
        raise TextUnreadable(f"{what} is empty.")
    if not line.strip():
        raise TextUnreadable(f"{what} has nothing in its first line.")
    return line


def _undecodable(what: str, encoding: str, data: bytes, error: UnicodeDecodeError) -> str:
    name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
    if encoding != "utf-8":
        return f"{what} says that it is {name} and breaks off or is damaged."
    line = 1 + len(_LINE_END.findall(data[: error.start].decode("latin-1")))
    return f"{what} is not written in {name}: line {line} holds bytes of another encoding."
