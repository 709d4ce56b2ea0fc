"""What no camera writes is refused before it costs time or memory."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.errors import PhotographTakesTooLong, PhotographTooNarrow
from tests.adapters.imaging.files import chunk, drawing, encoded, many_scans, png_with, tiff

READER = PillowReader()


def test_a_jpeg_of_many_scans_is_refused_and_one_of_many_tries_is_read() -> None:
    with pytest.raises(PhotographTakesTooLong, match="passes"):
        READER.decode(many_scans(200))
    assert READER.decode(many_scans(60)).width == 1_000


def test_scans_hidden_inside_a_tiff_count_too() -> None:
    scans = many_scans(400, side=200)
    data = bytearray(encoded(Image.new("L", (200, 200)), "TIFF", compression="jpeg"))
    with pytest.raises(PhotographTakesTooLong):
        READER.decode(bytes(data) + scans)


def test_a_file_of_crumbs_is_refused() -> None:
    with pytest.raises(PhotographTakesTooLong, match="parts"):
        READER.decode(png_with(drawing(), chunk(b"prVt", b"") * 60_000))
    jpeg = encoded(drawing(), "JPEG")
    with pytest.raises(PhotographTakesTooLong, match="parts"):
        READER.decode(jpeg[:2] + b"\xff\xfe\0\2" * 60_000 + jpeg[2:])


def test_a_tiff_whose_pages_go_round_in_a_ring_ends() -> None:
    data = bytearray(tiff([(drawing(), 0)]))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    assert READER.decode(bytes(data)).width == drawing().width


@pytest.mark.parametrize("size", [(100, 1_000), (8_000, 99)])
def test_a_strip_is_no_photograph(size: tuple[int, int]) -> None:
    with pytest.raises(PhotographTooNarrow):
        READER.decode(encoded(Image.new("RGB", size), "PNG"))


def test_a_large_transparent_picture_is_not_copied_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    laid_over = []
    composite = Image.Image.alpha_composite

    def noted(image: Image.Image, other: Image.Image) -> None:
        laid_over.append(image.width * image.height)
        composite(image, other)

    monkeypatch.setattr(Image.Image, "alpha_composite", noted)
    READER.decode(encoded(Image.new("RGBA", (4_000, 4_000)), "PNG", compress_level=1))
    assert sum(laid_over) == 16_000_000
    assert max(laid_over) <= 4_000_000
