"""Vessels as dark ridges against their surroundings, and the course of single veins."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from drscreen.training.simulation.smoothing import Bytes, Floats, box_mean_bytes

#: A traced vein may turn by this much a step, radians.
_TURN = 0.6
_STEP = 2.0


def find_vessels(square: Bytes, field: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """How much each pixel looks like a vessel, and like a vein: float32 (size, size) in 0..1.

    Green light shows vessels best. Two widths of surroundings catch thin and wide ones.
    """
    size = square.shape[0]
    green = np.ascontiguousarray(square[..., 1])
    fine, near, wide = max(1, size // 300), max(2, size // 110), max(4, size // 36)
    smooth, broad, close, ground = (
        box_mean_bytes(green, radius).astype(np.float32) for radius in (fine, fine + 1, near, wide)
    )
    np.maximum(ground, 4.0, out=ground)
    dip = np.maximum(close - smooth, 0.9 * (ground - smooth)) / ground
    deep = (ground - broad) / ground
    return _scaled(dip, field, 97.0), _scaled(deep, field, 98.5) ** 2


def _scaled(plane: Floats, field: npt.NDArray[np.bool_], percent: float) -> Floats:
    sample = plane[::2, ::2][field[::2, ::2]]
    top = max(0.03, float(np.percentile(sample, percent))) if sample.size else 1.0
    return np.asarray(np.clip(plane / np.float32(top), 0.0, 1.0) * field, np.float32)


def trace_vein(
    veins: Floats, start: tuple[float, float], away_from: tuple[float, float], length: float
) -> list[tuple[float, float]]:
    """Follow a vein from `start` for up to `length` pixels, setting out away from a point.

    Points (x, y) about two pixels apart; ends early where the vein does.
    """
    size = veins.shape[0]
    x, y = start
    heading = math.atan2(y - away_from[1], x - away_from[0])
    path = [start]
    turn = 4 * _TURN
    for _ in range(int(length / _STEP)):
        best, best_value = heading, 0.0
        for part in (0.0, -0.33, 0.33, -0.67, 0.67, -1.0, 1.0):
            ahead = heading + part * turn / 2
            column = round(x + 1.5 * _STEP * math.cos(ahead))
            row = round(y + 1.5 * _STEP * math.sin(ahead))
            if 0 <= column < size and 0 <= row < size:
                value = float(veins[row, column]) - 0.1 * abs(part)
                if value > best_value:
                    best, best_value = ahead, value
        if best_value < 0.2:
            break
        heading, turn = best, 2 * _TURN
        x, y = x + _STEP * math.cos(heading), y + _STEP * math.sin(heading)
        path.append((x, y))
    return path
