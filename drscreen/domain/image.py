"""Pictures as the domain sees them: plain bytes with a shape, no imaging library."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Laterality(StrEnum):
    """Which eye: OD (oculus dexter, right) or OS (oculus sinister, left)."""

    OD = "OD"
    OS = "OS"


@dataclass(frozen=True, slots=True)
class RgbImage:
    """An sRGB picture: `pixels` is uint8, row-major, interleaved R G B, `height * width * 3` long.

    Bytes rather than an array keep the domain free of numpy; `numpy.frombuffer` reads them
    without a copy.
    """

    width: int
    height: int
    pixels: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"an image of {self.width} x {self.height} pixels")
        if len(self.pixels) != self.width * self.height * 3:
            raise ValueError(
                f"{len(self.pixels)} bytes for {self.width} x {self.height} RGB pixels"
            )


@dataclass(frozen=True, slots=True)
class FieldOfView:
    """Where the retina is inside a decoded picture, in that picture's pixels.

    The box holds every lit column and row; `coverage` is the lit share of the whole picture
    (0 to 1).
    """

    left: int
    top: int
    right: int
    bottom: int
    coverage: float

    @property
    def width(self) -> int:
        """Box width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Box height in pixels."""
        return self.bottom - self.top

    @property
    def diameter(self) -> int:
        """The longer side of the box, in pixels: the field's diameter where it is not cut off."""
        return max(self.width, self.height)


@dataclass(frozen=True, slots=True)
class DecodedPhotograph:
    """A file that became a picture.

    `width` and `height` are the file's own, after EXIF orientation. `image` may be smaller than
    that: it is decoded no larger than screening needs. `scale` is image pixels per file pixel.
    """

    sha256: str
    media_type: str
    width: int
    height: int
    image: RgbImage = field(repr=False)
    scale: float


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a network takes: a square of `size` pixels, RGB, scaled to 0..1, then normalised.

    `mean` and `std` are per channel, in R, G, B order. `equalise` asks for each channel's histogram
    to be made flat over the lit field: cameras and their light then look alike. It travels inside
    the bundle, so training and prediction cannot disagree.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    equalise: bool = False
