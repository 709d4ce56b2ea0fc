"""Soft outlines: how much of each pixel of a window a lesion covers."""

from __future__ import annotations

import math

import numpy as np

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
    if ragged > 0:
        turn = np.arctan2(across, along)
        wave = np.zeros_like(distance)
        for k in (2, 3, 5):
            wave += generator.normal(0, 1 / math.sqrt(k)) * np.cos(
                k * turn + np.float32(generator.uniform(0, 2 * math.pi))
            )
        edge = np.float32(radius) * np.clip(1 + np.float32(ragged) * wave, 0.35, 1.7)
    scale = _LOGISTIC * max(blur, 0.3)
    exponent = np.clip((distance - edge) / scale, -30, 30)
    # A spot no wider than the blur is not only soft but weak.
    weak = 1 - math.exp(-(radius**2) / (2 * blur**2))
    full = 1 / (1 + math.exp(-min(30.0, radius / scale)))
    return np.asarray(weak / full / (1 + np.exp(exponent)), np.float32)


def grain(window: Window, generator: np.random.Generator, coarse: int) -> Floats:
    """Smooth noise of zero mean and unit spread over a window; `coarse` pixels to a feature."""
    height, width = window.dy.shape[0], window.dx.shape[1]
    rows, columns = height // coarse + 2, width // coarse + 2
    nodes = generator.standard_normal((rows, columns)).astype(np.float32)
    y = np.arange(height, dtype=np.float32) / coarse
    x = np.arange(width, dtype=np.float32) / coarse
    top, left = y.astype(int), x.astype(int)
    fy, fx = (y - top)[:, None], (x - left)[None, :]
    upper = nodes[top][:, left] * (1 - fx) + nodes[top][:, left + 1] * fx
    lower = nodes[top + 1][:, left] * (1 - fx) + nodes[top + 1][:, left + 1] * fx
    return np.asarray(1.3 * (upper * (1 - fy) + lower * fy), np.float32)
