"""A set of simulated photographs, drawn once and kept as memory-mapped arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from drscreen.adapters.imaging.field_of_view import equalised
from drscreen.domain.grading import Grade
from drscreen.domain.lesions import LesionClass
from drscreen.training.simulation.photograph import simulate
from drscreen.training.squares import Squares

#: Raise when the drawing changes: sets drawn before are then void.
SIMULATION_VERSION = 1
#: A lesion map keeps one cell for so many pixels each way.
MAP_STRIDE = 4
#: Grades wished for, as shares. The rare ones are what a simulation is for.
_WISHED = {
    Grade.NONE: 0.25,
    Grade.MILD: 0.2,
    Grade.MODERATE: 0.25,
    Grade.SEVERE: 0.15,
    Grade.PROLIFERATIVE: 0.15,
}


@dataclass(frozen=True, slots=True)
class SimulatedSet:
    """squares uint8 (n, size, size, 3), maps uint8 0 or 255 (n, classes, size/4, size/4), grades
    (n,).
    """

    squares: Squares
    maps: npt.NDArray[np.uint8]
    grades: npt.NDArray[np.int64]


def load_simulated(
    healthy: Sequence[Squares],
    count: int,
    *,
    seed: int,
    equalise: bool,
    folder: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> SimulatedSet:
    """Draw `count` simulated photographs onto squares of grade 0, or find them drawn.

    `healthy` are squares as taken, each uint8 (size, size, 3); photograph n depends on `seed`, n
    and the squares alone. With `equalise` the result is equalised after drawing.
    """
    digest = hashlib.sha256(f"{SIMULATION_VERSION} {count} {seed} {equalise}".encode())
    for square in healthy:
        digest.update(square[:: max(1, len(square) // 16)].tobytes())
    key = digest.hexdigest()[:16]
    files = [folder / f"simulated-{key}-{part}.npy" for part in ("squares", "maps", "grades")]
    if not all(file.exists() for file in files):
        _draw(healthy, files, count=count, seed=seed, equalise=equalise, progress=progress)
    squares, maps = (np.load(file, mmap_mode="r") for file in files[:2])
    return SimulatedSet(squares, maps, np.load(files[2]))


def _draw(
    healthy: Sequence[Squares],
    files: Sequence[Path],
    *,
    count: int,
    seed: int,
    equalise: bool,
    progress: Callable[[int, int], None],
) -> None:
    files[0].parent.mkdir(parents=True, exist_ok=True)
    side = healthy[0].shape[0]
    cells = side // MAP_STRIDE
    partial = [file.with_suffix(".partial.npy") for file in files]
    open_memmap = np.lib.format.open_memmap
    squares = open_memmap(partial[0], "w+", np.uint8, (count, side, side, 3))
    maps = open_memmap(partial[1], "w+", np.uint8, (count, len(LesionClass), cells, cells))
    grades = np.zeros(count, np.int64)
    for number in range(count):
        generator = np.random.default_rng((seed, number))
        wished = Grade(int(generator.choice(len(_WISHED), p=list(_WISHED.values()))))
        drawn = simulate(healthy[int(generator.integers(len(healthy)))], wished, generator)
        picture = Image.fromarray(drawn.square)
        squares[number] = np.asarray(equalised(picture) if equalise else picture)
        whole = drawn.lesions[:, : cells * MAP_STRIDE, : cells * MAP_STRIDE]
        blocks = whole.reshape(len(LesionClass), cells, MAP_STRIDE, cells, MAP_STRIDE)
        maps[number] = blocks.any(axis=(2, 4)) * np.uint8(255)
        grades[number] = int(drawn.grade)
        progress(number + 1, count)
    squares.flush()
    maps.flush()
    np.save(partial[2], grades)
    for file, written in zip(files, partial, strict=True):
        written.replace(file)
    (files[0].parent / "simulated.json").write_text(
        json.dumps({"seed": seed, "grades": np.bincount(grades, minlength=len(Grade)).tolist()})
    )
