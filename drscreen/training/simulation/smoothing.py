"""Local means, at a cost that does not depend on the radius."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


def box_mean(plane: Floats, radius: int) -> Floats:
    """Mean over a square window of side `2 * radius + 1`; edges repeat. (height, width), float32.

    For small planes: exact, but ten times slower than `box_mean_bytes`.
    """
    for axis in (0, 1):
        width = [(0, 0), (0, 0)]
        width[axis] = (radius + 1, radius)
        sums = np.cumsum(np.pad(plane, width, mode="edge"), axis=axis, dtype=np.float32)
        span = 2 * radius + 1
        high, low = (
            np.take(sums, range(span, sums.shape[axis]), axis),
            np.take(sums, range(sums.shape[axis] - span), axis),
        )
        plane = np.asarray((high - low) / span, np.float32)
    return plane


def box_mean_bytes(picture: Bytes, radius: int) -> Bytes:
    """The same for bytes, rounded to levels: (height, width) or (height, width, 3), uint8."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.BoxBlur(radius)))


def field_mean(plane: Floats, field: Floats, radius: int) -> Floats:
    """Local mean over the pixels of `field` (weights 0..1) alone; 0 where none is near."""
    weight = np.maximum(box_mean(field, radius), 1e-3)
    return np.asarray(box_mean(plane * field, radius) / weight, np.float32)
