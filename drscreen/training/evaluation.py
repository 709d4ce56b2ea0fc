"""How a network does on graded photographs: the figures that a clinic and a model card need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drscreen.domain.grading import REFERABLE_FROM, VISION_THREATENING_FROM, Grade, Grading
from drscreen.domain.referral import Decision
from drscreen.training.metrics import (
    Estimate,
    area_under_roc,
    calibration_error,
    confusion_matrix,
    quadratic_weighted_kappa,
    share,
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
class Evaluation:
    """All but `ungradable_rate` and the counts speak of the photographs that were graded.

    `confusion` has the reader's grade in rows and the program's in columns. Sensitivity and
    specificity are for referable (grade 2 and above) at the bundle's operating point. The
    calibration error is that of the referable probability.
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
    return Evaluation(
        photographs=len(rows),
        patients=len(set(everyone)),
        graded=len(graded),
        confusion=confusion_matrix(truth, found).tolist(),
        kappa=with_interval(lambda i: quadratic_weighted_kappa(truth[i], found[i]), patients),
        auc_referable=with_interval(
            lambda i: area_under_roc(referable[i], p_referable[i]), patients
        ),
        auc_vision_threatening=with_interval(
            lambda i: area_under_roc(threatening[i], p_threatening[i]), patients
        ),
        sensitivity=with_interval(lambda i: share(called[i], referable[i]), patients),
        specificity=with_interval(lambda i: share(~called[i], ~referable[i]), patients),
        calibration_error=with_interval(
            lambda i: calibration_error(referable[i], p_referable[i]), patients
        ),
        ungradable_rate=with_interval(lambda i: float(ungradable[i].mean()), everyone),
        human_review_rate=with_interval(lambda i: float(review[i].mean()), patients),
    )
