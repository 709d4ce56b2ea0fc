"""Picture files as cameras and programs write them, and as nobody should."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality


def encoded(image: Image.Image, kind: str, *others: Image.Image, **options: object) -> bytes:
    """As Pillow writes it, with the others behind it where `save_all` is asked for."""
    buffer = io.BytesIO()
    # Pillow remembers on a picture how it was written last.
    if others:
        options["append_images"] = [other.copy() for other in others]
    image.copy().save(buffer, kind, **options)
    return buffer.getvalue()


def drawing(grade: int = 0, seed: int = 3, eye: str = "OD", size: int = 400) -> Image.Image:
    drawn = draw_phantom(Grade(grade), seed=seed, eye=Laterality(eye), size=size)
    return Image.frombytes("RGB", (drawn.width, drawn.height), drawn.pixels)


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(header: bytes, rows: bytes, *beside: bytes) -> bytes:
    """A PNG file by hand, for what Pillow does not write; `beside` are chunks before the pixels."""
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *beside,
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def png_with(image: Image.Image, *beside: bytes) -> bytes:
    """A PNG of a picture, with chunks between its header and its pixels."""
    plain = encoded(image, "PNG")
    return plain[:33] + b"".join(beside) + plain[33:]


def tiff(
    pages: list[tuple[Image.Image, int]], *inner: tuple[Image.Image, int], planes: bool = False
) -> bytes:
    """A TIFF by hand: grey pages with their NewSubfileType; `inner` hang below the first page.
    `planes` says that samples are kept apart, which of one sample a pixel means nothing.
    """
    out = bytearray(b"II*\0" + bytes(4))
    inner_at = [_directory(out, image, kind, []) for image, kind in inner]
    link = 4
    for number, (image, kind) in enumerate(pages):
        at = _directory(out, image, kind, [] if number else inner_at, planes=planes)
        struct.pack_into("<I", out, link, at)
        (count,) = struct.unpack_from("<H", out, at)
        link = at + 2 + 12 * count
    return bytes(out)


def _directory(
    out: bytearray, image: Image.Image, kind: int, inner: list[int], *, planes: bool = False
) -> int:
    rows = image.convert("L").tobytes()
    rows_at = len(out)
    out += rows + bytes(len(rows) % 2)
    inner_at = len(out)
    out += struct.pack(f"<{len(inner)}I", *inner)
    fields = [
        (254, 4, 1, kind),
        (256, 4, 1, image.width),
        (257, 4, 1, image.height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, rows_at),
        (277, 3, 1, 1),
        (278, 4, 1, image.height),
        (279, 4, 1, len(rows)),
        (284, 3, 1, 2 if planes else 1),
    ]
    if inner:
        fields.append((330, 4, len(inner), inner[0] if len(inner) == 1 else inner_at))
    at = len(out)
    out += struct.pack("<H", len(fields))
    for field in fields:
        out += struct.pack("<HHII", *field)
    out += bytes(4)
    return at


def many_scans(scans: int, side: int = 1_000) -> bytes:
    """A progressive grey JPEG whose last scan is said again and again."""
    whole = encoded(Image.new("L", (side, side), 90), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * scans + b"\xff\xd9"
