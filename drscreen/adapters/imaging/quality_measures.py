"""What the quality gate measures in a photograph.

All measures are taken in the circle inscribed in the field of view, after scaling the field to
`WORKING_SIDE` pixels, so that they do not depend on the camera's resolution: a main vein is about
five pixels wide there, whatever the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from drscreen.adapters.imaging.field_of_view import as_image
from drscreen.domain.image import FieldOfView, RgbImage

Floats = NDArray[np.floating[Any]]  # float32 throughout; numpy's stubs widen some results

#: The longer side of the field of view while measuring, in pixels.
WORKING_SIDE = 320
#: The measured circle ends short of the rim, where cameras leave a coloured halo.
_CIRCLE = 0.88
#: A pixel darker than this in its brightest channel (0..255) says nothing about colour.
_COLOUR_FLOOR = 50.0
#: A pixel brighter than this in its darkest channel has lost its colour to glare.
_COLOUR_CEILING = 225.0
#: Green above this is burnt out: the vessels in it are gone.
_GLARE = 235.0
#: How far green or blue may exceed red before the colour counts as foreign, in levels.
_RED_SLACK = 8.0
#: A step of this many levels from one working pixel to the next is a hard edge.
_HARD_STEP = 20.0
#: Side of the blocks in which line directions are compared, in working pixels.
_BLOCK = 10


@dataclass(frozen=True, slots=True)
class QualityMeasures:
    """One photograph's measures; shares are 0..1 of the measured circle, levels are 0..255.

    coverage: lit share of the whole picture.
    diameter: longer side of the field of view in decoded pixels.
    lit: share that is lit at all.
    brightness: median level of the brightest channel.
    glare: share burnt out in green.
    foreign: share in which red is not the strongest channel (of pixels bright enough).
    chroma: mean of (max - min) / max over the channels (of pixels neither dark nor burnt out).
    chroma_spread: standard deviation of the same ratio over the same pixels.
    detail: contrast at the scale of vessels, in levels of green (standard deviation).
    red_echo: the same contrast in red over that in green, each relative to its surroundings.
        Haemoglobin absorbs green and hardly red, so that vessels echo weakly; painted or printed
        detail, wood or brick darkens all channels alike.
    hard_edges: share of pixels on a hard luminance step.
    coherence: how far dark lines agree in direction inside small blocks; 1 is all parallel, noise
        gives about 0.25.
    """

    coverage: float
    diameter: int
    lit: float
    brightness: float
    glare: float
    foreign: float
    chroma: float
    chroma_spread: float
    detail: float
    red_echo: float
    hard_edges: float
    coherence: float


def measure(image: RgbImage, field: FieldOfView) -> QualityMeasures:
    """Measure a decoded photograph. Deterministic; never raises, whatever the picture shows."""
    pixels = _working_copy(image, field)
    inside = _circle(pixels.shape[0], pixels.shape[1])
    red, green, blue = (np.ascontiguousarray(pixels[..., i]) for i in range(3))
    brightest = np.maximum(np.maximum(red, green), blue)
    darkest = np.minimum(np.minimum(red, green), blue)
    chroma: Floats = (brightest - darkest) / np.maximum(brightest, 1)
    judged = inside & (brightest >= _COLOUR_FLOOR)
    coloured = judged & (darkest <= _COLOUR_CEILING)
    reddest = red >= np.maximum(green, blue) - _RED_SLACK
    floor = max(22.0, 0.12 * float(np.percentile(brightest, 95)))

    # Between noise and the background's slow changes lies what vessels add.
    vessels = blur(green, 1.2) - _surroundings(green, 10)
    detail = float(vessels[inside].std())
    green_ground, red_ground = (np.maximum(_surroundings(c, 20), 12) for c in (green, red))
    green_contrast = float((vessels / green_ground)[inside].std())
    red_vessels = blur(red, 1.2) - _surroundings(red, 10)
    red_contrast = float((red_vessels / red_ground)[inside].std())
    steps = np.hypot(*np.gradient(blur(0.3 * red + 0.59 * green + 0.11 * blue, 1.0)))
    return QualityMeasures(
        coverage=field.coverage,
        diameter=field.diameter,
        lit=_share(brightest > floor, inside),
        brightness=float(np.median(brightest[inside])),
        glare=_share(green > _GLARE, inside),
        foreign=_share(~reddest, judged),
        chroma=_mean(chroma, coloured),
        chroma_spread=float(chroma[coloured].std()) if coloured.any() else 0.0,
        detail=detail,
        red_echo=red_contrast / max(green_contrast, 1e-4),
        hard_edges=_share(steps > _HARD_STEP, inside),
        coherence=_line_coherence(green / green_ground - 1, inside),
    )


def _working_copy(image: RgbImage, field: FieldOfView) -> Floats:
    """The field of view scaled to `WORKING_SIDE`, float32 (height, width, 3); 16 px at least."""
    crop = as_image(image).crop((field.left, field.top, field.right, field.bottom))
    scale = WORKING_SIDE / field.diameter
    size = (max(16, round(field.width * scale)), max(16, round(field.height * scale)))
    small = crop.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(small, dtype=np.float32)


def _circle(height: int, width: int) -> NDArray[np.bool_]:
    """The measured circle about the middle; it may reach over the shorter sides."""
    y = np.arange(height)[:, None] - (height - 1) / 2
    x = np.arange(width)[None, :] - (width - 1) / 2
    return np.asarray(x**2 + y**2 < (_CIRCLE * max(height, width) / 2) ** 2)


def _share(found: NDArray[np.bool_], where: NDArray[np.bool_]) -> float:
    """Share of `where` that is `found`; 0 where there is nothing to judge."""
    return float(found[where].mean()) if where.any() else 0.0


def _mean(values: Floats, where: NDArray[np.bool_]) -> float:
    """Mean of `values` over `where`; 1 where there is nothing to judge, which accuses nobody."""
    return float(values[where].mean()) if where.any() else 1.0


def blur(plane: Floats, sigma: float) -> Floats:
    """Gaussian blur of a float32 plane with edges repeated; Pillow's own blurs bytes only."""
    radius = int(2.5 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(radius + 1) / sigma) ** 2)
    kernel /= 2 * kernel.sum() - kernel[0]
    for _ in range(2):  # along the columns, then, turned, along the rows
        padded = np.pad(plane, ((radius, radius), (0, 0)), mode="edge")
        height = plane.shape[0]
        total = np.float32(kernel[0]) * padded[radius : radius + height]
        for step in range(1, radius + 1):
            before = padded[radius - step : radius - step + height]
            after = padded[radius + step : radius + step + height]
            total += np.float32(kernel[step]) * (before + after)
        plane = np.ascontiguousarray(total.T)
    return plane


def _surroundings(plane: Floats, cell: int) -> Floats:
    """The plane without detail finer than `cell` pixels."""
    picture = Image.fromarray(plane)
    coarse = (max(2, round(picture.width / cell)), max(2, round(picture.height / cell)))
    small = picture.resize(coarse, Image.Resampling.BOX)
    return np.asarray(small.resize(picture.size, Image.Resampling.BICUBIC))


def _line_coherence(relative: Floats, inside: NDArray[np.bool_]) -> float:
    """Agreement of the directions of dark lines in blocks of `_BLOCK` pixels, 0..1."""
    agreement, strength = dark_lines(blur(relative, 1.5), inside, _BLOCK)
    return float(agreement.sum() / max(float(strength.sum()), 1e-6))


def dark_lines(smooth: Floats, inside: NDArray[np.generic], block: int) -> tuple[Floats, Floats]:
    """How much of dark lines lies in each block of `block` pixels, in one direction and in all.

    Lines come from the Hessian's eigenvalues (Frangi et al., MICCAI 1998): a dark line has one
    large positive second derivative across it and nearly none along it. Directions are averaged
    as double angles, so that opposite directions are the same line. The first over the second is
    how far directions agree: 1 is all parallel, noise gives about 0.25.
    """
    across_x, across_y, mixed = (np.zeros_like(smooth) for _ in range(3))
    across_x[:, 1:-1] = smooth[:, 2:] + smooth[:, :-2] - 2 * smooth[:, 1:-1]
    across_y[1:-1] = smooth[2:] + smooth[:-2] - 2 * smooth[1:-1]
    mixed[1:-1, 1:-1] = (smooth[2:, 2:] + smooth[:-2, :-2] - smooth[2:, :-2] - smooth[:-2, 2:]) / 4
    half_difference = (across_x - across_y) / 2
    spread = np.hypot(half_difference, mixed)
    middle = (across_x + across_y) / 2
    strength = np.maximum(middle + spread - np.abs(middle - spread), 0) * inside
    weight = strength / np.maximum(spread, 1e-7)
    agreement = np.hypot(
        block_sums(weight * half_difference, block), block_sums(weight * mixed, block)
    )
    return agreement, block_sums(strength, block)


def block_sums(plane: Floats, block: int) -> Floats:
    """Sums over whole blocks of `block` x `block` pixels; the last partial ones are left out."""
    height, width = (side // block for side in plane.shape)
    whole = plane[: height * block, : width * block]
    sums: Floats = whole.reshape(height, block, width, block).sum(axis=(1, 3))
    return sums
