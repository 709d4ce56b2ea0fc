"""How weights are stored in 8 bits, and read back. Without torch.

A tensor of (out, ...) becomes int8 values with one fp32 scale for each output channel, symmetric
about zero. Where a channel's largest weight stands far above the others, as in a transplanted
network whose rows pick single inputs, one scale would round all the others away; there the largest
weight of each channel is kept apart, in 16 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
#: Arrays by name, as they lie in a file.
Stored = dict[str, npt.NDArray[Any]]

#: Appended to a tensor's name: its scales, and where channels have a largest weight kept apart,
#: that weight's place in the flattened channel and its value.
SCALE_SUFFIX = "::scale"
PLACE_SUFFIX = "::place"
PEAK_SUFFIX = "::peak"
_TYPES = {SCALE_SUFFIX: np.float32, PLACE_SUFFIX: np.uint16, PEAK_SUFFIX: np.float16}
_SUFFIXES = tuple(_TYPES)

#: Scales that are tried, as shares of the one that clips nothing.
_CLIPPING = (1.0, 0.97, 0.94, 0.91, 0.88, 0.85, 0.82, 0.79, 0.76)
#: Largest weights are kept apart where that leaves less than this share of the squared error.
_WORTH_IT = 0.5


def is_tensor(name: str) -> bool:
    """Whether an array's name is a tensor's own and not that of its scales or peaks."""
    return not name.endswith(_SUFFIXES)


def stray(stored: Mapping[str, npt.NDArray[Any]]) -> list[str]:
    """Scales and peaks of no tensor in the file."""
    return [n for n in stored if not is_tensor(n) and n.rpartition("::")[0] not in stored]


def in_eight_bits(name: str, values: npt.NDArray[Any]) -> bool:
    """Whether a tensor is stored in 8 bits: the weights between the first layer and the head.

    Those two have under 0.2% of the weights (2% where the head has two layers) and the most
    influence on the result.
    """
    return values.ndim >= 2 and name != "conv1.weight" and not name.startswith("fc.")


def packed(name: str, values: Floats) -> Stored:
    """What is written for the weights `name`, fp32 (out, ...)."""
    flat = values.reshape(values.shape[0], -1)
    steps, scale, error = _rounded_to_scale(flat)
    stored: Stored = {name: steps.reshape(values.shape), name + SCALE_SUFFIX: scale}
    if flat.shape[1] > np.iinfo(np.uint16).max:
        return stored
    rows, place = np.arange(len(flat)), np.abs(flat).argmax(axis=1)
    rest = flat.copy()
    rest[rows, place] = 0.0
    peak = flat[rows, place].astype(np.float16)
    steps, scale, error_of_rest = _rounded_to_scale(rest)
    error_of_peaks = float(((peak.astype(np.float32) - flat[rows, place]) ** 2).sum())
    if np.isfinite(peak).all() and error_of_rest + error_of_peaks < _WORTH_IT * error:
        stored = {
            name: steps.reshape(values.shape),
            name + SCALE_SUFFIX: scale,
            name + PLACE_SUFFIX: place.astype(np.uint16),
            name + PEAK_SUFFIX: peak,
        }
    return stored


def unpacked(name: str, stored: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """The fp32 tensor `name` of a file's arrays. Raises `ValueError` where they do not fit."""
    raw = stored[name]
    suffixes = {suffix for suffix in _SUFFIXES if name + suffix in stored}
    if raw.dtype == np.float32 and not suffixes:
        return raw
    if raw.dtype != np.int8 or raw.ndim < 2 or SCALE_SUFFIX not in suffixes:
        raise ValueError(f"{name} is stored in no way that is known")
    for suffix in suffixes:
        part = stored[name + suffix]
        if part.dtype != _TYPES[suffix] or part.shape != raw.shape[:1]:
            raise ValueError(f"{name}{suffix} does not fit")
    scale = stored[name + SCALE_SUFFIX]
    if not np.isfinite(scale).all():
        raise ValueError(f"{name} has a scale that is no number")
    values = raw.astype(np.float32)
    values *= scale.reshape(-1, *[1] * (values.ndim - 1))
    if len(suffixes) > 1:
        flat = values.reshape(values.shape[0], -1)
        place = stored[name + PLACE_SUFFIX]
        if place.size and int(place.max()) >= flat.shape[1]:
            raise ValueError(f"a weight of {name} lies outside its channel")
        flat[np.arange(len(flat)), place] = stored[name + PEAK_SUFFIX]
    return values


def _rounded_to_scale(flat: Floats) -> tuple[npt.NDArray[np.int8], Floats, float]:
    """int8 of (out, n), scale (out,), and the squared error.

    Each channel's scale is the one of least squared error among a few: clipping its largest
    weights a little keeps the many small ones more exact.
    """
    widest = np.maximum(np.abs(flat).max(axis=1), 1e-12).astype(np.float32) / np.float32(127)
    least = np.full(flat.shape[0], np.inf)
    scale = widest
    for share in _CLIPPING:
        tried = widest * np.float32(share)
        error = ((_rounded(flat, tried) * tried[:, None] - flat) ** 2).sum(axis=1)
        scale = np.where(error < least, tried, scale)
        least = np.minimum(error, least)
    return _rounded(flat, scale).astype(np.int8), scale, float(least.sum())


def _rounded(flat: Floats, scale: Floats) -> Floats:
    steps: Floats = np.rint(flat / scale[:, None]).clip(-127, 127)
    return steps
