"""From data sets on disk to what a training draws from and what it is measured on."""

from __future__ import annotations

import hashlib
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
from drscreen.training.datasets.report import Finding, write_reports
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
    spec = replace(plan.input, size=max(stage.size for stage in plan.stages))

    def load(folders: Sequence[Path], *, as_taken: bool = False, healthy: bool = False) -> _Sets:
        found = find_datasets(folders, layout=data.layout, grade=Grade.NONE if healthy else None)
        wanted = [p for d in found for p in d.photographs if p.quality != UNGRADABLE]
        if healthy:
            wanted = sorted(wanted, key=_shuffled)[: data.ungraded_at_most]
        view = replace(spec, equalise=spec.equalise and not as_taken)
        what = f"decoding {', '.join(d.name for d in found)}"
        return _Sets(found, load_squares(wanted, view, cache, lambda d, a: counted(what, d, a)))

    measured = load(data.data)
    also = load(data.also) if data.also else None
    ungraded = load(data.ungraded, healthy=True) if data.ungraded else None
    kinds = [sets for sets in (measured, also, ungraded) if sets is not None]
    findings = tuple(f for sets in kinds for f in sets.prepared.findings)
    write_reports(run, [d.report for sets in kinds for d in sets.datasets], findings)
    everybody = [p for sets in kinds for p in sets.prepared.photographs]
    folds = recorded_split(data.split or run / "split.json", everybody, FOLDS, plan.seed)

    def rows(sets: _Sets, *, held_out: bool = False) -> npt.NDArray[np.int64]:
        fold = np.array([folds[p.patient] for p in sets.prepared.photographs])
        return np.flatnonzero((fold == data.fold) == held_out)

    if not rows(measured).size or not rows(measured, held_out=True).size:
        raise DatasetError(f"At least {FOLDS} patients are needed to train and to measure.")

    def portion(name: str, sets: _Sets, share: float, *, graded: bool = True) -> Portion:
        beliefs = None
        if data.teacher:
            squares = sets.prepared.squares
            beliefs = load_beliefs(
                data.teacher, squares, spec, cache, lambda d, a: counted("asking the teacher", d, a)
            )
        return Portion(
            name,
            sets.prepared.squares,
            sets.grades,
            rows(sets),
            share=share,
            balance=plan.balance,
            graded=graded,
            beliefs=beliefs,
        )

    portions = [portion("data", measured, _rest(data))]
    if also:
        portions.append(portion("also", also, data.also_share))
    if ungraded and data.teacher:
        portions.append(portion("ungraded", ungraded, data.ungraded_share, graded=False))
    if data.simulated:
        healthy = load(data.data, as_taken=True)
        ground = [healthy.prepared.squares[i] for i in rows(healthy) if not healthy.grades[i]]
        if ungraded:
            taken = load(data.ungraded, as_taken=True, healthy=True)
            ground += [taken.prepared.squares[i] for i in rows(taken)]
        portions.append(_simulated(ground, data, plan, cache, counted))
    return Gathered(
        tuple(d for sets in kinds for d in sets.datasets),
        findings,
        tuple(portions),
        _held_out(measured, rows(measured, held_out=True)),
        _provenance(data, rows, measured=measured, also=also, ungraded=ungraded, portions=portions),
    )


def _rest(data: DataPlan) -> float:
    others = (
        (data.also_share if data.also else 0.0)
        + (data.ungraded_share if data.ungraded and data.teacher else 0.0)
        + (data.simulated_share if data.simulated else 0.0)
    )
    if others >= 1:
        raise DatasetError("The shares of a batch leave nothing for the data themselves.")
    return 1.0 - others


def _simulated(
    ground: list[npt.NDArray[np.uint8]],
    data: DataPlan,
    plan: TrainingPlan,
    cache: Path,
    counted: Counted,
) -> Portion:
    if not ground:
        raise DatasetError("There is no photograph of grade 0 to draw lesions onto.")
    drawn = load_simulated(
        ground,
        data.simulated,
        seed=plan.seed,
        equalise=plan.equalise,
        folder=cache,
        progress=lambda d, a: counted("drawing lesions", d, a),
    )
    return Portion(
        "simulated",
        drawn.squares,
        drawn.grades,
        np.arange(len(drawn.squares)),
        share=data.simulated_share,
        # Drawn in the mix that is wanted.
        balance=0.0,
        maps=drawn.maps,
    )


def _held_out(sets: _Sets, rows: npt.NDArray[np.int64]) -> HeldOut:
    photographs = [sets.prepared.photographs[row] for row in rows]
    return HeldOut(
        sets.prepared.squares, rows, photographs, [_source(sets, p) for p in photographs]
    )


def _source(sets: _Sets, photograph: LabelledPhotograph) -> str:
    return next(d.name for d in sets.datasets if photograph.place.path.is_relative_to(d.folder))


def _provenance(
    data: DataPlan,
    rows: Callable[..., npt.NDArray[np.int64]],
    *,
    measured: _Sets,
    also: _Sets | None,
    ungraded: _Sets | None,
    portions: Sequence[Portion],
) -> dict[str, Any]:
    def mix(sets: _Sets, which: npt.NDArray[np.int64]) -> dict[str, Any]:
        return {
            "sources": [
                {"name": d.name, "layout": d.layout, "labels_sha256": d.labels_sha256}
                for d in sets.datasets
            ],
            "photographs": int(which.size),
            "patients": len({sets.prepared.photographs[row].patient for row in which}),
            "grades": np.bincount(sets.grades[which], minlength=len(Grade)).tolist(),
        }

    drawn = next((p for p in portions if p.name == "simulated"), None)
    return {
        "trained_on": mix(measured, rows(measured)),
        "also_trained_on": mix(also, rows(also)) if also else None,
        "ungraded": mix(ungraded, rows(ungraded)) if ungraded else None,
        "simulated": np.bincount(drawn.grades, minlength=len(Grade)).tolist() if drawn else None,
        "held_out": mix(measured, rows(measured, held_out=True)) | {"fold": data.fold},
        "left_out": {"unreadable": len(measured.prepared.unreadable), "quality": UNGRADABLE},
        "shares": {p.name: round(p.share, 4) for p in portions},
    }


def _shuffled(photograph: LabelledPhotograph) -> bytes:
    """An order that has nothing to do with how the files are named or stored."""
    return hashlib.sha256(str(photograph.place.name).encode()).digest()
