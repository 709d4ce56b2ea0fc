"""A TIFF file's own structure (TIFF 6.0, BigTIFF): its pages, and what they say of themselves."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from drscreen.adapters.imaging.pictures import (
    MAX_PICTURES,
    MAX_SCANS,
    Picture,
    too_many_scans,
)
from drscreen.domain.errors import PhotographFormatUnsupported

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_KIND, _OLD_KIND, _WIDTH, _HEIGHT, _BITS, _COMPRESSION = 254, 255, 256, 257, 258, 259
_PHOTOMETRIC, _WHITE_IS_ZERO, _PLANES, _APART, _BYTE = 262, 0, 284, 2, 8
_STRIPS, _TILES, _MAX_SAMPLE, _SUBPAGES = 273, 324, 281, 330
_SIZES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2
_JPEG = (6, 7)
# What Pillow's libtiff knows: none, CCITT, LZW, JPEG, Deflate, PackBits, LZMA, Zstandard.
_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32_773, 32_946, 34_925, 50_000})
_SCANS_EACH = 10
_CAMERA_RANGES = frozenset((1 << bits) - 1 for bits in range(9, 16))


@dataclass(frozen=True, slots=True)
class TiffFile:
    """Pages in the file's order, those inside others behind them; masks are left out.

    `brightest` is the highest value that the first page's samples can have, 0 where it is what
    their bits can hold.
    """

    pictures: tuple[Picture, ...]
    brightest: int


def read_tiff(data: bytes) -> TiffFile:
    """Walk the directories; what is spoilt ends the walk there.

    Raises `PhotographTakesTooLong` for JPEG inside it with too many scans,
    `PhotographFormatUnsupported` for a compression that nothing here reads.
    """
    pictures, brightest = [], 0
    for number, (page, fields) in enumerate(_directories(data)):
        kind = (fields.get(_KIND) or [0])[0]
        if number == 0:
            brightest = _brightest(fields)
        compression = (fields.get(_COMPRESSION) or [1])[0]
        if number == 0:
            _refuse_unread(fields, compression)
        if compression in _JPEG:
            _count_scans(data, fields)
        width, height = ((fields.get(tag) or [0])[0] for tag in (_WIDTH, _HEIGHT))
        if not kind & _MASK and width and height:
            old = (fields.get(_OLD_KIND) or [0])[0] == _OLD_REDUCED
            preview = bool(kind & _REDUCED) or old
            pictures.append(Picture(width, height, page=page, is_preview=preview))
    return TiffFile(tuple(pictures), brightest)


def _refuse_unread(fields: dict[int, list[int]], compression: int) -> None:
    if compression not in _COMPRESSIONS:
        raise PhotographFormatUnsupported("The TIFF file is compressed in a way not read here.")
    if max(fields.get(_BITS) or [1]) <= _BYTE:
        return
    # Of these Pillow makes pictures that never were: two retinas side by side, a negative.
    if (fields.get(_PLANES) or [1])[0] == _APART:
        raise PhotographFormatUnsupported(
            "The TIFF file keeps colours of more than 8 bits apart, which is not read here."
        )
    if (fields.get(_PHOTOMETRIC) or [1])[0] == _WHITE_IS_ZERO:
        raise PhotographFormatUnsupported(
            "The TIFF file keeps deep grey with white as zero, which is not read here."
        )


def _brightest(fields: dict[int, list[int]]) -> int:
    # MaxSampleValue is the brightest sample of this picture, and not to change how it looks (TIFF
    # 6.0); cameras of 10 to 14 bits write the brightest that they could have given.
    bits = (fields.get(_BITS) or [1])[0]
    highest = max(fields.get(_MAX_SAMPLE) or [0])
    if bits == 16 and highest in _CAMERA_RANGES:
        return highest
    return (1 << bits) - 1 if 8 < bits < 16 else 0


def _count_scans(data: bytes, fields: dict[int, list[int]]) -> None:
    # Every strip is as large as the others, so a few scans for each bound what all cost.
    pieces = max(len(fields.get(_STRIPS, ())), len(fields.get(_TILES, ())))
    scans = data.count(b"\xff\xda")
    if scans > MAX_SCANS + _SCANS_EACH * pieces:
        raise too_many_scans(scans)


def _directories(data: bytes) -> Iterator[tuple[int | None, dict[int, list[int]]]]:
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    try:
        (offset,) = _unpack(order + ("Q" if big else "I"), data, 8 if big else 4)
    except struct.error:
        return
    seen: set[int] = set()
    waiting: list[tuple[int | None, int]] = [(0, offset)]
    while waiting and len(seen) < MAX_PICTURES:
        page, offset = waiting.pop(0)
        if offset == 0 or offset in seen:
            continue
        seen.add(offset)
        try:
            fields, following = _directory(data, offset, order, big)
        except struct.error:
            continue
        yield page, fields
        inner = [(None, sub) for sub in fields.get(_SUBPAGES, ())]
        waiting = [(None if page is None else page + 1, following), *waiting, *inner]


def _unpack(form: str, data: bytes, offset: int) -> tuple[int, ...]:
    """Raises `struct.error` for what lies behind the end, however far: BigTIFF counts to 2**64."""
    if offset >= len(data):
        raise struct.error(offset)
    return struct.unpack_from(form, data, offset)


def _directory(data: bytes, offset: int, order: str, big: bool) -> tuple[dict[int, list[int]], int]:
    count_format, entry_format, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    (count,) = _unpack(order + count_format, data, offset)
    at = offset + struct.calcsize("=" + count_format)
    entry = 12 + inline if big else 12
    fields: dict[int, list[int]] = {}
    for n in range(min(count, 4_096)):
        place = at + n * entry
        tag, kind, many = _unpack(order + entry_format, data, place)
        if kind not in _SIZES or tag not in _WANTED:
            continue
        values = f"{order}{min(many, MAX_PICTURES)}{_SIZES[kind]}"
        value_at = place + struct.calcsize("=" + entry_format)
        if many * struct.calcsize(_SIZES[kind]) > inline:
            (value_at,) = _unpack(order + ("Q" if big else "I"), data, value_at)
        fields[tag] = list(_unpack(values, data, value_at))
    try:
        (following,) = _unpack(order + ("Q" if big else "I"), data, at + count * entry)
    except struct.error:
        following = 0
    return fields, following


_WANTED = frozenset(
    {
        _KIND,
        _OLD_KIND,
        _WIDTH,
        _HEIGHT,
        _BITS,
        _COMPRESSION,
        _PHOTOMETRIC,
        _PLANES,
        _STRIPS,
        _TILES,
        _MAX_SAMPLE,
        _SUBPAGES,
    }
)
