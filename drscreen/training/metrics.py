"""Measures of a grader against readers' grades, each with an interval over patients. numpy only.

Intervals are percentile bootstrap intervals that resample patients, not photographs: two eyes of
one person are not two independent observations (Obuchowski, Biometrics 1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: 2.5% and 97.5% of this many resamples; the ends move by under 0.005 between seeds.
RESAMPLES = 1000
CONFIDENCE = 0.95
GRADES = 5
_NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval. None where the data do not determine it."""

    value: float | None
    low: float | None
    high: float | None


def shown(estimate: Estimate, digits: int = 3) -> str:
    """``0.861 (0.812 to 0.905)``; a dash where the data do not determine the figure."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "-"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def quadratic_weighted_kappa(truth: Ints, found: Ints) -> float:
    """Cohen's kappa with quadratic weights (Cohen, 1968); nan where only one grade occurs."""
    table = confusion_matrix(truth, found).astype(np.float64)
    total = table.sum()
    grades = np.arange(GRADES)
    weights = (grades[:, None] - grades[None, :]) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(total, 1)
    disagreement = float((weights * expected).sum())
    if disagreement == 0:
        return float("nan")
    return 1.0 - float((weights * table).sum()) / disagreement


def confusion_matrix(truth: Ints, found: Ints) -> npt.NDArray[np.int64]:
    """Counts, shape (5, 5): rows are the reader's grade, columns the program's."""
    flat = np.bincount(truth * GRADES + found, minlength=GRADES * GRADES)
    return flat.reshape(GRADES, GRADES).astype(np.int64)


def area_under_roc(positive: npt.NDArray[np.bool_], score: Floats) -> float:
    """Probability that a positive scores above a negative, ties half (Hanley and McNeil, 1982)."""
    positives = int(positive.sum())
    negatives = positive.size - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2.0
    rank_sum = float(mean_rank[inverse][positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def roc_curve(positive: npt.NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """False and true positive rates at every threshold between scores, from (0, 0) to (1, 1).

    Equal scores move together, so the area below is that of `area_under_roc`. Both classes occur.
    """
    order = np.argsort(-score, kind="stable")
    last_of_equals = np.append(np.diff(score[order]) != 0, True)
    hits = np.cumsum(positive[order])[last_of_equals]
    alarms = np.cumsum(~positive[order])[last_of_equals]
    return (
        np.concatenate([[0.0], alarms / alarms[-1]]),
        np.concatenate([[0.0], hits / hits[-1]]),
    )


def share(of: npt.NDArray[np.bool_], within: npt.NDArray[np.bool_]) -> float:
    """The share of `within` where `of` holds; nan where `within` is empty."""
    size = int(within.sum())
    return float((of & within).sum()) / size if size else float("nan")


def calibration_error(
    positive: npt.NDArray[np.bool_], probability: Floats, bins: int = 10
) -> float:
    """Expected calibration error of a probability over equally filled bins.

    Mean gap between stated and observed frequency, weighted by the bins' sizes (Naeini et al.,
    AAAI 2015, with equal-mass bins after Nixon et al., 2019).
    """
    gaps = [
        part.size * abs(float(probability[part].mean()) - float(positive[part].mean()))
        for part in equally_filled(probability, bins)
    ]
    return sum(gaps) / max(1, probability.size)


def equally_filled(values: Floats, bins: int = 10) -> list[Ints]:
    """Row indices of `values` (n,) in rising order, cut into at most `bins` of sizes n / bins."""
    order = np.argsort(values, kind="stable")
    return [part for part in np.array_split(order, bins) if part.size]


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """95% interval of a share of at least one independent trial (Wilson, JASA 1927)."""
    rate, spread = hits / trials, _NORMAL_95**2 / trials
    centre = (rate + spread / 2) / (1 + spread)
    half = math.sqrt(rate * (1 - rate) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def with_interval(
    measure: Callable[[Ints], float],
    patients: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """`measure` of all rows, with its bootstrap interval over patients.

    `measure` takes row indices. Resamples in which it is not defined are left out.
    """
    _, owner = np.unique(np.asarray(patients), return_inverse=True)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(owner.max(initial=-1) + 2))
    groups = [order[a:b] for a, b in pairwise(starts)]
    value = measure(np.arange(owner.size)) if owner.size else float("nan")
    if not np.isfinite(value):
        return Estimate(None, None, None)
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        picks = generator.integers(0, len(groups), len(groups))
        figure = measure(np.concatenate([groups[p] for p in picks]))
        if np.isfinite(figure):
            drawn.append(figure)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Estimate(float(value), float(low), float(high))
