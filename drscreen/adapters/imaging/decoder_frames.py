"""What goes over the pipes between drscreen and its decoder: a few words in JSON, then bytes.

Never pickle: a photograph may have taken the decoder over, and whoever writes a pickle decides what
its reader runs.
"""

from __future__ import annotations

import json
import struct
from typing import IO

Words = dict[str, str | int | list[int]]

_LENGTHS = struct.Struct(">II")
_LONGEST_WORDS = 4_096


class BrokenFrame(Exception):
    """The other side is gone, or does not keep to the form."""


def write(stream: IO[bytes], words: Words, body: bytes = b"") -> None:
    """Send both. Raises `OSError` where the other side is gone."""
    told = json.dumps(words).encode("ascii")
    stream.write(_LENGTHS.pack(len(told), len(body)) + told)
    stream.write(body)
    stream.flush()


def read(stream: IO[bytes], longest: int) -> tuple[Words, bytes]:
    """The next frame, with a body of at most `longest` bytes. Raises `BrokenFrame`, `OSError`."""
    words, body = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if words > _LONGEST_WORDS or body > longest:
        raise BrokenFrame
    try:
        told = json.loads(_exactly(stream, words))
    except (ValueError, RecursionError) as error:
        raise BrokenFrame from error
    if not isinstance(told, dict):
        raise BrokenFrame
    return told, _exactly(stream, body)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    found = stream.read(count)
    if len(found) < count:
        raise BrokenFrame
    return found
