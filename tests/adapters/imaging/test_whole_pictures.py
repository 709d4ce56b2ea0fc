"""What decides whether a picture is whole is its pixels, and neither what stands beside them nor a
missing end mark.
"""

from __future__ import annotations

import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.errors import PhotographDamaged, PhotographError
from tests.adapters.imaging.files import chunk, drawing, encoded, png, png_with

READER = PillowReader()
DRAWING = drawing(2, 5, size=301)
BASELINE = encoded(DRAWING, "JPEG")
RESTARTS = encoded(DRAWING, "JPEG", restart_marker_rows=1)
JPEGS = [
    pytest.param(BASELINE, id="baseline"),
    pytest.param(encoded(DRAWING, "JPEG", progressive=True), id="progressive"),
    pytest.param(encoded(DRAWING, "JPEG", subsampling=0, quality=97), id="4:4:4"),
    pytest.param(encoded(DRAWING.convert("L"), "JPEG"), id="grey"),
    pytest.param(RESTARTS, id="with restart marks"),
]


def pixels(data: bytes) -> bytes:
    return READER.decode(data).image.pixels


def is_refused(data: bytes) -> bool:
    try:
        READER.decode(data)
    except PhotographDamaged:
        return True
    return False


# --- beside the pixels ---------------------------------------------------------------------

BOMB = zlib.compress(b"0" * 3_000_000)


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param(chunk(b"zTXt", b"Raw profile type APP1\0\0" + BOMB), id="zTXt"),
        pytest.param(chunk(b"zTXt", b"Raw profile type exif\0\0" + BOMB), id="zTXt for EXIF"),
        pytest.param(chunk(b"iTXt", b"Comment\0\1\0\0\0" + BOMB), id="iTXt"),
        pytest.param(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB), id="iTXt for XMP"),
        pytest.param(chunk(b"tEXt", b"Comment\0" + b"0" * 3_000_000), id="tEXt"),
        pytest.param(chunk(b"tEXt", b"no end of the keyword"), id="tEXt without keyword"),
        pytest.param(chunk(b"iCCP", b"profile\0\0" + BOMB), id="iCCP"),
        pytest.param(chunk(b"iCCP", b"profile\0\0not packed"), id="iCCP, damaged"),
        pytest.param(chunk(b"eXIf", b"Exif" * 400_000), id="eXIf"),
        pytest.param(chunk(b"prVt", bytes(3_000_000)), id="a private chunk"),
        pytest.param(chunk(b"pHYs", b"short"), id="pHYs, too short"),
        pytest.param(chunk(b"tEXt", b"Comment\0text")[:-4] + b"torn", id="a wrong checksum"),
    ],
)
def test_what_stands_beside_the_pixels_of_a_png_does_not_matter(beside: bytes) -> None:
    plain = encoded(DRAWING, "PNG")
    assert pixels(png_with(DRAWING, beside)) == DRAWING.tobytes()
    assert pixels(plain[:-12] + beside + plain[-12:]) == DRAWING.tobytes()


def test_a_png_is_turned_as_the_text_of_older_programs_asks() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes()
    text = "\nexif\n" + f"{len(block):8}\n" + block.hex()
    named = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text.encode()))
    photograph = READER.decode(png_with(DRAWING, named))
    assert (photograph.width, photograph.height) == (DRAWING.height, DRAWING.width)


def test_a_jpeg_with_long_comments_is_whole() -> None:
    comment = b"\xff\xfe\xff\xff" + bytes(65_533)
    assert pixels(BASELINE[:2] + comment * 40 + BASELINE[2:]) == pixels(BASELINE)


# --- the end -------------------------------------------------------------------------------


@pytest.mark.parametrize("data", JPEGS)
@pytest.mark.parametrize("tail", [b"", b"\xff", bytes(600), b"\xff\xff\xff"])
def test_a_jpeg_without_its_end_mark_is_whole(data: bytes, tail: bytes) -> None:
    assert pixels(data[:-2] + tail) == pixels(data)


@pytest.mark.parametrize("data", JPEGS)
def test_a_jpeg_cut_within_its_rows_is_refused(data: bytes) -> None:
    rows = data.index(b"\xff\xda") + 14
    places = random.Random(12).sample(range(rows, len(data) - 60), 30)
    assert [place for place in places if not is_refused(data[:place])] == []


def test_an_end_mark_behind_a_cut_makes_it_no_more_whole() -> None:
    for data in (BASELINE, RESTARTS):
        rows = data.index(b"\xff\xda") + 14
        places = random.Random(13).sample(range(rows, len(data) - 60), 30)
        ended = [data[:place] + b"\xff\xd9" for place in places]
        assert [len(data) for data in ended if not is_refused(data)] == []


@pytest.mark.parametrize("data", JPEGS)
def test_a_jpeg_cut_in_its_last_bytes_is_whole_or_refused(data: bytes) -> None:
    # Bits of the last block may be missing that no pixel needs.
    for cut in range(3, 120):
        if not is_refused(data[:-cut]):
            assert np.array_equal(np.frombuffer(pixels(data[:-cut])), np.frombuffer(pixels(data)))


def test_a_jpeg_cut_at_a_restart_mark_is_refused() -> None:
    marks = [at for at in range(len(RESTARTS) - 1) if RESTARTS[at] == 0xFF]
    marks = [at for at in marks if 0xD0 <= RESTARTS[at + 1] <= 0xD7]
    assert marks
    for at in marks:
        for end in (b"", b"\xff\xd9"):
            assert is_refused(RESTARTS[:at] + end)
            assert is_refused(RESTARTS[: at + 2] + end)


def test_a_progressive_jpeg_that_lacks_a_scan_is_refused() -> None:
    whole = encoded(DRAWING, "JPEG", progressive=True)
    scans = [at for at in range(len(whole)) if whole.startswith(b"\xff\xda", at)]
    assert len(scans) == 10
    for at in scans:
        # Each scan has its own table of codes before it.
        for cut in (at, whole.rindex(b"\xff\xc4", 0, at)):
            assert is_refused(whole[:cut])
            assert is_refused(whole[:cut] + b"\xff\xd9")


def test_a_copy_laid_out_and_filled_half_is_refused() -> None:
    half = len(BASELINE) // 2
    assert is_refused(BASELINE[:half] + bytes(len(BASELINE) - half))


def test_a_picture_that_is_grey_in_the_corner_is_whole() -> None:
    grey = Image.new("RGB", (300, 200), (128, 128, 128))
    assert pixels(encoded(grey, "JPEG")) == grey.tobytes()


@pytest.mark.parametrize(("kind", "behind"), [("PNG", 16), ("BMP", 1)])
def test_what_lacks_only_its_last_bytes_is_whole(kind: str, behind: int) -> None:
    # PNG ends in a checksum and an end mark; 301 pixels of a BMP in a byte of padding.
    data = encoded(DRAWING, kind)
    assert pixels(data[:-behind]) == DRAWING.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_what_lacks_rows_is_refused(kind: str) -> None:
    data = encoded(DRAWING, kind)
    for cut in (40, 400, len(data) // 3):
        assert is_refused(data[:-cut])


@pytest.mark.parametrize(
    "beginning", [b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\x89PNG\r\n\x1a\n", b"II*\0"]
)
def test_what_breaks_off_in_its_header_is_called_damaged(beginning: bytes) -> None:
    with pytest.raises(PhotographDamaged):
        READER.decode(beginning)


# --- fewer bits than there is room for -----------------------------------------------------


def test_twelve_bits_in_sixteen_are_as_bright_as_the_camera_saw_them() -> None:
    grey = np.asarray(drawing(0, 1, size=200).convert("L"))
    samples = (grey.astype(np.uint16) << 4) | (grey >> 4)
    picture = Image.fromarray(samples)
    named = encoded(picture, "PNG")
    as_png = named[:33] + chunk(b"sBIT", b"\x0c") + named[33:]
    as_tiff = encoded(picture, "TIFF", tiffinfo={281: 4095})
    for data in (as_png, as_tiff):
        seen = np.frombuffer(pixels(data), np.uint8).reshape(*grey.shape, 3)[..., 0]
        assert np.abs(seen.astype(int) - grey).max() <= 1


def test_sixteen_bits_that_follow_the_standard_are_left_as_they_are() -> None:
    # PNG asks for samples of 12 bits to be stretched to 16, so sBIT says nothing of brightness.
    picture = Image.fromarray(np.full((120, 120), 40_000, np.uint16))
    named = encoded(picture, "PNG")
    assert pixels(named[:33] + chunk(b"sBIT", b"\x0c") + named[33:])[0] == 156
    # MaxSampleValue is the brightest sample, and not to change how a picture looks.
    dim = Image.fromarray(np.full((120, 120), 20_000, np.uint16))
    assert pixels(encoded(dim, "TIFF", tiffinfo={281: 20_000}))[0] == 78


def test_twelve_bits_of_colour_in_sixteen() -> None:
    header = struct.pack(">IIBBBBB", 100, 100, 16, 2, 0, 0, 0)
    dim = (b"\0" + struct.pack(">HHH", 4000, 2000, 1000) * 100) * 100
    seen = pixels(png(header, dim, chunk(b"sBIT", b"\x0c\x0c\x0c")))
    assert list(seen[:3]) == pytest.approx([249, 125, 62], abs=1)
    full = (b"\0" + struct.pack(">HHH", 64000, 2000, 1000) * 100) * 100
    seen = pixels(png(header, full, chunk(b"sBIT", b"\x0c\x0c\x0c")))
    assert list(seen[:3]) == [250, 7, 3]


def test_no_cut_ends_in_anything_but_a_picture_or_a_clear_error() -> None:
    for kind in ("JPEG", "PNG", "TIFF", "BMP"):
        data = encoded(DRAWING, kind)
        for place in range(0, len(data), max(1, len(data) // 60)):
            try:
                READER.decode(data[:place])
            except PhotographError as error:
                assert error.message
