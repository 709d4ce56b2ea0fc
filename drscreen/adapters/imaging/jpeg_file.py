"""A JPEG file's own structure (ITU-T T.81): scans, its end, and what stands behind it.

libjpeg decodes as many scans as a file names and paints grey where rows are missing, without a
word that Pillow would pass on; so both are looked at here, before and beside it.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

from drscreen.adapters.imaging.pictures import (
    MAX_PARTS,
    MAX_SCANS,
    too_many_parts,
    too_many_scans,
)

START = b"\xff\xd8\xff"
END_MARK = b"\xff\xd9"
# In coded rows FF is followed by 00, by a restart mark or by a second FF; all else ends them.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
# Baseline, extended and progressive, by Huffman or arithmetic codes; lossless has no blocks.
_BLOCKS = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_BARE = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})
_COEFFICIENTS = 64
# Bits that cannot both be what the missing rows held: were a row missing, one would change it.
_FILLINGS = (b"\x55" * 64, b"\xaa" * 64)
_LAST_ZEROS = 3
# Rows that end at a restart mark go on only behind the next one, whichever of the eight that is.
_RESTARTS = tuple(bytes((0xFF, 0xD0 + number)) + _FILLINGS[0] for number in range(8))


@dataclass(slots=True)
class JpegFile:
    """What the markers say. `end` is behind the end mark, or where the rows break off."""

    start: int
    end: int
    width: int = 0
    height: int = 0
    has_end: bool = False
    scans: int = 0
    restarts: bool = False
    multi_picture: bytes = b""
    multi_picture_at: int = 0
    header_end: int = 0
    # For each component how far each of its 64 coefficients is known: bits still to come, or None.
    _waiting: dict[int, list[int | None]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether the scans bring every coefficient of every component to its last bit."""
        return self.scans > 0 and all(
            left == 0 for component in self._waiting.values() for left in component
        )

    def frame(self, body: bytes) -> None:
        """The SOF segment: size and components."""
        self.height, self.width = struct.unpack_from(">HH", body, 1)

    def expect_coefficients(self, body: bytes) -> None:
        """The same segment, where the picture is made of 64 coefficients a block."""
        self._waiting = {identifier: [None] * _COEFFICIENTS for identifier in body[6::3]}

    def scan(self, body: bytes) -> None:
        """A SOS segment. Raises `PhotographTakesTooLong` for the one too many."""
        self.scans += 1
        if self.scans > MAX_SCANS:
            raise too_many_scans(self.scans)
        first, last, approximation = body[-3:]
        for identifier in body[1:-3:2]:
            component = self._waiting.get(identifier)
            if component is not None:
                for k in range(first, min(last + 1, _COEFFICIENTS)):
                    component[k] = approximation & 0x0F


def read_jpeg(data: bytes, start: int = 0) -> JpegFile:
    """Walk the markers from `start`; about a millisecond for two megabytes.

    A file that breaks off or lies gives what was found before. Raises `PhotographTakesTooLong`.
    """
    jpeg = JpegFile(start, len(data))
    position = start + 2
    for _ in range(MAX_PARTS):
        mark = _MARKER.search(data, position)
        if mark is None:
            return jpeg
        marker, position = data[mark.end() - 1], mark.end()
        if marker in (0xD8, 0xD9):
            jpeg.has_end = marker == 0xD9
            jpeg.end = position if jpeg.has_end else mark.start()
            return jpeg
        if marker in _BARE:
            continue
        length = int.from_bytes(data[position : position + 2])
        body = data[position + 2 : position + length]
        if length < 2 or len(body) < length - 2:
            return jpeg
        try:
            _take(jpeg, marker, body, position + 2)
        except (struct.error, ValueError):
            return jpeg
        position += length
    raise too_many_parts()


def _take(jpeg: JpegFile, marker: int, body: bytes, at: int) -> None:
    if marker in _FRAMES:
        jpeg.frame(body)
        if marker in _BLOCKS:
            jpeg.expect_coefficients(body)
    elif marker == 0xDA:
        jpeg.header_end = jpeg.header_end or at
        jpeg.scan(body)
    elif marker == 0xDD:
        jpeg.restarts = int.from_bytes(body[:2]) > 0
    elif marker == 0xE2 and body.startswith(b"MPF\0"):
        jpeg.multi_picture, jpeg.multi_picture_at = body[4:], at + 4


def declared_previews(jpeg: JpegFile) -> set[int]:
    """Where CIPA DC-007's index says that a "large thumbnail" begins; empty where it is spoilt."""
    index, found = jpeg.multi_picture, set()
    try:
        order = "<" if index.startswith(b"II") else ">"
        (at,) = struct.unpack_from(order + "I", index, 4)
        (count,) = struct.unpack_from(order + "H", index, at)
        for n in range(count):
            tag, _kind, size, value = struct.unpack_from(order + "HHII", index, at + 2 + 12 * n)
            if tag == 0xB002:
                for entry in range(value, value + min(size, len(index)), 16):
                    kind, _bytes, offset = struct.unpack_from(order + "III", index, entry)
                    if offset and kind >> 16 & 0xFF == 0x01:
                        found.add(jpeg.multi_picture_at + offset)
    except struct.error:
        return found
    return found


def all_rows_are_there(data: bytes, jpeg: JpegFile) -> bool:
    """Whether the coded rows reach the last pixel, decided by the pixels; several full decodings.

    libjpeg fills what is missing with grey. So the rows are followed by other bits instead: where
    nothing was missing they stand behind the last row and are skipped, else they change it.
    """
    if not jpeg.is_complete:
        return False
    rows = data[jpeg.start : jpeg.end - 2 if jpeg.has_end else jpeg.end]
    fillings = (*_FILLINGS, *_RESTARTS) if jpeg.restarts else _FILLINGS
    return any(_nothing_is_missing(ended, fillings) for ended in _without_padding(rows))


def _without_padding(rows: bytes) -> Iterator[bytes]:
    """Without the zeros of a copy that was laid out and not filled, and without half a mark; with
    as many of the zeros as the rows themselves may end in.
    """
    bare = rows.rstrip(b"\0")
    zeros = len(rows) - len(bare)
    if not (bare.endswith(b"\xff") and zeros):
        yield bare.rstrip(b"\xff")
    for kept in range(1, min(zeros, _LAST_ZEROS) + 1):
        yield bare + bytes(kept)


def _nothing_is_missing(rows: bytes, fillings: tuple[bytes, ...]) -> bool:
    try:
        plain = _decoded(rows + END_MARK)
        return all(_decoded(rows + filling + END_MARK) == plain for filling in fillings)
    except OSError:
        return False


def _decoded(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as opened:
        return opened.tobytes()
