"""Measures of a grader against readers' grades, each with an interval over patients. numpy only.

Intervals are percentile bootstrap intervals that resample patients, not photographs: two eyes of
one person are not two independent observations (Obuchowski, Biometrics 1997).

A bootstrap cannot see what did not happen: of five eyes found out of five it says 1.000 (1.000 to
1.000). So the interval of a share is never narrower than Wilson's, and that of an AUC never
narrower than Newcombe's, for as many independent observations as there are patients; and where
resampling moves nothing and no such formula is at hand, there is no interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: 2.5% and 97.5% of this many resamples; the ends move by under 0.005 between seeds.
RESAMPLES = 1000
CONFIDENCE = 0.95
GRADES = 5
#: Resamples of fewer patients repeat the same few pictures; their spread is no interval.
FEWEST = 10
#: Resamples in one go where only sums are needed: bounds memory to a few megabytes.
_AT_A_TIME = 50
_NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval. None where the data do not determine it."""

    value: float | None
    low: float | None
    high: float | None


def shown(estimate: Estimate, digits: int = 3) -> str:
    """``0.861 (0.812 to 0.905)``; a dash where the data do not determine the figure."""
    if estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.{digits}f} (too few for an interval)"
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


def wilson_interval(hits: float, trials: int) -> tuple[float, float]:
    """95% interval of a share of at least one independent trial (Wilson, JASA 1927)."""
    rate, spread = hits / trials, _NORMAL_95**2 / trials
    centre = (rate + spread / 2) / (1 + spread)
    half = math.sqrt(rate * (1 - rate) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe_interval(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """95% interval of an AUC of at least one positive and one negative, all independent.

    Newcombe, Statistics in Medicine 2006 (part 2), method 5: a score interval, so that an AUC of 1
    from few has a lower end too.
    """
    balanced = (positives + negatives) / 2 - 1

    def variance(at: float) -> float:
        spread = 1 + balanced * (1 - at) / (2 - at) + balanced * at / (1 + at)
        return at * (1 - at) * spread / (positives * negatives)

    def end(outer: float) -> float:
        inside = area
        for _ in range(50):
            middle = (inside + outer) / 2
            if (middle - area) ** 2 <= _NORMAL_95**2 * variance(middle):
                inside = middle
            else:
                outer = middle
        return inside

    return end(0.0), end(1.0)


def resampled(patients: Sequence[str], resamples: int = RESAMPLES, seed: int = 0) -> Iterator[Ints]:
    """Row indices of `patients` (n,), drawn anew patient by patient, so many times."""
    _, owner = np.unique(np.asarray(patients), return_inverse=True)
    order = np.argsort(owner, kind="stable")
    sizes = np.bincount(owner)
    starts = np.cumsum(sizes) - sizes
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        picks = generator.integers(0, sizes.size, sizes.size)
        taken = sizes[picks]
        # Each pick's rows are neighbours in `order`: its start, repeated, and a count from 0.
        within = np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken, taken)
        yield order[np.repeat(starts[picks], taken) + within]


def with_interval(
    measure: Callable[[Ints], float],
    patients: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """`measure` of all rows, with its bootstrap interval over patients.

    `measure` takes row indices. Resamples in which it is not defined are left out. No interval
    where all of them agree, nor of fewer than `FEWEST` patients: that would say nothing of how well
    the figure is known.
    """
    value = measure(np.arange(len(patients))) if len(patients) else float("nan")
    if not np.isfinite(value):
        return Estimate(None, None, None)
    if len(set(patients)) < FEWEST:
        return Estimate(float(value), None, None)
    drawn = [measure(rows) for rows in resampled(patients, resamples, seed)]
    finite = [figure for figure in drawn if np.isfinite(figure)]
    return _percentiles(value, finite)


def share_with_interval(
    of: npt.NDArray[np.bool_], within: npt.NDArray[np.bool_], patients: Sequence[str]
) -> Estimate:
    """`share` with its interval, Wilson's over the patients that have a row in `within` at least.

    `of` and `within` (n,) belong to the rows of `patients`.
    """
    value = share(of, within)
    if not np.isfinite(value):
        return Estimate(None, None, None)
    _, owner = np.unique(np.asarray(patients), return_inverse=True)
    hits, trials = np.bincount(owner, of & within), np.bincount(owner, within)
    generator = np.random.default_rng(0)
    drawn: list[float] = []
    for _ in range(RESAMPLES // _AT_A_TIME):
        # Only sums count, so whole patients are drawn and no rows are looked up.
        picks = generator.integers(0, trials.size, (_AT_A_TIME, trials.size))
        found, of_all = hits[picks].sum(axis=1), trials[picks].sum(axis=1)
        drawn += (found[of_all > 0] / of_all[of_all > 0]).tolist()
    people = int((trials > 0).sum())
    return _never_narrower(_percentiles(value, drawn), wilson_interval(value * people, people))


def area_with_interval(
    positive: npt.NDArray[np.bool_], score: Floats, patients: Sequence[str]
) -> Estimate:
    """`area_under_roc` with its interval, Newcombe's over patients at least."""
    estimate = with_interval(lambda rows: area_under_roc(positive[rows], score[rows]), patients)
    if estimate.value is None:
        return estimate
    people = _people(patients, positive), _people(patients, ~positive)
    return _never_narrower(estimate, newcombe_interval(estimate.value, *people))


def _percentiles(value: float, drawn: Sequence[float]) -> Estimate:
    if not drawn or max(drawn) == min(drawn):
        return Estimate(float(value), None, None)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    # A calibration error of few is too large in every resample; the figure itself stays inside.
    return Estimate(float(value), min(float(low), value), max(float(high), value))


def _people(patients: Sequence[str], among: npt.NDArray[np.bool_]) -> int:
    return np.unique(np.asarray(patients)[among]).size


def _never_narrower(estimate: Estimate, interval: tuple[float, float]) -> Estimate:
    low, high = interval
    return Estimate(
        estimate.value,
        low if estimate.low is None else min(low, estimate.low),
        high if estimate.high is None else max(high, estimate.high),
    )
