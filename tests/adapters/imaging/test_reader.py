from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.imaging.reader import DECODED_SHORT_SIDE, PillowReader
from drscreen.domain.errors import (
    PhotographDamaged,
    PhotographEmpty,
    PhotographError,
    PhotographFormatUnsupported,
    PhotographNotFound,
    PhotographTooLarge,
    PhotographTooSmall,
)
from drscreen.domain.grading import Grade
from drscreen.domain.image import DecodedPhotograph, Laterality
from tests.adapters.imaging.files import encoded, png, tiff

READER = PillowReader()


@pytest.fixture(scope="module")
def phantom() -> Image.Image:
    drawing = draw_phantom(Grade.MODERATE, seed=3, eye=Laterality.OD, size=300)
    return Image.frombytes("RGB", (drawing.width, drawing.height), drawing.pixels)


def pixels(photograph: DecodedPhotograph) -> npt.NDArray[Any]:
    image = photograph.image
    return np.frombuffer(image.pixels, np.uint8).reshape(image.height, image.width, 3).astype(int)


def difference(photograph: DecodedPhotograph, original: Image.Image) -> float:
    return float(np.abs(pixels(photograph) - np.asarray(original.convert("RGB"))).mean())


@pytest.mark.parametrize(("kind", "most"), [("PNG", 0), ("TIFF", 0), ("BMP", 0), ("JPEG", 4)])
def test_each_format_gives_the_same_picture(phantom: Image.Image, kind: str, most: float) -> None:
    photograph = READER.decode(encoded(phantom, kind))
    assert (photograph.width, photograph.height) == phantom.size
    assert difference(photograph, phantom) <= most


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "PNG"), ("L", "JPEG"), ("P", "PNG"), ("1", "PNG")]
)
def test_grey_and_palette_pictures_become_rgb(phantom: Image.Image, mode: str, kind: str) -> None:
    picture = phantom.convert(mode)
    assert difference(READER.decode(encoded(picture, kind)), picture) < 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_range(phantom: Image.Image, kind: str) -> None:
    grey = np.asarray(phantom.convert("L"))
    picture = Image.fromarray(grey.astype(np.uint16) * 257)
    assert difference(READER.decode(encoded(picture, kind)), phantom.convert("L")) <= 1


def test_sixteen_bit_colour_png_is_read() -> None:
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">HHH", 40000, 20000, 10000) for _ in range(100))
        for _ in range(100)
    )

    header = struct.pack(">IIBBBBB", 100, 100, 16, 2, 0, 0, 0)
    photograph = READER.decode(png(header, rows))
    assert pixels(photograph)[50, 50] == pytest.approx([156, 78, 39], abs=1)


def test_transparency_is_laid_over_black(phantom: Image.Image) -> None:
    clear = phantom.convert("RGBA")
    clear.putalpha(0)
    assert pixels(READER.decode(encoded(clear, "PNG"))).max() == 0
    opaque = phantom.convert("RGBA")
    assert difference(READER.decode(encoded(opaque, "PNG")), phantom) == 0


def test_cmyk_jpeg_keeps_its_colours(phantom: Image.Image) -> None:
    assert difference(READER.decode(encoded(phantom.convert("CMYK"), "JPEG")), phantom) < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = Image.new("RGB", (120, 100))
    upright.paste((255, 0, 0), (0, 0, 60, 50))
    # How a camera that says `orientation` stores this picture: the inverse of what readers apply.
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    photograph = READER.decode(encoded(stored, "JPEG", exif=exif, quality=95))
    assert (photograph.width, photograph.height) == (120, 100)
    assert (photograph.image.width, photograph.image.height) == (120, 100)
    assert pixels(photograph)[20, 20][0] > 200
    assert pixels(photograph)[80, 100].max() < 50


def test_an_embedded_profile_is_used(phantom: Image.Image) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert difference(READER.decode(encoded(phantom, "PNG", icc_profile=srgb)), phantom) == 0
    # A profile that does not fit the picture, or is nonsense, counts as none.
    for useless in (lab, b"not a profile"):
        assert difference(READER.decode(encoded(phantom, "PNG", icc_profile=useless)), phantom) == 0


def test_a_camera_sized_photograph_is_decoded_no_larger_than_needed(phantom: Image.Image) -> None:
    large = phantom.resize((4752, 3168))
    photograph = READER.decode(encoded(large, "JPEG"))
    assert (photograph.width, photograph.height) == (4752, 3168)
    assert DECODED_SHORT_SIDE <= photograph.image.height < 2 * DECODED_SHORT_SIDE
    assert photograph.scale == pytest.approx(photograph.image.width / 4752)


def test_a_picture_for_the_screen_is_whole_or_as_small_as_is_asked(phantom: Image.Image) -> None:
    large = phantom.resize((3000, 2000))
    for kind in ("JPEG", "PNG"):
        data = encoded(large, kind)
        whole, small = READER.whole(data), READER.whole(data, side=112)
        assert (whole.width, whole.height) == large.size
        assert 112 <= small.height < 224


def test_decoding_repeats_bit_for_bit(phantom: Image.Image) -> None:
    data = encoded(phantom.resize((2000, 1500)), "JPEG")
    assert READER.decode(data) == READER.decode(data)


# --- bad input -----------------------------------------------------------------------------


def test_a_missing_file_and_a_folder_are_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(PhotographNotFound):
            READER.read(path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()
    with pytest.raises(PhotographEmpty):
        READER.read(path)


@pytest.mark.parametrize(
    "data", [b"this is a text renamed to .jpg\n" * 50, b"%PDF-1.7 ", b"GIF89a" + bytes(200)]
)
def test_what_is_no_photograph_is_not_supported(data: bytes) -> None:
    with pytest.raises(PhotographFormatUnsupported):
        READER.decode(data)


def test_pictures_of_floating_point_numbers_are_not_supported() -> None:
    floats = Image.fromarray(np.zeros((200, 200), np.float32))
    with pytest.raises(PhotographFormatUnsupported):
        READER.decode(encoded(floats, "TIFF"))


def test_pictures_of_32_bit_numbers_are_not_supported() -> None:
    wide = Image.fromarray(np.full((200, 200), 200 << 24, np.uint32).astype(np.int32))
    with pytest.raises(PhotographFormatUnsupported):
        READER.decode(encoded(wide, "TIFF"))
    narrow = Image.fromarray(np.full((200, 200), 200 << 8, np.int32))
    assert pixels(READER.decode(encoded(narrow, "TIFF"))).mean() == 200


def retagged(data: bytes, *fields: tuple[int, int]) -> bytes:
    """A grey TIFF of `tiff` that says other things of itself."""
    changed = bytearray(data)
    for tag, value in fields:
        at = changed.index(struct.pack("<HHI", tag, 3, 1))
        struct.pack_into("<I", changed, at + 8, value)
    return bytes(changed)


@pytest.mark.parametrize("bits", [10, 24])
def test_a_kind_of_tiff_that_is_not_read_is_not_called_damaged(bits: int) -> None:
    with pytest.raises(PhotographFormatUnsupported, match="kind"):
        READER.decode(retagged(tiff([(PLAIN, 0)]), (258, bits)))


def test_colours_of_sixteen_bits_kept_apart_are_not_read_wrongly() -> None:
    # Pillow reads the planes as planes of bytes: the retina twice, side by side.
    planes = tiff([(Image.new("L", (200, 200), 90), 0)], planes=True)
    assert READER.decode(planes).width == 200
    with pytest.raises(PhotographFormatUnsupported, match="apart"):
        READER.decode(retagged(planes, (258, 16)))


def test_a_negative_is_read_as_what_it_shows_or_not_at_all() -> None:
    # Pillow turns round bytes of grey whose zero is white, and forgets to where they have 16 bits.
    negative = retagged(tiff([(Image.new("L", (200, 200), 55), 0)]), (262, 0))
    assert pixels(READER.decode(negative)).mean() == 200
    with pytest.raises(PhotographFormatUnsupported, match="white"):
        READER.decode(retagged(negative, (258, 16)))


def test_a_truncated_jpeg_is_damaged(phantom: Image.Image) -> None:
    data = encoded(phantom, "JPEG")
    with pytest.raises(PhotographDamaged):
        READER.decode(data[: len(data) // 2])


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    # 30,000 x 30,000 pixels of one colour: 110 kB on the disk, 2.7 GB in memory.
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    with pytest.raises(PhotographTooLarge):
        READER.decode(png(header, bytes(100_000)))


def test_more_pixels_than_any_fundus_camera_writes() -> None:
    with pytest.raises(PhotographTooLarge):
        READER.decode(encoded(Image.new("1", (10_000, 9_000)), "PNG"))


@pytest.mark.parametrize("size", [(1, 1), (95, 500), (500, 95)])
def test_a_speck_is_too_small(size: tuple[int, int]) -> None:
    with pytest.raises(PhotographTooSmall):
        READER.decode(encoded(Image.new("RGB", size), "PNG"))


PLAIN = Image.radial_gradient("L").convert("RGB")
OTHERS = (PLAIN.reduce(2), PLAIN.rotate(9))
SEEDS = {
    "JPEG": encoded(PLAIN, "JPEG"),
    "progressive": encoded(PLAIN, "JPEG", progressive=True),
    "MPO": encoded(PLAIN, "MPO", *OTHERS, save_all=True),
    "PNG": encoded(PLAIN, "PNG"),
    "animated": encoded(PLAIN, "PNG", *OTHERS, save_all=True),
    "TIFF": encoded(PLAIN, "TIFF"),
    "pages": encoded(PLAIN, "TIFF", *OTHERS, save_all=True),
    "BigTIFF": encoded(PLAIN, "TIFF", *OTHERS, save_all=True, big_tiff=True),
    "BMP": encoded(PLAIN, "BMP"),
}


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_file_spoilt_anywhere_gives_a_picture_or_a_clear_error(
    data: st.DataObject,
) -> None:
    whole = bytearray(SEEDS[data.draw(st.sampled_from(sorted(SEEDS)))])
    whole = whole[: data.draw(st.integers(1, len(whole)))]
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, min(len(whole) - 1, 700)))] = data.draw(st.integers(0, 255))
    try:
        READER.decode(bytes(whole))
    except PhotographError as error:
        assert error.code
        assert error.message


def test_a_bigtiff_that_points_beyond_all_files_is_damaged() -> None:
    data = bytearray(SEEDS["BigTIFF"])
    data[8:16] = b"\xff" * 8
    with pytest.raises(PhotographDamaged):
        READER.decode(bytes(data))


def test_a_tiff_compressed_in_a_way_that_is_not_read_is_not_called_damaged() -> None:
    data = bytearray(tiff([(PLAIN, 0)]))
    place = data.index(struct.pack("<HHII", 259, 3, 1, 1))
    struct.pack_into("<HHII", data, place, 259, 3, 1, 50001)  # WebP
    with pytest.raises(PhotographFormatUnsupported, match="compressed"):
        READER.decode(bytes(data))
