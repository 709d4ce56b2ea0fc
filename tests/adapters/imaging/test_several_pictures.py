"""A file of several pictures is refused; a preview of the one is no picture of its own."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.errors import PhotographSeveral
from tests.adapters.imaging.files import drawing, encoded, png_with, tiff

READER = PillowReader()
RIGHT = drawing(0, 3, "OD")
LEFT = drawing(4, 4, "OS")
HALF = (RIGHT.width // 2, RIGHT.height // 2)
SMALL = RIGHT.resize(HALF, Image.Resampling.LANCZOS)
SMALL_LEFT = LEFT.resize(HALF, Image.Resampling.LANCZOS)


def frames(first: Image.Image, *others: Image.Image, default: bool = False) -> bytes:
    return encoded(first, "PNG", *others, save_all=True, default_image=default)


def mpo(first: Image.Image, *others: Image.Image) -> bytes:
    return encoded(first, "MPO", *others, save_all=True)


def joined(kind: str, *images: Image.Image, between: bytes = b"") -> bytes:
    return between.join(encoded(image, kind) for image in images)


@pytest.mark.parametrize(
    ("data", "count"),
    [
        pytest.param(encoded(RIGHT, "TIFF", LEFT, save_all=True), 2, id="pages"),
        pytest.param(
            encoded(RIGHT, "TIFF", LEFT, RIGHT, SMALL, save_all=True),
            4,
            id="four pages",
        ),
        pytest.param(
            encoded(RIGHT, "TIFF", LEFT, save_all=True, big_tiff=True),
            2,
            id="pages of a BigTIFF",
        ),
        pytest.param(
            encoded(RIGHT, "TIFF", SMALL_LEFT, save_all=True),
            2,
            id="a smaller page that shows something else",
        ),
        pytest.param(encoded(SMALL, "TIFF", RIGHT, save_all=True), 2, id="preview first"),
        pytest.param(tiff([(SMALL, 1), (RIGHT, 0)]), 2, id="preview first, and said so"),
        pytest.param(tiff([(RIGHT, 1), (LEFT, 1)]), 2, id="two of a size, said to be previews"),
        pytest.param(tiff([(RIGHT, 0)], (LEFT, 0)), 2, id="a page below a page"),
        pytest.param(tiff([(SMALL, 1)], (RIGHT, 0)), 2, id="the picture below its preview"),
        pytest.param(tiff([(RIGHT, 0)], (SMALL_LEFT, 0)), 2, id="a smaller page below a page"),
        pytest.param(mpo(RIGHT, LEFT), 2, id="MPO"),
        pytest.param(mpo(RIGHT, SMALL_LEFT), 2, id="MPO, the second smaller"),
        pytest.param(mpo(SMALL, RIGHT), 2, id="MPO, preview first"),
        pytest.param(frames(RIGHT, LEFT), 2, id="animated PNG"),
        pytest.param(frames(RIGHT, LEFT, SMALL_LEFT, default=True), 3, id="PNG, default apart"),
        pytest.param(frames(RIGHT, LEFT, default=True), 2, id="PNG, default and one frame"),
        pytest.param(joined("JPEG", RIGHT, LEFT), 2, id="a JPEG behind a JPEG"),
        pytest.param(joined("JPEG", RIGHT, LEFT, RIGHT, between=bytes(999)), 3, id="with gaps"),
        pytest.param(joined("JPEG", SMALL, RIGHT), 2, id="a JPEG behind its preview"),
        pytest.param(encoded(RIGHT, "JPEG")[:-2] + encoded(LEFT, "JPEG"), 2, id="no end between"),
        pytest.param(joined("PNG", RIGHT, LEFT), 2, id="a PNG behind a PNG"),
        pytest.param(encoded(RIGHT, "JPEG") + encoded(LEFT, "PNG"), 2, id="a PNG behind a JPEG"),
        pytest.param(joined("BMP", RIGHT, LEFT), 2, id="a BMP behind a BMP"),
        pytest.param(encoded(RIGHT, "BMP") + encoded(LEFT, "JPEG"), 2, id="a JPEG behind a BMP"),
        pytest.param(encoded(RIGHT, "PNG") + encoded(LEFT, "JPEG"), 2, id="a JPEG behind a PNG"),
    ],
)
def test_several_pictures_are_refused_by_their_number(data: bytes, count: int) -> None:
    with pytest.raises(PhotographSeveral, match=f"holds {count} pictures"):
        READER.decode(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(mpo(RIGHT, SMALL), id="MPO with its preview"),
        pytest.param(joined("JPEG", RIGHT, SMALL), id="a preview behind a JPEG"),
        pytest.param(joined("PNG", RIGHT, SMALL), id="a preview behind a PNG"),
        pytest.param(joined("BMP", RIGHT, SMALL), id="a preview behind a BMP"),
        pytest.param(encoded(RIGHT, "TIFF", SMALL, save_all=True), id="a page"),
        pytest.param(tiff([(RIGHT, 0), (SMALL, 1), (SMALL.reduce(2), 1)]), id="a pyramid"),
        pytest.param(tiff([(RIGHT, 0)], (SMALL.reduce(2), 1), (SMALL, 1)), id="pages below"),
        pytest.param(tiff([(RIGHT, 0), (RIGHT, 4)]), id="a mask"),
        pytest.param(tiff([(RIGHT, 1)]), id="a copy alone"),
        pytest.param(frames(RIGHT), id="an animation of one frame"),
        pytest.param(encoded(RIGHT, "JPEG") + b"\xff\xd8\xff" + bytes(5_000), id="no picture"),
        pytest.param(encoded(RIGHT, "JPEG") + b"ftypmp42" * 500, id="a film behind a JPEG"),
    ],
)
def test_a_preview_is_no_picture_of_its_own(data: bytes) -> None:
    photograph = READER.decode(data)
    assert (photograph.width, photograph.height) == RIGHT.size


def test_the_preview_that_exif_carries_is_none_either() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x927C] = encoded(SMALL_LEFT, "JPEG")
    assert READER.decode(encoded(RIGHT, "JPEG", exif=exif)).width == RIGHT.width


def test_a_gain_map_that_names_itself_is_no_picture() -> None:
    gain = encoded(RIGHT.convert("L").reduce(2), "JPEG")
    named = (
        gain[:2] + b"\xff\xe2" + (2 + 28).to_bytes(2) + b"urn:iso:std:iso:ts:21496:-1\0" + gain[2:]
    )
    assert READER.decode(encoded(LEFT, "JPEG") + named).width == LEFT.width


def test_a_preview_that_the_index_of_the_file_names_is_believed() -> None:
    # Cameras put bars beside a preview, so that it does not look like the photograph.
    barred = Image.new("RGB", HALF)
    barred.paste(SMALL.resize((HALF[0] // 2, HALF[1])), (HALF[0] // 4, 0))
    data = bytearray(mpo(RIGHT, barred))
    with pytest.raises(PhotographSeveral):
        READER.decode(bytes(data))
    with Image.open(io.BytesIO(bytes(data))) as opened:
        entries = opened.mpinfo[0xB002]  # type: ignore[attr-defined] # MPO alone has it
    second = entries[1]["DataOffset"].to_bytes(4, "little")
    entry = data.index(second) - 8
    data[entry : entry + 4] = (0x010001).to_bytes(4, "little")
    assert READER.decode(bytes(data)).width == RIGHT.width


def test_a_photograph_with_a_preview_behind_it_is_a_jpeg() -> None:
    assert READER.decode(mpo(RIGHT, SMALL)).media_type == "image/jpeg"


def test_comments_between_do_not_hide_a_second_picture() -> None:
    comment = b"\0\0\0\x08tEXtComment\0" + bytes(4)
    first = png_with(RIGHT, comment)
    with pytest.raises(PhotographSeveral):
        READER.decode(first + encoded(SMALL_LEFT, "PNG"))
