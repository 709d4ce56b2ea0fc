"""Files to pixels through Pillow, with limits and one clear error for each thing that can be wrong.

Formats are named explicitly, so that Pillow's many rarely used decoders are never reached by a
hostile file. In the program a file of somebody's is decoded by this in a process of its own, see
`decoder_process`; training and measuring read their data sets with it as it is.
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

from PIL import ExifTags, Image, UnidentifiedImageError

from drscreen.adapters.imaging.colours import stretched, to_srgb
from drscreen.adapters.imaging.contents import Contents, examine
from drscreen.adapters.imaging.field_of_view import from_image, prepare_square
from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import (
    PhotographDamaged,
    PhotographEmpty,
    PhotographFormatUnsupported,
    PhotographNotFound,
    PhotographTakesTooMuchMemory,
    PhotographTooLarge,
    PhotographTooNarrow,
    PhotographTooSmall,
)
from drscreen.domain.image import DecodedPhotograph, InputSpec, RgbImage
from drscreen.regular_files import LargerThanPossible, NotRegular, read_regular

FORMATS = ("JPEG", "PNG", "TIFF", "BMP")
#: By Pillow's names; a JPEG with previews behind it is MPO to Pillow and a JPEG to everybody else.
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
}
#: The largest fundus cameras write about 50 megapixels; an uncompressed 16-bit TIFF of that size
#: is 300 MB.
MAX_BYTES = 320_000_000
MAX_PIXELS = 80_000_000
#: Below this a retina's vessels cannot be told apart.
MIN_SIDE = 96
#: Frames of cameras and telephones are up to 2.4 times as long as wide, panoramas of them 6 times.
MAX_ASPECT = 8
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
            data = read_regular(path, MAX_BYTES, through_links=True)
        except NotRegular as error:
            raise PhotographNotFound("That is not a file.") from error
        except LargerThanPossible as error:
            raise PhotographTooLarge(
                f"The file has more than {MAX_BYTES // 1_000_000} megabytes."
            ) from error
        except OSError as error:
            raise PhotographNotFound("The file cannot be found or opened.") from error
        if not data:
            raise PhotographEmpty("The file is empty.")
        return data

    def decode(self, data: bytes, cancel: CancelToken | None = None) -> DecodedPhotograph:
        """Decode, orient, bring to 8-bit sRGB; large files no larger than screening needs.

        `cancel` is looked at before and not during the decoding.
        """
        if cancel is not None:
            cancel.raise_if_cancelled()
        contents = _examined(data)
        with _opened(contents) as opened:
            return self._decode_opened(opened, contents)

    def whole(
        self, data: bytes, cancel: CancelToken | None = None, side: int | None = None
    ) -> RgbImage:
        """Every pixel of the file, upright, 8-bit sRGB: for people to look at. Of several pictures
        the first: what older versions recorded was that one.
        """
        if cancel is not None:
            cancel.raise_if_cancelled()
        contents = _examined(data)
        with _opened(contents) as opened:
            rgb, turn = _rgb(opened, contents, side or max(opened.size))
            return from_image(rgb if turn is None else rgb.transpose(turn))

    def prepare(self, image: RgbImage, spec: InputSpec) -> RgbImage:
        """See `field_of_view.prepare_square`."""
        return prepare_square(image, spec)

    def digest(self, data: bytes) -> str:
        """The file's SHA-256."""
        return hashlib.sha256(data).hexdigest()

    def _decode_opened(self, opened: Image.Image, contents: Contents) -> DecodedPhotograph:
        full = opened.size
        _refuse_size(full)
        contents.refuse_unless_one()
        contents.refuse_unless_whole()
        rgb, turn = _rgb(opened, contents, DECODED_SHORT_SIDE)
        contents.refuse_unless_whole(opened)
        contents.refuse_unless_previews(rgb)
        width, height = full
        if turn is not None:
            rgb = rgb.transpose(turn)
            width, height = reversed(full) if turn in _QUARTER_TURNS else full
        return DecodedPhotograph(
            sha256=self.digest(contents.file),
            media_type=MEDIA_TYPES[opened.format or ""],
            width=width,
            height=height,
            image=from_image(rgb),
            scale=rgb.width / width,
        )


def _examined(data: bytes) -> Contents:
    if not data:
        raise PhotographEmpty("The file is empty.")
    return examine(data)


@contextmanager
def _opened(contents: Contents) -> Iterator[Image.Image]:
    """The file as Pillow opens it, its pixels not yet read; within, every way in which a picture
    can be wrong is a `PhotographError`.
    """
    try:
        with Image.open(io.BytesIO(contents.data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PhotographTooLarge(_too_many_pixels())
            yield opened
    except UnidentifiedImageError as error:
        if contents.is_of_another_kind:
            raise PhotographFormatUnsupported(
                "The picture is of a kind of JPEG or TIFF that is not read here."
            ) from error
        if contents.is_recognised:
            raise PhotographDamaged("The picture breaks off or is damaged.") from error
        raise PhotographFormatUnsupported(
            "The file is not a JPEG, PNG, TIFF or BMP picture."
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotographTooLarge(_too_many_pixels()) from error
    except MemoryError as error:
        raise PhotographTakesTooMuchMemory(
            "Decoding the picture takes more memory than there is for it."
        ) from error
    except _DAMAGE as error:
        raise PhotographDamaged("The picture breaks off or is damaged.") from error


def _refuse_size(size: tuple[int, int]) -> None:
    width, height = size
    if min(size) < MIN_SIDE:
        raise PhotographTooSmall(
            f"The picture has {width} x {height} pixels; at least {MIN_SIDE} a side are needed."
        )
    if max(size) > MAX_ASPECT * min(size):
        raise PhotographTooNarrow(
            f"The picture has {width} x {height} pixels: a strip, not a photograph."
        )


def _rgb(
    opened: Image.Image, contents: Contents, side: int
) -> tuple[Image.Image, Image.Transpose | None]:
    """The picture no larger than `side` on its short side asks for, as stored, and its turn."""
    full = opened.size
    factor = max(1, min(full) // side)
    if factor > 1:
        # libjpeg scales by 1/2, 1/4 or 1/8 while decoding and never below what is asked for.
        opened.draft(None, (full[0] // factor, full[1] // factor))
    opened.load()
    turn = _turn(opened)
    rest = max(1, min(opened.size) // side)
    bright = stretched(opened, contents.brightest, contents.data)
    return to_srgb(bright, rest, contents.brightest), turn


def _too_many_pixels() -> str:
    return f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels."


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What the EXIF orientation asks for; an unreadable EXIF block counts as none."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except _DAMAGE:
        return None
