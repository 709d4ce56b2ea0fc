"""Files to pixels through Pillow, with limits and one clear error for each thing that can be wrong.

Formats are named explicitly, so that Pillow's many rarely used decoders are never reached by a
hostile file.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from drscreen.adapters.imaging.field_of_view import from_image, prepare_square
from drscreen.domain.errors import (
    PhotographDamaged,
    PhotographEmpty,
    PhotographFormatUnsupported,
    PhotographNotFound,
    PhotographTooLarge,
    PhotographTooSmall,
)
from drscreen.domain.image import DecodedPhotograph, InputSpec, RgbImage

FORMATS = ("JPEG", "PNG", "TIFF", "BMP")
#: The largest fundus cameras write about 50 megapixels; an uncompressed 16-bit TIFF of that size
#: is 300 MB.
MAX_BYTES = 320_000_000
MAX_PIXELS = 80_000_000
#: Below this a retina's vessels cannot be told apart.
MIN_SIDE = 96
#: Screening needs no more than this many pixels on the short side: networks look at 512 or fewer.
DECODED_SHORT_SIDE = 768

# What Pillow raises for files that break off or lie about themselves.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
    MemoryError,
)

# EXIF 2.32, tag 0x0112: how the stored rows must be turned to stand upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUARTER_TURNS = {_TURNS[orientation] for orientation in (5, 6, 7, 8)}

# Pillow warns of large pictures, which MAX_PIXELS refuses, and of odd tags, which are not used: on
# a clinic's screen both are only noise.
warnings.filterwarnings("ignore", module=r"PIL\..*")


class PillowReader:
    """`drscreen.domain.ports.PhotographReader`. Any thread; holds no state."""

    def read(self, path: Path) -> bytes:
        """The file's bytes, at most `MAX_BYTES`."""
        try:
            size = path.stat().st_size
            if not path.is_file():
                raise PhotographNotFound("That is not a file.")
            if size > MAX_BYTES:
                raise PhotographTooLarge(
                    f"The file has more than {MAX_BYTES // 1_000_000} megabytes."
                )
            data = path.read_bytes()
        except OSError as error:
            raise PhotographNotFound("The file cannot be found or opened.") from error
        if not data:
            raise PhotographEmpty("The file is empty.")
        return data

    def decode(self, data: bytes) -> DecodedPhotograph:
        """Decode, orient, bring to 8-bit sRGB; large files no larger than screening needs."""
        with _opened(data) as opened:
            return self._decode_opened(opened, data)

    def whole(self, data: bytes) -> RgbImage:
        """Every pixel of the file, upright, 8-bit sRGB: for people to look at."""
        with _opened(data) as opened:
            turn = _turn(opened)
            rgb = _to_srgb(opened)
            return from_image(rgb if turn is None else rgb.transpose(turn))

    def prepare(self, image: RgbImage, spec: InputSpec) -> RgbImage:
        """See `field_of_view.prepare_square`."""
        return prepare_square(image, spec)

    def _decode_opened(self, opened: Image.Image, data: bytes) -> DecodedPhotograph:
        full = opened.size
        if min(full) < MIN_SIDE:
            raise PhotographTooSmall(
                f"The picture has {full[0]} x {full[1]} pixels; at least {MIN_SIDE} a side are "
                "needed."
            )
        media_type = Image.MIME.get(opened.format or "", "application/octet-stream")
        factor = max(1, min(full) // DECODED_SHORT_SIDE)
        if factor > 1:
            # libjpeg scales by 1/2, 1/4 or 1/8 while decoding and never below what is asked for.
            opened.draft(None, (full[0] // factor, full[1] // factor))
        opened.load()
        turn = _turn(opened)
        rgb = _to_srgb(opened)
        rest = max(1, min(rgb.size) // DECODED_SHORT_SIDE)
        if rest > 1:
            rgb = rgb.reduce(rest)
        width, height = full
        if turn is not None:
            rgb = rgb.transpose(turn)
            width, height = reversed(full) if turn in _QUARTER_TURNS else full
        return DecodedPhotograph(
            sha256=hashlib.sha256(data).hexdigest(),
            media_type=media_type,
            width=width,
            height=height,
            image=from_image(rgb),
            scale=rgb.width / width,
        )


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The file as Pillow opens it, its pixels not yet read; within, every way in which a picture
    can be wrong is a `PhotographError`.
    """
    if not data:
        raise PhotographEmpty("The file is empty.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PhotographTooLarge(_too_many_pixels())
            yield opened
    except UnidentifiedImageError as error:
        raise PhotographFormatUnsupported(
            "The file is not a JPEG, PNG, TIFF or BMP picture."
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotographTooLarge(_too_many_pixels()) from error
    except _DAMAGE as error:
        raise PhotographDamaged("The picture breaks off or is damaged.") from error


def _too_many_pixels() -> str:
    return f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels."


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What the EXIF orientation asks for; an unreadable EXIF block counts as none."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except _DAMAGE:
        return None


def _to_srgb(image: Image.Image) -> Image.Image:
    """Any mode to 8-bit RGB in sRGB. Alpha is laid over black."""
    profile = image.info.get("icc_profile")
    rgb = _without_alpha(_to_eight_bits(image))
    if profile:
        rgb = _from_profile(rgb, profile)
    return rgb if rgb.mode == "RGB" else rgb.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """16-bit and 32-bit integer grey to 8 bits by their full range; others unchanged."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "I":
        values = np.asarray(image)
        return Image.fromarray(np.clip(values >> 8, 0, 255).astype(np.uint8))
    if image.mode == "F":
        raise PhotographFormatUnsupported("Pictures of floating-point numbers are not read.")
    return image


def _without_alpha(image: Image.Image) -> Image.Image:
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in {"RGBA", "LA", "PA"}:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba).convert(
            "RGB"
        )
    return image


def _from_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Colours through the embedded profile; one that cannot be used counts as sRGB."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return converted if converted is not None else image
