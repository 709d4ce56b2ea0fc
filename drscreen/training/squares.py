"""Prepared squares of a data set, decoded once and kept as one memory-mapped file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.errors import PhotographError, SquaresUnwritable
from drscreen.domain.image import InputSpec
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.datasets.place import Place
from drscreen.training.datasets.report import Finding, Kind

#: Raise when decoding or preprocessing changes what a square looks like: old caches are then void.
PREPARATION_VERSION = 1
#: Photographs in decoding at a time: bounds memory, and keeps the threads busy.
_AT_A_TIME = 64

Squares = npt.NDArray[np.uint8]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PreparedPhotographs:
    """`squares` is uint8 (n, size, size, 3), row for row of `photographs`.

    `unreadable` pairs what could not be decoded with the error's code. `copies` pairs photographs
    with an earlier one of the same bytes; they have no square, so that nobody stands on both sides
    of a split.
    """

    squares: Squares
    photographs: list[LabelledPhotograph]
    unreadable: list[tuple[Place, str]]
    copies: list[tuple[LabelledPhotograph, LabelledPhotograph]]

    @property
    def findings(self) -> list[Finding]:
        """What was left out, for the report on the data sets."""
        findings = [
            Finding(Kind.UNREADABLE, str(place.address), code) for place, code in self.unreadable
        ]
        for copy, first in self.copies:
            same = copy.patient == first.patient
            kind = Kind.COPY if same else Kind.COPY_OF_ANOTHER_PATIENT
            what = f"{_told(copy)} is {_told(first)}"
            findings.append(Finding(kind, str(copy.place.address), what))
        return findings


@dataclass(slots=True)
class _Index:
    """Which of the photographs have a square, by their numbers in the list that was asked for."""

    kept: list[int] = field(default_factory=list)
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    copies: list[tuple[int, int]] = field(default_factory=list)


def load_squares(
    photographs: Sequence[LabelledPhotograph],
    spec: InputSpec,
    folder: Path,
    progress: Progress = lambda _done, _all: None,
) -> PreparedPhotographs:
    """The squares of `photographs`, from the cache under `folder` or decoded into it.

    Keyed by the photographs' places, sizes and times; made anew where those differ or where the
    cache is not whole. Raises `SquaresUnwritable` where the disk is full or the folder cannot be
    written; nothing half-written is left then.
    """
    key = _key(photographs, spec)
    array_file, index_file = folder / f"squares-{key}.u8", folder / f"squares-{key}.json"
    shape = (spec.size, spec.size, 3)
    index = _stored_index(array_file, index_file, spec)
    if index is None:
        index = _prepare(photographs, spec, array_file, index_file, progress)
    squares: Squares = np.empty((0, *shape), np.uint8)
    if index.kept:
        squares = np.memmap(array_file, np.uint8, "r", shape=(len(index.kept), *shape))
    return PreparedPhotographs(
        squares,
        [photographs[i] for i in index.kept],
        [(photographs[i].place, code) for i, code in index.unreadable],
        [(photographs[i], photographs[first]) for i, first in index.copies],
    )


def _stored_index(array_file: Path, index_file: Path, spec: InputSpec) -> _Index | None:
    """What an earlier run finished; None where there is nothing or it is not whole."""
    try:
        index = _Index(**json.loads(index_file.read_text()))
        whole = array_file.stat().st_size == len(index.kept) * spec.size**2 * 3
    except (OSError, ValueError, TypeError):
        return None
    return index if whole else None


def _prepare(
    photographs: Sequence[LabelledPhotograph],
    spec: InputSpec,
    array_file: Path,
    index_file: Path,
    progress: Progress,
) -> _Index:
    """Decode into files beside the cache, which take its names when they are whole."""
    folder = array_file.parent
    partial, partial_index = (f.with_name(f.name + ".partial") for f in (array_file, index_file))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        needed, free = len(photographs) * spec.size**2 * 3, shutil.disk_usage(folder).free
        if needed > free:
            raise SquaresUnwritable(
                f"The prepared photographs need {needed / 1e9:.1f} GB in {folder}; "
                f"{free / 1e9:.1f} GB are free."
            )
        with partial.open("wb") as array:
            index = _write_squares(photographs, spec, array, progress)
            array.flush()
            os.fsync(array.fileno())
        partial_index.write_text(json.dumps(asdict(index)))
        partial.replace(array_file)
        partial_index.replace(index_file)
    except OSError as error:
        raise SquaresUnwritable(
            f"The prepared photographs cannot be written to {folder} ({error.strerror})."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
            partial_index.unlink(missing_ok=True)
    return index


def _write_squares(
    photographs: Sequence[LabelledPhotograph], spec: InputSpec, array: BinaryIO, progress: Progress
) -> _Index:
    index = _Index()
    seen: dict[str, int] = {}
    for number, prepared in enumerate(_prepared(photographs, spec)):
        if isinstance(prepared, PhotographError):
            index.unreadable.append((number, prepared.code))
        else:
            sha256, pixels = prepared
            first = seen.setdefault(sha256, number)
            if first == number:
                array.write(pixels)
                index.kept.append(number)
            else:
                index.copies.append((number, first))
        progress(number + 1, len(photographs))
    return index


def _prepared(
    photographs: Sequence[LabelledPhotograph], spec: InputSpec
) -> Iterator[tuple[str, bytes] | PhotographError]:
    """In order: each photograph's hash and its square's pixels, or what is wrong with it.

    Threads, because Pillow and numpy let go of the interpreter while they work.
    """
    reader = PillowReader()

    def prepare(photograph: LabelledPhotograph) -> tuple[str, bytes] | PhotographError:
        try:
            decoded = reader.decode(photograph.place.read())
        except PhotographError as error:
            return error
        return decoded.sha256, reader.prepare(decoded.image, spec).pixels

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(photographs), _AT_A_TIME):
            yield from pool.map(prepare, photographs[start : start + _AT_A_TIME])


def _told(photograph: LabelledPhotograph) -> str:
    return f"{photograph.place.name} of {photograph.patient} (grade {int(photograph.grade)})"


def _key(photographs: Sequence[LabelledPhotograph], spec: InputSpec) -> str:
    digest = hashlib.sha256(f"{PREPARATION_VERSION} {spec}".encode())
    stamps = {path: _stamp(path) for path in {p.place.path for p in photographs}}
    for place in (photograph.place for photograph in photographs):
        stamp = (str(place.path), *stamps[place.path], place.member, place.offset, place.size)
        digest.update(repr(stamp).encode())
    return digest.hexdigest()[:16]


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file; of one that is gone, zeros: reading it will say so."""
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns
