"""Local means of planes, by running sums: the cost does not depend on the radius."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def box_mean(plane: Floats, radius: int) -> Floats:
    """Mean over a square window of side `2 * radius + 1`; edges repeat. Same shape, float32.

    Works on the first two axes, so (height, width) and (height, width, channels) both do.
    """
    if radius < 1:
        return plane
    for axis in (0, 1):
        width = [(0, 0)] * plane.ndim
        width[axis] = (radius + 1, radius)
        sums = np.cumsum(np.pad(plane, width, mode="edge"), axis=axis, dtype=np.float32)
        span = 2 * radius + 1
        high = sums.take(range(span, sums.shape[axis]), axis=axis)
        low = sums.take(range(sums.shape[axis] - span), axis=axis)
        plane = (high - low) / np.float32(span)
    return plane


def field_mean(plane: Floats, field: Floats, radius: int) -> Floats:
    """Local mean over the pixels of `field` (weights 0..1) alone; 0 where none is near."""
    weight: Floats = np.maximum(box_mean(field, radius), 1e-3, dtype=np.float32)
    if plane.ndim == 3:
        return box_mean(plane * field[..., None], radius) / weight[..., None]
    return box_mean(plane * field, radius) / weight


def reduced(plane: Floats, factor: int) -> Floats:
    """Mean over blocks of `factor` x `factor`; a remainder at the far edges is dropped."""
    height, width = (side // factor * factor for side in plane.shape[:2])
    blocks = plane[:height, :width].reshape(
        height // factor, factor, width // factor, factor, *plane.shape[2:]
    )
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)
