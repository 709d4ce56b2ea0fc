"""How blood, pale deposits and edges look in one particular photograph.

Cameras and eyes differ too much for fixed colours. What a vein does to the light behind it tells
how blood absorbs in this photograph, the disc tells how bright white is, and the edges of veins
tell how far the picture is out of focus.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from drscreen.training.simulation.landmarks import Landmarks
from drscreen.training.simulation.smoothing import Bytes, Floats

#: Absorption by a vein, -log of the light that returns per channel, in an average photograph.
_USUAL_BLOOD = (0.12, 0.35, 0.25)
#: Where the measured absorption is believed.
_LEAST_BLOOD = (0.03, 0.14, 0.06)
_MOST_BLOOD = (0.30, 0.75, 0.60)


@dataclass(frozen=True, slots=True)
class Appearance:
    """`ground`: float32 (size, size, 3), the retina without detail. `blood`: float32 (3,), -log of
    the light returned through a vein. `white`: float32 (3,), the colour of the disc in full light;
    `usual`: that of the retina. `blur`: the standard deviation of the picture's own blur, pixels.
    """

    ground: Floats
    blood: Floats
    white: Floats
    usual: Floats
    blur: float


def measure_appearance(square: Bytes, marks: Landmarks) -> Appearance:
    """Appearance of a prepared square, uint8 (size, size, 3). Deterministic; never raises."""
    ground = _ground(square, marks.field)
    sample = ground[::8, ::8][marks.field[::8, ::8]]
    usual = np.median(sample, axis=0) if sample.size else np.zeros(3)
    rows, columns = np.nonzero(marks.veins > 0.6)
    return Appearance(
        ground=ground,
        blood=_blood(square[rows, columns], ground[rows, columns]),
        white=_white(square, usual, marks),
        usual=np.asarray(usual, np.float32),
        blur=_blur(square[..., 1], ground[..., 1], rows, columns),
    )


def _ground(square: Bytes, field: npt.NDArray[np.bool_]) -> Floats:
    """Local means over the field, wide enough to lose vessels, computed on a small copy."""
    size = square.shape[0]
    factor = 4 if size >= 64 else 1
    blur = ImageFilter.BoxBlur(max(1, size // factor // 40))
    picture = Image.fromarray(square).reduce(factor).filter(blur)
    weight = Image.fromarray(field.astype(np.uint8) * 255).reduce(factor).filter(blur)
    share = np.maximum(np.asarray(weight, np.float32) / 255, 0.25)[..., None]
    means = np.minimum(np.asarray(picture, np.float32) / share, 255).astype(np.uint8)
    large = Image.fromarray(means).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(large, np.float32)


def _blood(veins: Bytes, grounds: Floats) -> Floats:
    """Absorption from the pixels of veins, uint8 (n, 3), and the ground about them."""
    if len(veins) < 20:
        return np.asarray(_USUAL_BLOOD, np.float32)
    loss = np.log((grounds + 3.0) / (veins.astype(np.float32) + 3.0))
    # The local mean holds some of the vein itself, so the loss is a little more than measured.
    measured = np.clip(1.25 * np.percentile(loss, 70, axis=0), _LEAST_BLOOD, _MOST_BLOOD)
    # Blood is red: however a camera renders it, red light suffers least.
    measured[0] = min(measured[0], 0.5 * measured[1])
    measured[2] = min(measured[2], measured[1])
    return np.asarray(measured, np.float32)


def _white(square: Bytes, usual: npt.NDArray[np.floating], marks: Landmarks) -> Floats:
    """The disc's bright end, or where no disc is, what a disc would be over this retina."""
    expected = np.minimum(usual * (1.35, 1.9, 2.0) + (15, 15, 10), 250)
    if not marks.disc_found:
        return np.asarray(expected, np.float32)
    half = max(1, round(0.4 * marks.disc_diameter))
    x, y = (round(at) for at in marks.disc)
    disc = square[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1].reshape(-1, 3)
    bright = np.percentile(disc, 80, axis=0)
    return np.asarray(np.clip(0.5 * bright + 0.5 * expected, usual * 1.15, 252), np.float32)


def _blur(
    green: Bytes, ground: Floats, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> float:
    """An edge of height h blurred by s has the steepest slope h / (s sqrt(2 pi))."""
    size = int(green.shape[0])
    if len(rows) < 20:
        return 0.0032 * size
    green = green.astype(np.float32)
    height = 1.25 * float(np.percentile((ground - green)[rows, columns], 70))
    across = np.clip(columns, 2, size - 3)
    slope = np.abs(green[rows, across + 1] - green[rows, across - 1]) / 2
    beside = np.abs(green[rows, across + 2] - green[rows, across]) / 2
    steepest = max(0.5, float(np.percentile(np.maximum(slope, beside), 90)))
    measured = height / (2.5 * steepest)
    return min(0.0065 * size, max(0.002 * size, measured))
