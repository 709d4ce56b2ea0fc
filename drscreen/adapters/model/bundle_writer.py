"""Write a network as a bundle: 8-bit weights, shards, manifest with hashes, card."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as save_safetensors

from drscreen.adapters.model.bundle import (
    CARD,
    FORMAT,
    MANIFEST,
    Bundle,
    Tensors,
    read_bundle,
)
from drscreen.adapters.model.eight_bit import Stored, in_eight_bits, packed, unpacked
from drscreen.adapters.model.signature import SIGNATURE
from drscreen.domain.errors import BundleDamaged, FileUnwritable
from drscreen.domain.grading import ROUNDING, Grade, GradeCuts, OperatingPoint
from drscreen.domain.image import InputSpec
from drscreen.domain.manifest import MANIFEST_BYTES, manifest_hash
from drscreen.regular_files import is_folder, read_regular

#: A shard stays below 16 MB, so that bundles travel through anything.
SHARD_BYTES = 15_500_000


@dataclass(frozen=True, slots=True)
class BundleContent:
    """What a bundle says of a network besides its tensors.

    `agreement` holds shares of photographs that come out the same: ``quantised_grade`` and
    ``quantised_referable`` (8-bit against full precision), ``bf16_grade`` and ``bf16_referable``
    (bf16 against fp32, both 8-bit), and of how many ``photographs``. What was not compared is not
    there, and bf16 is not used then. `provenance` and `metrics` are free JSON, `plots` SVG files by
    name.
    """

    name: str
    version: str
    architecture: str
    input: InputSpec
    temperature: float
    operating_point: OperatingPoint
    card: str
    agreement: Mapping[str, float]
    grade_cuts: GradeCuts = ROUNDING
    pooling_power: float = 1.0
    provenance: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    plots: Mapping[str, bytes] = field(default_factory=dict)


def as_stored(tensors: Tensors) -> Tensors:
    """The fp32 tensors that a bundle of `tensors` gives back."""
    return {
        name: unpacked(name, packed(name, values)) if in_eight_bits(name, values) else values
        for name, values in tensors.items()
    }


def check_replaceable(folder: Path) -> None:
    """Raises `FileUnwritable` where writing a bundle there would remove something else, or cannot
    be; the folders above are made.
    """
    try:
        is_there = folder.exists() or folder.is_symlink()
        if is_there and (not is_folder(folder) or _others(folder)):
            raise FileUnwritable(f"{folder.name} holds something else than a network.")
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileUnwritable.because("The network cannot be written there.", error) from error


def _others(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - _own(folder)


def _own(folder: Path) -> set[str]:
    """The files that a bundle's manifest proves to be its own; none where there is no manifest."""
    try:
        manifest = json.loads(read_regular(folder / MANIFEST, MANIFEST_BYTES))
        return {*manifest["files"], MANIFEST, SIGNATURE}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def write_bundle(folder: Path, tensors: Tensors, content: BundleContent) -> Bundle:
    """Write a bundle, replacing one that is there, and read it back verified. Nobody has signed it.

    Raises `BundleDamaged` where it does not read back as `as_stored` says; an older bundle in its
    place is kept then. Raises `FileUnwritable` where something else lies there.
    """
    check_replaceable(folder)
    partial = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}.partial")
    partial.mkdir()
    try:
        return _written(folder, partial, tensors, content)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _written(folder: Path, partial: Path, tensors: Tensors, content: BundleContent) -> Bundle:
    shards = _shards(tensors)
    files: dict[str, bytes] = {
        f"model-{number:05d}-of-{len(shards):05d}.safetensors": save_safetensors(shard)
        for number, shard in enumerate(shards, start=1)
    }
    files[CARD] = content.card.encode()
    files |= content.plots
    for name, data in files.items():
        (partial / name).write_bytes(data)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "name": content.name,
        "version": content.version,
        "architecture": content.architecture,
        "pooling_power": content.pooling_power,
        "classes": [grade.title for grade in Grade],
        "input": asdict(content.input),
        "temperature": content.temperature,
        "operating_point": asdict(content.operating_point),
        "grade_cuts": list(content.grade_cuts),
        "agreement": dict(content.agreement),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "provenance": dict(content.provenance),
        "metrics": dict(content.metrics),
        "notice": "Research use, not a cleared medical device.",
    }
    # Tuples become lists on the way through JSON; the hash must be of what a reader will see.
    manifest = json.loads(json.dumps(manifest))
    manifest["manifest_sha256"] = manifest_hash(manifest)
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    _check(read_bundle(partial), as_stored(tensors))
    # Once more: what somebody has put there meanwhile is not removed.
    check_replaceable(folder)
    if folder.exists():
        own = _own(folder)
        for path in list(folder.iterdir()):
            if path.name in own:
                path.unlink()
        folder.rmdir()
    partial.rename(folder)
    return read_bundle(folder)


def _check(written: Bundle, expected: Tensors) -> None:
    """What will be loaded is what was measured, number for number."""
    found = written.tensors()
    wrong = [n for n in expected if n not in found or not np.array_equal(found[n], expected[n])]
    if wrong or len(found) != len(expected):
        raise BundleDamaged(f"The network did not read back as it was written: {wrong[:1]}.")


def _shards(tensors: Tensors) -> list[Stored]:
    shards: list[Stored] = [{}]
    filled = 0
    for name, values in tensors.items():
        # safetensors writes an array's memory as it lies, whatever its strides say.
        plain = np.ascontiguousarray(values)
        entries = packed(name, plain) if in_eight_bits(name, plain) else {name: plain}
        size = sum(entry.nbytes for entry in entries.values())
        if filled + size > SHARD_BYTES and shards[-1]:
            shards.append({})
            filled = 0
        shards[-1] |= entries
        filled += size
    return shards
