"""The quality gate's small network: a map of a photograph in, how ungradable it looks out.

Three convolutions in plain numpy, so that the gate needs no torch and takes a few milliseconds.
`drscreen.training.quality_training` makes the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from drscreen.adapters.imaging.quality_map import CELL, LAYERS, MAP_PIXELS
from drscreen.adapters.imaging.quality_measures import Floats
from drscreen.domain.errors import QualityNetworkDamaged

#: Names in the file: a mean and a spread per layer, three convolutions, the last layer.
_TENSORS = (
    "mean",
    "spread",
    *(f"{layer}.{part}" for layer in ("first", "second", "third") for part in ("weight", "bias")),
    "head.weight",
    "head.bias",
)


@dataclass(frozen=True, slots=True)
class QualityNetwork:
    """Weights, and the two log-odds that the gate goes by. Any thread; never changes.

    `limit`: at and above these log-odds a photograph is stopped.
    `typical`: log-odds of the median good photograph.
    """

    tensors: dict[str, NDArray[np.float32]]
    limit: float
    typical: float

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises `QualityNetworkDamaged` where the file is missing, damaged or of another make."""
        try:
            with safe_open(path, framework="numpy") as opened:
                said = opened.metadata() or {}
                tensors = {name: opened.get_tensor(name) for name in _TENSORS}
            network = cls(tensors, float(said["limit"]), float(said["typical"]))
            blank = np.zeros((len(LAYERS), _CELLS, _CELLS), dtype=np.float32)
            ungradable, strange = network.log_odds(blank)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise QualityNetworkDamaged("A part of the program's quality check is damaged.") from (
                error
            )
        if not np.isfinite([ungradable, strange, network.limit, network.typical]).all():
            raise QualityNetworkDamaged("A part of the program's quality check is damaged.")
        return network

    def log_odds(self, quality_map: Floats) -> tuple[float, float]:
        """Log-odds that people would call the photograph ungradable, and that it is no fundus
        photograph at all. Deterministic.
        """
        given = self.tensors
        plane = (quality_map - given["mean"]) / given["spread"]
        plane = _halved(self._convolved(plane, "first"))
        plane = _halved(self._convolved(plane, "second"))
        plane = self._convolved(plane, "third")
        pooled = np.concatenate([plane.mean(axis=(1, 2)), plane.max(axis=(1, 2))])
        odds = np.einsum("fk,k->f", given["head.weight"], pooled) + given["head.bias"]
        ungradable, strange = odds.tolist()
        return ungradable, strange

    def margin(self, ungradable: float) -> float:
        """0 at the limit, 1 at the median good photograph, negative where one is stopped."""
        return (ungradable - self.limit) / (self.typical - self.limit)

    def _convolved(self, plane: Floats, layer: str) -> Floats:
        """3 x 3 with zeros about the edge, then the positive part: (c, h, w) to (filters, h, w)."""
        weight, bias = self.tensors[f"{layer}.weight"], self.tensors[f"{layer}.bias"]
        _, height, width = plane.shape
        padded = np.pad(plane, ((0, 0), (1, 1), (1, 1)))
        shifted = [
            padded[:, y : y + height, x : x + width].reshape(plane.shape[0], -1)
            for y in range(3)
            for x in range(3)
        ]
        columns = np.concatenate(shifted)
        rows = weight.transpose(0, 2, 3, 1).reshape(weight.shape[0], -1)
        # Not by BLAS: its sums may depend on the number of threads, a verdict must not.
        sums = np.einsum("fk,kn->fn", rows, columns)
        result: Floats = np.maximum(sums + bias[:, None], 0)
        return result.reshape(-1, height, width)


_CELLS = MAP_PIXELS // CELL


def _halved(plane: Floats) -> Floats:
    """The largest of each 2 x 2."""
    channels, height, width = plane.shape
    halved: Floats = plane.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))
    return halved
