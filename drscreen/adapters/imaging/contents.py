"""How many pictures a file holds, and whether one of them stands for the whole."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from drscreen.adapters.imaging import jpeg_file, png_file, tiff_file
from drscreen.adapters.imaging.jpeg_file import JpegFile, all_rows_are_there
from drscreen.adapters.imaging.pictures import MAX_PICTURES, Picture, several
from drscreen.domain.errors import PhotographDamaged

_BEGINNINGS = re.compile(re.escape(jpeg_file.START) + b"|" + re.escape(png_file.SIGNATURE))
# Gain and depth maps that telephones hide behind a photograph name themselves in their header.
_NOT_PICTURES = (b"urn:iso:std:iso:ts:21496", b"hdrgm:", b"HDRGainMap", b"AVDepthData")
_BMP, _BMP_HEADER = b"BM", 26
_COMPARED_SIDE = 48
# Of 106 photographs copies of 160 and 200 pixels, JPEG of quality 50 to 80, differed by up to 2.3
# grey levels in the mean and 51 anywhere. Among the photographs no two were nearer than 6.7 and 63;
# drawings of one eye with and without lesions differed by up to 2.3, but somewhere by 55 or more.
_SAME_MEAN = 5.0
_SAME_ANYWHERE = 52
# What libjpeg paints where rows are missing: all coefficients zero.
_FILLED = 128


@dataclass(frozen=True, slots=True)
class Contents:
    """`data` is what to decode of the `file`: as much as its pixels need.

    `pictures` begins with the one that a decoder takes; it is empty where nothing was recognised.
    `brightest` is the highest value that samples can have, 0 where the file does not say.
    """

    file: bytes
    data: bytes
    pictures: tuple[Picture, ...] = ()
    jpeg: JpegFile | None = None
    brightest: int = 0

    @property
    def is_recognised(self) -> bool:
        """Whether it begins as one of the formats that are looked into."""
        return self.file.startswith((jpeg_file.START, png_file.SIGNATURE, *tiff_file.SIGNATURES))

    @property
    def is_of_another_kind(self) -> bool:
        """Whether its structure is sound, so that a decoder that does not know it misses a kind
        (JPEG of 12 bits, TIFF of 10 or of floating-point colours) and no bytes.
        """
        if self.jpeg is not None:
            return self.jpeg.has_end and self.jpeg.scans > 0
        return self.file.startswith(tiff_file.SIGNATURES) and bool(self.pictures)

    def refuse_unless_one(self) -> None:
        """By sizes alone, before anything is decoded. Raises `PhotographSeveral`."""
        first, *others = self.pictures or (None,)
        if first and not all(other.is_clearly_smaller_than(first) for other in others if other):
            raise several(len(self.pictures))

    def refuse_unless_whole(self, shown: Image.Image | None = None) -> None:
        """A JPEG without its end mark, or without all its scans, or whose last corner is the grey
        that libjpeg paints in `shown`. Raises `PhotographDamaged`.
        """
        jpeg = self.jpeg
        if jpeg is None:
            return
        if shown is None:
            whole = jpeg.is_complete and (jpeg.has_end or all_rows_are_there(self.file, jpeg))
        else:
            whole = not _ends_in_grey(shown) or all_rows_are_there(self.file, jpeg)
        if not whole:
            raise PhotographDamaged("The picture breaks off: rows of it are missing.")

    def refuse_unless_previews(self, shown: Image.Image) -> None:
        """The smaller ones are previews if the file says so, or if they look like `shown`, the
        first one as stored. Raises `PhotographSeveral`.
        """
        for other in self.pictures[1:]:
            if not other.is_preview and not _is_copy(self.file, other, shown):
                raise several(len(self.pictures))


def examine(data: bytes) -> Contents:
    """Find pictures and limits without decoding; about a millisecond for a photograph of 2 MB.

    Raises `PhotographTakesTooLong`. A JPEG without its end mark is given one: `rows_are_there` says
    whether its rows are whole.
    """
    if data.startswith(jpeg_file.START):
        return _jpeg(data)
    if data.startswith(png_file.SIGNATURE):
        return _png(data)
    if data.startswith(tiff_file.SIGNATURES):
        tiff = tiff_file.read_tiff(data)
        return Contents(data, data, tiff.pictures, brightest=tiff.brightest)
    if data.startswith(_BMP) and len(data) >= _BMP_HEADER:
        return _bmp(data)
    return Contents(data, data)


def _jpeg(data: bytes) -> Contents:
    jpeg = jpeg_file.read_jpeg(data)
    first = Picture(jpeg.width, jpeg.height)
    behind = _behind(data, jpeg.end, jpeg_file.declared_previews(jpeg))
    ended = data if jpeg.has_end else data[: jpeg.end] + jpeg_file.END_MARK
    return Contents(data, ended, (first, *behind), jpeg)


def _png(data: bytes) -> Contents:
    png = png_file.read_png(data)
    frames = (Picture(png.width, png.height),) * png.pictures
    brightest = (1 << max(png.significant)) - 1 if png.significant else 0
    return Contents(data, png.plain, (*frames, *_behind(data, png.end)), brightest=brightest)


def _bmp(data: bytes) -> Contents:
    # A size of its own is optional; without one everything behind the header is looked through.
    size, width, height = struct.unpack_from("<2xI12xii", data)
    end = size if _BMP_HEADER <= size <= len(data) else _BMP_HEADER
    first = Picture(abs(width), abs(height))
    second: tuple[Picture, ...] = ()
    if len(data) >= end + _BMP_HEADER and data.startswith(_BMP, end):
        _, width, height = struct.unpack_from("<2xI12xii", data, end)
        second = (Picture(abs(width), abs(height), end, len(data)),)
    return Contents(data, data, (first, *second, *_behind(data, end)))


def _behind(data: bytes, end: int, previews: Container[int] = ()) -> Iterator[Picture]:
    """Every picture that begins behind the first one's end; `previews` are called so where they
    begin.
    """
    found = 0
    while (beginning := _BEGINNINGS.search(data, end)) and found < MAX_PICTURES:
        found += 1
        start = beginning.start()
        end = beginning.end()
        if data.startswith(png_file.SIGNATURE, start):
            png = png_file.read_png(data, start)
            if png.width and png.height:
                end = png.end
                yield from [Picture(png.width, png.height, start, end)] * png.pictures
            continue
        jpeg = jpeg_file.read_jpeg(data, start)
        if jpeg.width and jpeg.height and jpeg.scans:
            end = max(end, jpeg.end)
            header = data[start : jpeg.header_end]
            if not any(name in header for name in _NOT_PICTURES):
                preview = start in previews
                yield Picture(jpeg.width, jpeg.height, start, jpeg.end, is_preview=preview)


def _is_copy(data: bytes, other: Picture, shown: Image.Image) -> bool:
    if other.page is None and not other.end:
        return False
    piece = data if other.page is not None else data[other.start : other.end]
    try:
        with Image.open(io.BytesIO(piece), formats=("JPEG", "PNG", "TIFF", "BMP")) as opened:
            if other.page:
                opened.seek(other.page)
            small = _small(opened)
    except (OSError, SyntaxError, ValueError, EOFError):
        return False
    difference = np.abs(small - _small(shown))
    return bool(difference.mean() <= _SAME_MEAN and difference.max() <= _SAME_ANYWHERE)


def _small(image: Image.Image) -> npt.NDArray[np.float32]:
    side = (_COMPARED_SIDE, _COMPARED_SIDE)
    return np.asarray(image.convert("RGB").resize(side, Image.Resampling.BOX), np.float32)


def _ends_in_grey(shown: Image.Image) -> bool:
    corner = shown.getpixel((shown.width - 1, shown.height - 1))
    return corner in (_FILLED, (_FILLED,) * 3)
