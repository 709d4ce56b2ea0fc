"""What the phantom is drawn on: coordinates of a retina, and masks drawn larger than needed.

Every shape is given in *field units* of a right eye: the origin is the fovea, one unit is the
radius of the field of view, x grows to the right and y downwards, and the optic disc lies at
positive x. A left eye is the same drawing mirrored, so nothing else has to know about sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

#: Masks are drawn this many times larger and averaged down, which gives smooth edges.
OVERSAMPLING = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture's size in pixels, and where the circular field lies in it."""

    size: int
    mirrored: bool

    @property
    def width(self) -> int:
        """Picture width in pixels."""
        return self.size

    @property
    def height(self) -> int:
        """Picture height in pixels; the aspect is between that of common cameras' pictures."""
        return round(self.size * 0.84)

    @property
    def radius(self) -> float:
        """Radius of the field of view in pixels: one field unit."""
        return self.size * 0.4

    def to_pixels(self, points: Points) -> Points:
        """Field units, shape (n, 2), to picture pixels of the same shape."""
        sign = -1.0 if self.mirrored else 1.0
        x = self.width / 2 + sign * points[:, 0] * self.radius
        y = self.height / 2 + points[:, 1] * self.radius
        return np.stack([x, y], axis=1)

    def grids(self) -> tuple[Floats, Floats]:
        """x of shape (1, width) and y of shape (height, 1), float32, in field units."""
        sign = -1.0 if self.mirrored else 1.0
        x = sign * (np.arange(self.width, dtype=np.float32) + 0.5 - self.width / 2) / self.radius
        y = (np.arange(self.height, dtype=np.float32) + 0.5 - self.height / 2) / self.radius
        return x[None, :].astype(np.float32), y[:, None].astype(np.float32)

    def blob(self, x: float, y: float, sigma_x: float, sigma_y: float | None = None) -> Floats:
        """A Gaussian hill of height 1 at (x, y), float32 of shape (height, width)."""
        gx, gy = self.grids()
        sy = sigma_x if sigma_y is None else sigma_y
        # Separable: two short exponentials and one outer product.
        hill: Floats = np.exp(-0.5 * ((gy - y) / sy) ** 2) * np.exp(
            -0.5 * ((gx - x) / sigma_x) ** 2
        )
        return hill

    def clouds(self, rng: np.random.Generator, cells: int) -> Floats:
        """Smooth random variation, mean about 0 and spread about 1, `cells` bumps across."""
        coarse = rng.standard_normal((cells, cells)).astype(np.float32)
        smooth = Image.fromarray(coarse).resize((self.width, self.height), Image.Resampling.BICUBIC)
        return np.asarray(smooth, dtype=np.float32)


class Mask:
    """How much of a shape covers each pixel, drawn in field units."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        size = (frame.width * OVERSAMPLING, frame.height * OVERSAMPLING)
        self._image = Image.new("L", size, 0)
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: Points, widths: Points, strength: float = 1.0) -> None:
        """A line through `points` (n, 2) with a width at each of them (n,), in field units.

        It replaces what was drawn below it: draw faint lines before strong ones.
        """
        level = round(255 * min(1.0, strength))
        xy = self._frame.to_pixels(points) * OVERSAMPLING
        pixels = widths * self._frame.radius * OVERSAMPLING
        for (x0, y0), (x1, y1), w in zip(xy[:-1], xy[1:], pixels[:-1], strict=True):
            self._draw.line((x0, y0, x1, y1), fill=level, width=max(1, round(w)))
            if w > 3:  # round joints; thinner lines show no gap
                r = w / 2
                self._draw.ellipse((x1 - r, y1 - r, x1 + r, y1 + r), fill=level)

    def polygon(self, points: Points) -> None:
        """A filled outline (n, 2)."""
        xy = self._frame.to_pixels(points) * OVERSAMPLING
        self._draw.polygon([(float(x), float(y)) for x, y in xy], fill=255)

    def polygons(self, outlines: Iterable[Points]) -> None:
        """Several filled outlines."""
        for outline in outlines:
            self.polygon(outline)

    def cover(self, softness: float = 0.0) -> Floats:
        """Coverage 0..1 as float32 (height, width), edges blurred by `softness` field units."""
        small = self._image.reduce(OVERSAMPLING)
        if softness > 0:
            small = small.filter(ImageFilter.GaussianBlur(softness * self._frame.radius))
        return np.asarray(small, dtype=np.float32) / np.float32(255)


def blotch(
    rng: np.random.Generator, x: float, y: float, radius: float, stretch: float = 1.0
) -> Points:
    """An irregular round outline (24, 2) about (x, y); `stretch` widens it sideways."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wobble = np.ones(24)
    for harmonic in (2, 3, 5):
        phase = rng.uniform(0, 2 * np.pi)
        wobble += rng.uniform(0.05, 0.30) / harmonic * np.sin(harmonic * angle + phase)
    return np.stack(
        [x + radius * stretch * wobble * np.cos(angle), y + radius * wobble * np.sin(angle)], axis=1
    )


def paint(canvas: Floats, cover: Floats, colour: tuple[float, float, float]) -> None:
    """Blend an opaque colour (0..255) into `canvas` (height, width, 3), in place."""
    canvas += cover[..., None] * (np.asarray(colour, dtype=np.float32) - canvas)


def stain(canvas: Floats, cover: Floats, factors: tuple[float, float, float]) -> None:
    """Multiply `canvas` by `factors` where covered, as blood absorbs light, in place."""
    canvas *= 1 - cover[..., None] * (1 - np.asarray(factors, dtype=np.float32))
