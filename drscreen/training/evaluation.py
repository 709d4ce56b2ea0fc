"""How a network does on graded photographs: the figures that a clinic and a model card need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drscreen.domain.grading import REFERABLE_FROM, VISION_THREATENING_FROM, Grade, Grading
from drscreen.domain.referral import Decision
from drscreen.training.metrics import (
    Estimate,
    area_with_interval,
    calibration_error,
    confusion_matrix,
    quadratic_weighted_kappa,
    share_with_interval,
    with_interval,
)

#: The figures of an evaluation that cards and pages show, by the field's name.
FIGURES = {
    "auc_referable": "AUC, referable (grade 2 and above)",
    "auc_vision_threatening": "AUC, vision-threatening (grade 3 and above)",
    "kappa": "Quadratic weighted kappa",
    "sensitivity": "Sensitivity, referable, at the operating point",
    "specificity": "Specificity, referable, at the operating point",
    "calibration_error": "Expected calibration error, referable",
    "human_review_rate": "Share sent to a human grader",
}


@dataclass(frozen=True, slots=True)
class EvaluatedPhotograph:
    """A reader's grade beside the program's; `grading` is None where it called it ungradable."""

    patient: str
    truth: Grade
    grading: Grading | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class GradeFigures:
    """What became of the photographs to which the reader gave one grade.

    `called_referable` and `same_grade` are shares of those graded, `to_a_human` of those graded,
    `ungradable` of all.
    """

    grade: int
    photographs: int
    called_referable: Estimate
    same_grade: Estimate
    to_a_human: Estimate
    ungradable: Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All but `ungradable_rate`, `referred_or_repeated` and the counts speak of the photographs
    that were graded.

    `confusion` has the reader's grade in rows and the program's in columns. Sensitivity and
    specificity are for referable (grade 2 and above) at the bundle's operating point. The
    calibration error is that of the referable probability. `referred_or_repeated` is the share of
    all referable eyes that the program did not let go: called referable, or ungradable.
    """

    photographs: int
    patients: int
    graded: int
    confusion: list[list[int]]
    kappa: Estimate
    auc_referable: Estimate
    auc_vision_threatening: Estimate
    sensitivity: Estimate
    specificity: Estimate
    calibration_error: Estimate
    ungradable_rate: Estimate
    human_review_rate: Estimate
    referred_or_repeated: Estimate
    per_grade: tuple[GradeFigures, ...]


def recorded(evaluation: object, figure: str) -> Estimate | None:
    """A figure of an `Evaluation` as a bundle's manifest, which is anybody's JSON, holds it.

    None where it does not.
    """
    found = evaluation.get(figure) if isinstance(evaluation, Mapping) else None
    if not isinstance(found, Mapping):
        return None
    numbers = [found.get(key) for key in ("value", "low", "high")]
    value, low, high = (float(n) if isinstance(n, int | float) else None for n in numbers)
    return Estimate(value, low, high)


def evaluate(rows: Sequence[EvaluatedPhotograph]) -> Evaluation:
    """Compare. Deterministic; a figure that the data do not determine has None for its value."""
    everyone = [row.patient for row in rows]
    ungradable = np.array([row.grading is None for row in rows], dtype=bool)
    graded = [(row, row.grading) for row in rows if row.grading is not None]
    patients = [row.patient for row, _ in graded]
    truth = np.array([row.truth for row, _ in graded], dtype=np.int64)
    found = np.array([grading.grade for _, grading in graded], dtype=np.int64)
    referable = truth >= REFERABLE_FROM
    threatening = truth >= VISION_THREATENING_FROM
    called = np.array([grading.referable for _, grading in graded], dtype=bool)
    p_referable = np.array([g.referable_probability for _, g in graded], dtype=np.float64)
    p_threatening = np.array([g.vision_threatening_probability for _, g in graded])
    review = np.array([row.decision is Decision.HUMAN_REVIEW for row, _ in graded], dtype=bool)
    all_referable = np.array([row.truth >= REFERABLE_FROM for row in rows], dtype=bool)
    kept = np.array([g is None or g.referable for g in (row.grading for row in rows)], dtype=bool)
    return Evaluation(
        photographs=len(rows),
        patients=len(set(everyone)),
        graded=len(graded),
        confusion=confusion_matrix(truth, found).tolist(),
        kappa=with_interval(lambda i: quadratic_weighted_kappa(truth[i], found[i]), patients),
        auc_referable=area_with_interval(referable, p_referable, patients),
        auc_vision_threatening=area_with_interval(threatening, p_threatening, patients),
        sensitivity=share_with_interval(called, referable, patients),
        specificity=share_with_interval(~called, ~referable, patients),
        calibration_error=with_interval(
            lambda i: calibration_error(referable[i], p_referable[i]), patients
        ),
        ungradable_rate=share_with_interval(ungradable, _all(ungradable), everyone),
        human_review_rate=share_with_interval(review, _all(review), patients),
        referred_or_repeated=share_with_interval(kept, all_referable, everyone),
        per_grade=tuple(_of_grade(grade, rows) for grade in Grade),
    )


def _of_grade(grade: Grade, rows: Sequence[EvaluatedPhotograph]) -> GradeFigures:
    own = [row for row in rows if row.truth is grade]
    graded = [(row, row.grading) for row in own if row.grading is not None]

    def among_graded(holds: Callable[[EvaluatedPhotograph, Grading], bool]) -> Estimate:
        share = np.array([holds(row, grading) for row, grading in graded], dtype=bool)
        return share_with_interval(share, _all(share), [row.patient for row, _ in graded])

    ungradable = np.array([row.grading is None for row in own], dtype=bool)
    return GradeFigures(
        grade=int(grade),
        photographs=len(own),
        called_referable=among_graded(lambda _, grading: grading.referable),
        same_grade=among_graded(lambda _, grading: grading.grade is grade),
        to_a_human=among_graded(lambda row, _: row.decision is Decision.HUMAN_REVIEW),
        ungradable=share_with_interval(ungradable, _all(ungradable), [row.patient for row in own]),
    )


def _all(rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.ones_like(rows)
