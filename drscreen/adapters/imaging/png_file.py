"""A PNG file's own structure (ISO/IEC 15948): its frames, and the chunks that pixels need.

Comments, previews and profiles of any size may stand beside the pixels; a decoder that gives up
over them calls a whole picture damaged.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from drscreen.adapters.imaging.pictures import MAX_PARTS, too_many_parts

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sBIT", b"IDAT", b"IEND"})
# Where else a picture may say how it is to be turned.
_TURNING = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
#: Colour profiles have some kilobytes, an EXIF block at most 64 kB.
_MAX_BESIDE = 1_000_000


@dataclass(frozen=True, slots=True)
class PngFile:
    """`plain` is the file without what its pixels do not need; `significant` the sBIT values."""

    width: int
    height: int
    pictures: int
    end: int
    plain: bytes
    significant: bytes


def read_png(data: bytes, start: int = 0) -> PngFile:
    """Walk the chunks from the signature at `start`; what breaks off gives what was found before.

    Raises `PhotographTakesTooLong`.
    """
    kept, dropped = [SIGNATURE], False
    frames, default_is_a_frame = 0, False
    header, significant, started, position = b"", b"", False, start + 8
    for _ in range(MAX_PARTS):
        if position + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, position)
        body, end = position + 8, position + 12 + length
        if kind == b"IHDR":
            header = data[body : body + 8]
        elif kind == b"sBIT":
            significant = data[body : body + min(length, 4)]
        elif kind == b"fcTL":
            frames += 1
            default_is_a_frame = default_is_a_frame or not started
        started = started or kind == b"IDAT"
        if _is_needed(data, kind, body, length):
            kept.append(data[position:end])
        else:
            dropped = True
        position = end
        if kind == b"IEND":
            break
    else:
        raise too_many_parts()
    width, height = struct.unpack(">II", header) if len(header) == 8 else (0, 0)
    pictures = frames + (not default_is_a_frame)
    plain = b"".join(kept) if dropped else data
    return PngFile(width, height, pictures, min(position, len(data)), plain, significant)


def _is_needed(data: bytes, kind: bytes, body: int, length: int) -> bool:
    if kind in _PIXELS:
        return True
    if length > _MAX_BESIDE or body + length + 4 > len(data):
        return False
    if kind == b"eXIf":
        return True
    if kind == b"iCCP":
        return _unpacks(data[body : body + length].partition(b"\0")[2][1:])
    if kind in (b"tEXt", b"zTXt", b"iTXt") and data.startswith(_TURNING, body):
        return kind == b"tEXt" or _text_unpacks(data[body : body + length], kind)
    return False


def _text_unpacks(text: bytes, kind: bytes) -> bool:
    rest = text.partition(b"\0")[2]
    if kind == b"zTXt":
        return _unpacks(rest[1:])
    packed = rest[:1] == b"\x01"
    return not packed or _unpacks(rest[2:].partition(b"\0")[2].partition(b"\0")[2])


def _unpacks(packed: bytes) -> bool:
    """Whether it is whole and of a size that somebody could want."""
    unpacker = zlib.decompressobj()
    try:
        unpacker.decompress(packed, _MAX_BESIDE)
    except zlib.error:
        return False
    return unpacker.eof
