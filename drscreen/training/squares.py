"""Prepared squares of a data set, decoded once and kept as one memory-mapped array."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.errors import PhotographError
from drscreen.domain.image import InputSpec
from drscreen.training.labels import LabelledPhotograph

#: Raise when decoding or preprocessing changes what a square looks like: old caches are then void.
PREPARATION_VERSION = 1

Squares = npt.NDArray[np.uint8]


def load_squares(
    photographs: Sequence[LabelledPhotograph],
    spec: InputSpec,
    folder: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> tuple[Squares, list[LabelledPhotograph], list[tuple[Path, str]]]:
    """Squares as uint8 (n, size, size, 3), the photographs they belong to, and the unreadable.

    Kept under `folder`, keyed by the files' names, sizes and times; made anew where those differ.
    """
    key = _key(photographs, spec)
    array_file, index_file = folder / f"squares-{key}.npy", folder / f"squares-{key}.json"
    if array_file.exists() and index_file.exists():
        index = json.loads(index_file.read_text())
        by_path = {str(p.path): p for p in photographs}
        kept = [by_path[name] for name in index["kept"]]
        failed = [(Path(name), code) for name, code in index["failed"]]
        return np.load(array_file, mmap_mode="r"), kept, failed
    folder.mkdir(parents=True, exist_ok=True)
    reader = PillowReader()
    squares: list[Squares] = []
    kept, failed = [], []
    for done, photograph in enumerate(photographs, start=1):
        try:
            decoded = reader.decode(reader.read(photograph.path))
        except PhotographError as error:
            failed.append((photograph.path, error.code))
        else:
            square = reader.prepare(decoded.image, spec)
            shape = (spec.size, spec.size, 3)
            squares.append(np.frombuffer(square.pixels, np.uint8).reshape(shape))
            kept.append(photograph)
        progress(done, len(photographs))
    partial = array_file.with_suffix(".partial.npy")
    np.save(partial, np.stack(squares) if squares else np.empty((0, spec.size, spec.size, 3), "u1"))
    partial.replace(array_file)
    index_file.write_text(
        json.dumps(
            {"kept": [str(p.path) for p in kept], "failed": [(str(p), c) for p, c in failed]}
        )
    )
    return np.load(array_file, mmap_mode="r"), kept, failed


def _key(photographs: Sequence[LabelledPhotograph], spec: InputSpec) -> str:
    digest = hashlib.sha256(f"{PREPARATION_VERSION} {spec.size}".encode())
    for photograph in photographs:
        stat = photograph.path.stat()
        digest.update(f"{photograph.path}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]
