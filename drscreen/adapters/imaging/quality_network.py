"""The quality gate's small network: a map of a photograph in, how ungradable it looks out.

Three convolutions in plain numpy, so that the gate needs no torch and takes a few milliseconds.
`drscreen.training.quality_fitting` makes its folder: `network.safetensors`; `bundle.json`, the
manifest, with that file's hash and the two log-odds; and `bundle.sig` where somebody has signed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from drscreen.adapters.imaging.quality_map import LAYERS
from drscreen.adapters.imaging.quality_measures import Floats
from drscreen.domain.errors import QualityNetworkDamaged
from drscreen.domain.manifest import MANIFEST_BYTES, read_manifest
from drscreen.domain.signature import (
    UNSIGNED,
    NetworkState,
    Signature,
    SignatureCheck,
    nobody_signs,
)
from drscreen.regular_files import read_regular

MANIFEST, SIGNATURE, TENSORS = "bundle.json", "bundle.sig", "network.safetensors"
FORMAT, KIND = 1, "quality"
NAME = "quality gate"
#: Ours takes 75 kB, a signature 233 bytes.
_FILE_BYTES, _SIGNATURE_BYTES = 2_000_000, 1000
#: A limit beyond these would stop everything or nothing.
_LOG_ODDS = 50.0
#: Filters of the three convolutions; `drscreen.training.quality_fitting` makes them so.
WIDTHS = (24, 32, 32)


def shapes() -> dict[str, tuple[int, ...]]:
    """The tensors by name: a mean and a spread per layer, three convolutions, the last layer."""
    found: dict[str, tuple[int, ...]] = {"mean": (len(LAYERS), 1, 1), "spread": (len(LAYERS), 1, 1)}
    before = len(LAYERS)
    for layer, width in zip(("first", "second", "third"), WIDTHS, strict=True):
        found |= {f"{layer}.weight": (width, before, 3, 3), f"{layer}.bias": (width,)}
        before = width
    return found | {"head.weight": (2, 2 * before), "head.bias": (2,)}


@dataclass(frozen=True, slots=True)
class QualityNetwork:
    """Weights, and the two log-odds that the gate goes by. Any thread; never changes.

    `limit`: at and above these log-odds a photograph is stopped.
    `typical`: log-odds of the median good photograph.
    `version`, `sha256` (of the manifest) and `signature` are those of the folder it was read from.
    """

    tensors: dict[str, NDArray[np.float32]]
    limit: float
    typical: float
    version: str = field(default="unnamed", compare=False)
    sha256: str = field(default="", compare=False)
    signature: Signature = field(default=UNSIGNED, compare=False)

    @classmethod
    def read(cls, path: Path, check: SignatureCheck = nobody_signs) -> Self:
        """From its file of tensors, whose manifest and signature lie beside it.

        Raises `QualityNetworkDamaged` where one is missing, damaged or of another make, or where
        the signature is not the manifest's.
        """
        try:
            said = read_regular(path.with_name(MANIFEST), MANIFEST_BYTES, through_links=True)
            signature = check(said, _signature(path.with_name(SIGNATURE)))
            manifest = read_manifest(said)
            limit, typical, version = _bounded(manifest)
            data = read_regular(path, _FILE_BYTES, through_links=True)
            if manifest["files"] != {path.name: hashlib.sha256(data).hexdigest()}:
                raise ValueError("not the file that was written")
            network = cls(
                load(data), limit, typical, version, manifest["manifest_sha256"], signature
            )
            network.check()
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise QualityNetworkDamaged("A part of the program's quality check is damaged.") from (
                error
            )
        return network

    def check(self) -> None:
        """Raises `ValueError` where tensors or limits are not those of such a network."""
        found = {name: values.shape for name, values in self.tensors.items()}
        if found != shapes():
            raise ValueError("tensors of another network")
        for values in self.tensors.values():
            if values.dtype != np.float32 or not np.isfinite(values).all():
                raise ValueError("tensors that are no numbers")
        if (self.tensors["spread"] <= 0).any():
            raise ValueError("a spread of nothing")
        if not -_LOG_ODDS <= self.typical < self.limit <= _LOG_ODDS:
            raise ValueError("limits out of order")

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


def examined(path: Path, check: SignatureCheck) -> NetworkState:
    """The network as it is found, or why it cannot be used."""
    try:
        found = QualityNetwork.read(path, check)
    except QualityNetworkDamaged as error:
        return NetworkState(NAME, "", "", UNSIGNED, error)
    return NetworkState(NAME, found.version, found.sha256, found.signature)


def _halved(plane: Floats) -> Floats:
    """The largest of each 2 x 2."""
    channels, height, width = plane.shape
    halved: Floats = plane.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))
    return halved


def _bounded(manifest: Mapping[str, Any]) -> tuple[float, float, str]:
    """Limit, typical log-odds and version. Raises `KeyError`, `TypeError` or `ValueError`."""
    if (manifest["format"], manifest["kind"]) != (FORMAT, KIND):
        raise ValueError("a manifest of something else")
    limit, typical, version = (manifest[name] for name in ("limit", "typical", "version"))
    if not isinstance(limit, float) or not isinstance(typical, float):
        raise TypeError("limits that are no numbers")
    if not isinstance(version, str) or not version.isprintable() or not 1 <= len(version) <= 80:
        raise ValueError("a version that nobody can read")
    return limit, typical, version


def _signature(file: Path) -> bytes | None:
    try:
        return read_regular(file, _SIGNATURE_BYTES, through_links=True)
    except FileNotFoundError:
        return None
