"""What a bundle's manifest may say: every field has its bounds. Without torch.

A bound is wide enough for whatever was ever trained and narrow enough that nothing outside it can
be meant. All raise `ValueError` with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drscreen.domain.grading import ROUNDING, Grade, GradeCuts, OperatingPoint
from drscreen.domain.image import InputSpec

#: Pixels a side. ResNets need two cells of 32 pixels to have anything to pool.
SIZES = (64, 2048)
#: Training looks for one between 0.2 and 10 (`training.calibration`).
TEMPERATURES = (0.05, 20.0)
#: 1 is the mean; from about 10 on fp32 loses the sums of large features.
POOLING_POWERS = (1.0, 10.0)
_MEANS = (-1.0, 1.0)
#: 1/255 is that of a network that takes bytes.
_DEVIATIONS = (0.001, 10.0)
_LONGEST_NAME = 80
_MOST_FILES = 64
_ARCHITECTURE = re.compile(r"[a-z0-9_]{1,40}")
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def number(manifest: Mapping[str, Any], field: str, bounds: tuple[float, float]) -> float:
    """A finite number within the bounds, themselves included."""
    value = manifest[field]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(field)
    if not bounds[0] <= value <= bounds[1]:
        raise ValueError(field)
    return float(value)


def printable(manifest: Mapping[str, Any], field: str) -> str:
    """A short line of text without control characters: lists, terminals and PDFs show it."""
    value = manifest[field]
    if not isinstance(value, str) or not value.isprintable() or value != value.strip():
        raise ValueError(field)
    if not 1 <= len(value) <= _LONGEST_NAME:
        raise ValueError(field)
    return value


def architecture(manifest: Mapping[str, Any]) -> str:
    """A name as torchvision gives them; whether this version knows it is told on loading."""
    value = manifest["architecture"]
    if not isinstance(value, str) or not _ARCHITECTURE.fullmatch(value):
        raise ValueError("architecture")
    return value


def input_spec(manifest: Mapping[str, Any]) -> InputSpec:
    """Size, mean and deviation."""
    spec = manifest["input"]
    size = spec["size"]
    if isinstance(size, bool) or not isinstance(size, int) or not SIZES[0] <= size <= SIZES[1]:
        raise ValueError("input.size")
    equalise = spec.get("equalise", False)
    if not isinstance(equalise, bool):
        raise ValueError("input.equalise")
    return InputSpec(
        size, _channels(spec, "mean", _MEANS), _channels(spec, "std", _DEVIATIONS), equalise
    )


def operating_point(manifest: Mapping[str, Any]) -> OperatingPoint:
    """Four thresholds within 0 and 1, in order; none of them at an end, where it decides all."""
    told = manifest["operating_point"]
    names = ("referable", "abstain_low", "abstain_high", "vision_threatening")
    if told.keys() != set(names):
        raise ValueError("operating_point")
    values = {name: number(told, name, (0.0, 1.0)) for name in names}
    if not all(0.0 < value < 1.0 for value in values.values()):
        raise ValueError("operating_point")
    return OperatingPoint(**values)


def grade_cuts(manifest: Mapping[str, Any]) -> GradeCuts:
    """Four expected grades from 0 to 4, each above the one before; rounding where none are told."""
    cuts = manifest.get("grade_cuts", ROUNDING)
    mild, moderate, severe, proliferative = (
        number({"grade_cuts": cut}, "grade_cuts", (0.0, len(Grade) - 1.0)) for cut in cuts
    )
    if not mild < moderate < severe < proliferative:
        raise ValueError("grade_cuts")
    return mild, moderate, severe, proliferative


def bf16_agreement(manifest: Mapping[str, Any]) -> float:
    """The smaller of two shares; 0 where they were not measured."""
    told = manifest["agreement"]
    both = ("bf16_grade", "bf16_referable")
    return min(number(told, name, (0.0, 1.0)) if name in told else 0.0 for name in both)


def shards(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Files of tensors in order, after all files' names and hashes were looked at."""
    files = manifest["files"]
    if not isinstance(files, dict) or len(files) > _MOST_FILES:
        raise ValueError("files")
    for name, digest in files.items():
        if not _FILE_NAME.fullmatch(name) or name.startswith("bundle."):
            raise ValueError("files")
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            raise ValueError("files")
    found = sorted(name for name in files if name.endswith(".safetensors"))
    count = len(found)
    if not found or found != [
        f"model-{n:05d}-of-{count:05d}.safetensors" for n in range(1, count + 1)
    ]:
        raise ValueError("files")
    return tuple(found)


def _channels(
    spec: Mapping[str, Any], field: str, bounds: tuple[float, float]
) -> tuple[float, float, float]:
    red, green, blue = (number({field: value}, field, bounds) for value in spec[field])
    return red, green, blue
