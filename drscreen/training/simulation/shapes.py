"""Soft outlines: how much of each pixel of a window a lesion covers."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from drscreen.training.simulation.canvas import Window
from drscreen.training.simulation.smoothing import Floats

#: A logistic edge has the spread of a Gaussian blur at this share of its standard deviation.
_LOGISTIC = 0.55


def blob(
    window: Window,
    radius: float,
    blur: float,
    generator: np.random.Generator,
    *,
    ragged: float = 0.0,
    stretch: float = 1.0,
    angle: float = 0.0,
) -> Floats:
    """A filled spot of `radius` pixels as a picture blurred by `blur` shows it; 0..1.

    `ragged` is the outline's unevenness as a share of the radius; `stretch` lengthens the spot
    along `angle` (radians) and narrows it across.
    """
    along = window.dx * math.cos(angle) + window.dy * math.sin(angle)
    across = window.dy * math.cos(angle) - window.dx * math.sin(angle)
    along, across = along / math.sqrt(stretch), across * math.sqrt(stretch)
    distance = np.sqrt(along * along + across * across)
    edge = np.full((1, 1), radius, np.float32)
    # Blur hides the outline of a small spot.
    if ragged > 0 and radius > blur:
        turn = np.arctan2(across, along)
        wave = np.zeros_like(distance)
        for k in (2, 3, 4):
            wave += generator.normal(0, 1.3 / k) * np.cos(
                k * turn + np.float32(generator.uniform(0, 2 * math.pi))
            )
        edge = np.float32(radius) * np.clip(1 + np.float32(ragged) * wave, 0.35, 1.7)
    scale = _LOGISTIC * max(blur, 0.3)
    exponent = np.clip((distance - edge) / scale, -30, 30)
    # A spot no wider than the blur is not only soft but weak.
    weak = 1 - math.exp(-(radius**2) / (2 * blur**2))
    full = 1 / (1 + math.exp(-min(30.0, radius / scale)))
    return np.asarray(weak / full / (1 + np.exp(exponent)), np.float32)


def grain(window: Window, generator: np.random.Generator, coarse: float) -> Floats:
    """Smooth noise of zero mean and about unit spread; `coarse` pixels to a feature."""
    rows, columns = window.at
    height, width = rows.stop - rows.start, columns.stop - columns.start
    nodes = generator.standard_normal((int(height / coarse) + 3, int(width / coarse) + 3))
    sheet = Image.fromarray(nodes.astype(np.float32))
    offset = generator.uniform(0, 1, 2)
    box = (*offset, offset[0] + width / coarse, offset[1] + height / coarse)
    smooth = sheet.resize((width, height), Image.Resampling.BICUBIC, box=box)
    return np.float32(1.25) * np.asarray(smooth, np.float32)
