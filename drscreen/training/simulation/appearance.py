"""How blood, pale deposits and edges look in one particular photograph.

Cameras and eyes differ too much for fixed colours. What a vein does to the light behind it tells
how blood absorbs in this photograph, the disc tells how bright white is, and the edges of veins
tell how far the picture is out of focus.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drscreen.training.simulation.landmarks import Landmarks
from drscreen.training.simulation.smoothing import Floats, box_mean, field_mean, reduced

#: Absorption by a vein, -log of the light that returns per channel, in an average photograph.
_USUAL_BLOOD = (0.16, 0.42, 0.32)
#: Where the measured absorption is believed.
_LEAST_BLOOD = (0.06, 0.25, 0.12)
_MOST_BLOOD = (0.35, 0.75, 0.70)


@dataclass(frozen=True, slots=True)
class Appearance:
    """`ground`: float32 (size, size, 3), the retina without detail. `blood`: float32 (3,), -log of
    the light returned through a vein. `white`: float32 (3,), the colour of the disc in full light.
    `blur`: the standard deviation of the picture's own blur in pixels.
    """

    ground: Floats
    blood: Floats
    white: Floats
    blur: float


def measure_appearance(square: npt.NDArray[np.uint8], marks: Landmarks) -> Appearance:
    """Appearance of a prepared square, uint8 (size, size, 3). Deterministic; never raises."""
    pixels = square.astype(np.float32)
    ground = _ground(pixels, marks.field.astype(np.float32))
    veins = (marks.veins > 0.6) & marks.field
    return Appearance(
        ground=ground,
        blood=_blood(pixels, ground, veins),
        white=_white(pixels, ground, marks),
        blur=_blur(pixels[..., 1], ground[..., 1], veins),
    )


def _ground(pixels: Floats, field: Floats) -> Floats:
    """A local mean wide enough to lose vessels, computed small and enlarged by repetition."""
    size = pixels.shape[0]
    factor = 4 if size >= 64 else 1
    small = field_mean(
        reduced(pixels, factor), reduced(field, factor), max(1, size // factor // 40)
    )
    large = np.repeat(np.repeat(small, factor, axis=0), factor, axis=1)
    missing = size - large.shape[0]
    if missing:
        large = np.pad(large, ((0, missing), (0, missing), (0, 0)), mode="edge")
    return box_mean(large, factor // 2)


def _blood(pixels: Floats, ground: Floats, veins: npt.NDArray[np.bool_]) -> Floats:
    if veins.sum() < 20:
        return np.asarray(_USUAL_BLOOD, np.float32)
    loss = np.log((ground[veins] + 2.0) / (pixels[veins] + 2.0))
    # The local mean holds some of the vein itself, so the loss is a little more than measured.
    measured = 1.25 * np.median(loss, axis=0)
    return np.asarray(np.clip(measured, _LEAST_BLOOD, _MOST_BLOOD), np.float32)


def _white(pixels: Floats, ground: Floats, marks: Landmarks) -> Floats:
    """The disc's bright end, or where no disc is, what a disc would be over this retina."""
    inside = ground[marks.field]
    usual = np.median(inside, axis=0) if inside.size else np.zeros(3, np.float32)
    expected = np.minimum(usual * (1.35, 1.9, 2.0) + (15, 15, 10), 250)
    if not marks.disc_found:
        return np.asarray(expected, np.float32)
    half = max(1, round(0.4 * marks.disc_diameter))
    x, y = (round(at) for at in marks.disc)
    disc = pixels[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1].reshape(-1, 3)
    bright = np.percentile(disc, 80, axis=0)
    return np.asarray(np.clip(0.5 * bright + 0.5 * expected, usual * 1.15, 252), np.float32)


def _blur(green: Floats, ground: Floats, veins: npt.NDArray[np.bool_]) -> float:
    """An edge of height h blurred by s has the steepest slope h / (s sqrt(2 pi))."""
    size = float(green.shape[0])
    least, most = 0.002 * size, 0.0065 * size
    if veins.sum() < 20:
        return 0.0032 * size
    height = float(np.percentile((ground - green)[veins], 70)) * 1.25
    slope = np.zeros_like(green)
    slope[:, 1:-1] = np.abs(green[:, 2:] - green[:, :-2]) / 2
    near = box_mean(veins.astype(np.float32), 1) > 0
    steepest = float(np.percentile(slope[near], 90))
    blur = height / max(steepest, 0.5) / 2.5
    return min(most, max(least, blur))
