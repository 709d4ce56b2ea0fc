"""Two networks on the same photographs: paired, because both find the same eyes easy or hard.

Every difference has its bootstrap interval over patients, both networks in the same resamples. The
difference of two AUCs also has a p-value: DeLong, DeLong and Clarke-Pearson (Biometrics 1988) with
the variance for clustered data of Obuchowski (Biometrics 1997), in which a patient's eyes are one
cluster.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drscreen.domain.grading import REFERABLE_FROM, VISION_THREATENING_FROM
from drscreen.training.evaluation import EvaluatedPhotograph
from drscreen.training.metrics import (
    Estimate,
    Floats,
    Ints,
    area_under_roc,
    quadratic_weighted_kappa,
    share,
    with_interval,
)

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the first network, of the second, and the first less the second.

    `p` is two-sided, of the clustered DeLong test; None for figures that are no AUC, and where it
    is not determined.
    """

    figure: str
    first: float | None
    second: float | None
    difference: Estimate
    p: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Over the photographs that both networks graded."""

    photographs: int
    patients: int
    same_grade: float | None
    same_call: float | None
    differences: tuple[Difference, ...]


def compare(
    first: Sequence[EvaluatedPhotograph], second: Sequence[EvaluatedPhotograph]
) -> Comparison:
    """Compare row by row; the rows are of the same photographs in the same order."""
    graded = [
        (a, a.grading, b.grading)
        for a, b in zip(first, second, strict=True)
        if a.grading is not None and b.grading is not None
    ]
    patients = [row.patient for row, _, _ in graded]
    truth = np.array([row.truth for row, _, _ in graded], dtype=np.int64)
    referable, threatening = truth >= REFERABLE_FROM, truth >= VISION_THREATENING_FROM
    both = [[one for _, one, _ in graded], [other for _, _, other in graded]]
    grades = [np.array([g.grade for g in one], dtype=np.int64) for one in both]
    calls: list[Flags] = [np.array([g.referable for g in one], dtype=np.bool_) for one in both]
    scores = [np.array([g.referable_probability for g in one]) for one in both]
    urgent = [np.array([g.vision_threatening_probability for g in one]) for one in both]

    def difference(
        figure: str, measure: Callable[[int, Ints], float], p: float | None = None
    ) -> Difference:
        everyone = np.arange(truth.size)
        one, other = (_known(measure(i, everyone)) if truth.size else None for i in (0, 1))
        paired = with_interval(lambda rows: measure(0, rows) - measure(1, rows), patients)
        return Difference(figure, one, other, paired, p)

    return Comparison(
        photographs=len(graded),
        patients=len(set(patients)),
        same_grade=_known(float((grades[0] == grades[1]).mean())) if graded else None,
        same_call=_known(float((calls[0] == calls[1]).mean())) if graded else None,
        differences=(
            difference(
                "auc_referable",
                lambda i, rows: area_under_roc(referable[rows], scores[i][rows]),
                clustered_delong(referable, scores[0], scores[1], patients),
            ),
            difference(
                "auc_vision_threatening",
                lambda i, rows: area_under_roc(threatening[rows], urgent[i][rows]),
                clustered_delong(threatening, urgent[0], urgent[1], patients),
            ),
            difference(
                "kappa", lambda i, rows: quadratic_weighted_kappa(truth[rows], grades[i][rows])
            ),
            difference("sensitivity", lambda i, rows: share(calls[i][rows], referable[rows])),
            difference("specificity", lambda i, rows: share(~calls[i][rows], ~referable[rows])),
        ),
    )


def clustered_delong(
    positive: Flags, first: Floats, second: Floats, patients: Sequence[str]
) -> float | None:
    """Two-sided p-value of equal AUCs of two scores (n,) on the same rows.

    None where a class does not occur, where fewer than two patients have one, or where the scores
    order the rows alike.
    """
    if positive.all() or not positive.any():
        return None
    of_positives, of_negatives = (
        a - b
        for a, b in zip(_placements(positive, first), _placements(positive, second), strict=True)
    )
    gap = float(of_positives.mean())
    _, owner = np.unique(np.asarray(patients), return_inverse=True)
    m, n = of_positives.size, of_negatives.size
    # Sums over each patient of what its eyes deviate, as Obuchowski writes them.
    ups = np.bincount(owner[positive], of_positives - gap, owner.max() + 1)
    downs = np.bincount(owner[~positive], of_negatives - gap, owner.max() + 1)
    with_positive, with_negative = (
        np.unique(owner[positive]).size,
        np.unique(owner[~positive]).size,
    )
    everyone = owner.max() + 1
    if min(with_positive, with_negative) < 2:
        return None
    variance = (
        with_positive / (with_positive - 1) * float(ups @ ups) / m**2
        + with_negative / (with_negative - 1) * float(downs @ downs) / n**2
        + 2 * everyone / (everyone - 1) * float(ups @ downs) / (m * n)
    )
    if variance <= 0:
        return None
    return math.erfc(abs(gap) / math.sqrt(2 * variance))


def _placements(positive: Flags, score: Floats) -> tuple[Floats, Floats]:
    """For each positive the share of negatives below it, for each negative that of positives above;
    ties count half.
    """
    up, down = score[positive], score[~positive]
    negatives, positives = np.sort(down), np.sort(up)

    def below(values: Floats, others: Floats) -> Floats:
        left, right = (np.searchsorted(others, values, side) for side in ("left", "right"))
        return np.asarray((left + right) / (2 * others.size))

    return below(up, negatives), 1 - below(down, positives)


def _known(figure: float) -> float | None:
    return figure if np.isfinite(figure) else None
