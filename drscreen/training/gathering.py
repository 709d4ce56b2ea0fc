"""From data sets on disk to what a training draws from and what it is measured on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import Grade
from drscreen.training.datasets.dataset import Dataset, find_datasets
from drscreen.training.datasets.layouts import UNGRADABLE, Layout
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.datasets.report import FINDINGS_FILE, Finding, write_reports
from drscreen.training.material import Portion
from drscreen.training.measurement import HeldOut
from drscreen.training.plan import TrainingPlan
from drscreen.training.simulated import load_simulated
from drscreen.training.split import recorded_split
from drscreen.training.squares import PreparedPhotographs, load_squares
from drscreen.training.teacher import load_beliefs

Counted = Callable[[str, int, int], None]

#: One patient in so many is held out of training, for calibration and measurement.
FOLDS = 4


@dataclass(frozen=True, slots=True)
class DataPlan:
    """Which photographs a training uses, and how.

    `data` are folders trained on and measured on; `also` are graded folders trained on alone, for
    photographs unlike those that will be screened; `ungraded` are healthy or ungraded folders, to
    be drawn upon and to learn a teacher's beliefs of. Of each patient in fold `fold` of `split`
    nothing is trained on, wherever it lies. `simulated` photographs are drawn. The shares are those
    of a batch; what they leave is `data`'s. `teacher` is a bundle.
    """

    data: tuple[Path, ...]
    also: tuple[Path, ...] = ()
    ungraded: tuple[Path, ...] = ()
    layout: Layout | None = None
    split: Path | None = None
    fold: int = 0
    simulated: int = 0
    also_share: float = 0.4
    simulated_share: float = 0.25
    ungraded_share: float = 0.2
    ungraded_at_most: int = 2000
    teacher: Path | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """`portions` to train on, the first of them `data`; `held_out` to measure on."""

    datasets: tuple[Dataset, ...]
    findings: tuple[Finding, ...]
    portions: tuple[Portion, ...]
    held_out: HeldOut
    provenance: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Sets:
    """Data sets of one kind with their squares."""

    datasets: list[Dataset]
    prepared: PreparedPhotographs

    @property
    def grades(self) -> npt.NDArray[np.int64]:
        return np.array([int(p.grade) for p in self.prepared.photographs], dtype=np.int64)


def gather(
    data: DataPlan, plan: TrainingPlan, run: Path, cache: Path, counted: Counted
) -> Gathered:
    """Read, decode, split, draw; decoded and drawn squares are kept under `cache`.

    Raises `DatasetError` and what reading and decoding raise.
    """
    share = _rest(data)
    gathering = _Gathering(data, plan, cache, counted)
    measured = gathering.load(data.data)
    also = gathering.load(data.also) if data.also else None
    ungraded = gathering.load(data.ungraded, healthy=True) if data.ungraded else None
    kinds = [sets for sets in (measured, also, ungraded) if sets is not None]
    findings = tuple(f for sets in kinds for f in sets.prepared.findings)
    write_reports(run, [d.report for sets in kinds for d in sets.datasets], findings)
    everybody = [p for sets in kinds for p in sets.prepared.photographs]
    folds = recorded_split(data.split or run / "split.json", everybody, FOLDS, plan.seed)
    away = {patient for patient, fold in folds.items() if fold == data.fold}
    held_out = _rows(measured, lambda patient: patient in away)
    people = {p.patient for p in measured.prepared.photographs}
    if len(people) < FOLDS:
        raise _too_few(len(people), measured.prepared.findings, run)
    if not people & away or people <= away:
        raise DatasetError(
            f"Fold {data.fold} of the split holds out {len(people & away)} of {len(people)} "
            "patients; some must be trained on and some measured."
        )
    portions = [gathering.portion("data", measured, share, away)]
    if also:
        portions.append(gathering.portion("also", also, data.also_share, away))
    if ungraded and data.teacher:
        taught = gathering.portion("ungraded", ungraded, data.ungraded_share, away)
        portions.append(replace(taught, graded=False))
    drawn = gathering.simulated(away) if data.simulated else None
    if drawn:
        portions.append(drawn)
    provenance = {
        "trained_on": _mix(measured, portions[0].rows),
        "also_trained_on": _mix(also, portions[1].rows) if also else None,
        "ungraded": _mix(ungraded, _trained_on(ungraded, away)) if ungraded else None,
        "simulated": np.bincount(drawn.grades, minlength=len(Grade)).tolist() if drawn else None,
        "held_out": _mix(measured, held_out) | {"fold": data.fold},
        "left_out": {"unreadable": len(measured.prepared.unreadable), "quality": UNGRADABLE},
        "shares": {p.name: round(p.share, 4) for p in portions},
    }
    datasets = tuple(d for sets in kinds for d in sets.datasets)
    return Gathered(datasets, findings, tuple(portions), _held_out(measured, held_out), provenance)


class _Gathering:
    """Loads what a plan names, through one cache."""

    def __init__(self, data: DataPlan, plan: TrainingPlan, cache: Path, counted: Counted) -> None:
        self._data, self._plan, self._cache, self._counted = data, plan, cache, counted

    def load(
        self, folders: Sequence[Path], *, as_taken: bool = False, healthy: bool = False
    ) -> _Sets:
        """Squares as the network takes them, or `as_taken`; a few of many `healthy` ones."""
        found = find_datasets(
            folders, layout=self._data.layout, grade=Grade.NONE if healthy else None
        )
        wanted = [p for d in found for p in d.photographs if p.quality != UNGRADABLE]
        if healthy:
            wanted = sorted(wanted, key=_shuffled)[: self._data.ungraded_at_most]
        spec = self._plan.input
        view = replace(spec, equalise=spec.equalise and not as_taken)
        what = f"decoding {', '.join(d.name for d in found)}"
        return _Sets(found, load_squares(wanted, view, self._cache, self._tells(what)))

    def portion(self, name: str, sets: _Sets, share: float, away: set[str]) -> Portion:
        """Graded photographs but for those of patients `away`, with a teacher's beliefs if any."""
        squares, teacher = sets.prepared.squares, self._data.teacher
        beliefs = None
        if teacher:
            tell = self._tells(f"asking the teacher about {name}")
            beliefs = load_beliefs(teacher, squares, self._plan.input, self._cache, tell)
        rows, balance = _trained_on(sets, away), self._plan.balance
        return Portion(name, squares, sets.grades, rows, share, balance, beliefs=beliefs)

    def simulated(self, away: set[str]) -> Portion:
        """Lesions drawn onto photographs of grade 0 as they were taken, of nobody `away`."""
        taken = [self.load(self._data.data, as_taken=True)]
        if self._data.ungraded:
            taken.append(self.load(self._data.ungraded, as_taken=True, healthy=True))
        ground = [
            sets.prepared.squares[row]
            for sets in taken
            for row in _trained_on(sets, away)
            if sets.grades[row] == Grade.NONE
        ]
        if not ground:
            raise DatasetError("There is no photograph of grade 0 to draw lesions onto.")
        drawn = load_simulated(
            ground,
            self._data.simulated,
            seed=self._plan.seed,
            equalise=self._plan.equalise,
            folder=self._cache,
            progress=self._tells("drawing lesions"),
        )
        rows = np.arange(len(drawn.squares))
        share = self._data.simulated_share
        # They were drawn in the mix that is wanted.
        return Portion(
            "simulated", drawn.squares, drawn.grades, rows, share, balance=0.0, maps=drawn.maps
        )

    def _tells(self, what: str) -> Callable[[int, int], None]:
        return lambda done, everything: self._counted(what, done, everything)


def _too_few(people: int, unread: Sequence[Finding], run: Path) -> DatasetError:
    words = f"At least {FOLDS} patients are needed to train and to measure; {people} can be used."
    if unread:
        ((why, _),) = Counter(finding.what for finding in unread).most_common(1)
        words += (
            f" {len(unread)} photographs were left out, most of them as {why}; "
            f"{run / FINDINGS_FILE} names them."
        )
    return DatasetError(words)


def _rest(data: DataPlan) -> float:
    others = (
        (data.also_share if data.also else 0.0)
        + (data.ungraded_share if data.ungraded and data.teacher else 0.0)
        + (data.simulated_share if data.simulated else 0.0)
    )
    if others >= 1:
        raise DatasetError("The shares of a batch leave nothing for the data themselves.")
    return 1.0 - others


def _rows(sets: _Sets, wanted: Callable[[str], bool]) -> npt.NDArray[np.int64]:
    """Rows of the photographs of patients that are `wanted`."""
    return np.flatnonzero([wanted(p.patient) for p in sets.prepared.photographs])


def _trained_on(sets: _Sets, away: set[str]) -> npt.NDArray[np.int64]:
    return _rows(sets, lambda patient: patient not in away)


def _held_out(sets: _Sets, rows: npt.NDArray[np.int64]) -> HeldOut:
    photographs = [sets.prepared.photographs[row] for row in rows]
    sources = [
        next(d.name for d in sets.datasets if p.place.path.is_relative_to(d.folder))
        for p in photographs
    ]
    return HeldOut(sets.prepared.squares, rows, photographs, sources)


def _mix(sets: _Sets, rows: npt.NDArray[np.int64]) -> dict[str, Any]:
    """What a card says of some of the photographs."""
    return {
        "sources": [
            {"name": d.name, "layout": d.layout, "labels_sha256": d.labels_sha256}
            for d in sets.datasets
        ],
        "photographs": int(rows.size),
        "patients": len({sets.prepared.photographs[row].patient for row in rows}),
        "grades": np.bincount(sets.grades[rows], minlength=len(Grade)).tolist(),
    }


def _shuffled(photograph: LabelledPhotograph) -> bytes:
    """An order that has nothing to do with how the files are named or stored."""
    return hashlib.sha256(str(photograph.place.name).encode()).digest()
