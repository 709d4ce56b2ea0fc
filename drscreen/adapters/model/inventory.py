"""What is installed, and what a bundle stores. Without torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drscreen.adapters.model.bundle import Bundle, installed, read_bundle
from drscreen.adapters.model.eight_bit import is_tensor
from drscreen.domain.errors import BundleError
from drscreen.domain.signature import UNSIGNED, NetworkState, SignatureCheck


@dataclass(frozen=True, slots=True)
class InstalledBundle:
    """A bundle's folder, the bytes of its files, and its content or why it cannot be used."""

    folder: Path
    size: int
    preferred: bool
    bundle: Bundle | None
    fault: BundleError | None


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as it lies in its file: `type` is numpy's name, `size` counts bytes, scales and
    peaks too."""

    name: str
    shape: tuple[int, ...]
    type: str
    size: int

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


def inventory(folder: Path, check: SignatureCheck) -> list[InstalledBundle]:
    """Every bundle of a folder, the preferred first, each file hashed; damaged ones too."""
    found: list[InstalledBundle] = []
    for name in installed(folder):
        own = folder / name
        bundle, fault = None, None
        try:
            bundle = read_bundle(own, check)
        except BundleError as error:
            fault = error
        size = sum(file.stat().st_size for file in own.iterdir() if file.is_file())
        found.append(InstalledBundle(own, size, not found, bundle, fault))
    return found


def examined(name: str, read: Callable[[str], Bundle]) -> NetworkState:
    """What `read` finds of the network of that name, or why it cannot be used."""
    try:
        bundle = read(name)
    except BundleError as error:
        return NetworkState(name, "", "", UNSIGNED, error)
    return NetworkState(name, bundle.info.version, bundle.info.sha256, bundle.signature)


def stored_tensors(bundle: Bundle) -> list[StoredTensor]:
    """In the order of the files. Raises `BundleDamaged`."""
    tensors = []
    for shard in bundle.shards:
        arrays = bundle.stored(shard)
        for name in filter(is_tensor, arrays):
            values = arrays[name]
            parts = (a for n, a in arrays.items() if n == name or n.startswith(f"{name}::"))
            size = sum(part.nbytes for part in parts)
            tensors.append(StoredTensor(name, values.shape, values.dtype.name, size))
    return tensors
