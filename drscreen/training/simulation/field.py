"""Which pixels of a prepared square show retina."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from drscreen.training.simulation.smoothing import Bytes

Mask = npt.NDArray[np.bool_]

#: A pixel is lit above this level, or above this share of the picture's bright end.
_BLACK_CEILING = 20.0
_BLACK_FLOOR = 6.0
_BLACK_SHARE = 0.12


def find_field(square: Bytes) -> Mask:
    """The lit retina of a uint8 (size, size, 3) square as bool (size, size), to two pixels.

    Dark hollows inside it, such as a shadowed macula, belong to it.
    """
    size = square.shape[0]
    small = np.asarray(Image.fromarray(square).reduce(2))
    # Maxima of whole planes are quicker than along an axis of three.
    brightest = np.maximum(np.maximum(small[..., 0], small[..., 1]), small[..., 2])
    ceiling = min(_BLACK_CEILING, _BLACK_SHARE * float(np.percentile(brightest, 95)))
    lit = brightest > max(_BLACK_FLOOR, ceiling)

    def spanned(axis: int) -> Mask:
        forward = np.logical_or.accumulate(lit, axis=axis)
        backward = np.flip(np.logical_or.accumulate(np.flip(lit, axis), axis=axis), axis)
        return forward & backward

    field = spanned(0) & spanned(1)
    return field.repeat(2, axis=0).repeat(2, axis=1)[:size, :size]


def shrunk(field: Mask, margin: int) -> Mask:
    """The field without a rim `margin` pixels wide; the picture's own border counts as rim."""
    size = field.shape[0]
    framed = np.pad(field, margin)
    kept = field.copy()
    for dx, dy in ((0, 1), (1, 0), (2, 1), (1, 2)):
        kept &= framed[dy * margin : dy * margin + size, dx * margin : dx * margin + size]
    return kept
