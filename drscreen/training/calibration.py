"""Temperature, operating point and abstention band from photographs that were not trained on.

**The band.** About the threshold the program asks for a human grader. The band is the same factor
on the odds to both sides: an eye is left to a human where less evidence than a likelihood ratio of
that factor parts it from the other decision. What a miss costs more than an unneeded referral is in
the threshold already. How wide the band is follows from the risk-coverage curve (El-Yaniv and
Wiener, JMLR 2010) of the same photographs:

1. Never narrower than `NARROWEST`: near the decision the program abstains, always.
2. Among bands that leave at least `COVERAGE_FLOOR` decided, the widest. Coverage rests on every
   photograph, so this holds still where positives are few; and few positives mean a threshold that
   is poorly known, which is a reason to ask rather than to decide.
3. Never wider than `WIDEST`, so that a network which tells eyes apart well does not use up all of
   its allowance on eyes that it has good evidence about.
4. Narrower only on evidence: where at least `MISSES_THAT_SPEAK` referable eyes are missed without a
   band, the band stops at the least share missed among the referable eyes decided. What is still
   missed there lies too far away for any band, and asking more would not find it.

Wrong calls overall are reported and steer nothing: with a threshold made for sensitivity nearly all
of them are unneeded referrals, and their share would drown the few misses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drscreen.domain.grading import REFERABLE_FROM, ROUNDING, Grade, GradeCuts, OperatingPoint
from drscreen.training.metrics import Floats, Ints

#: A missed referable eye costs more than an unneeded referral (clinical.md's default target).
SENSITIVITY_TARGET = 0.95
#: A referral is urgent where grade 3 or 4 is more likely than not.
URGENT_FROM = 0.5
#: At least this share is decided without a human: screening that asks about more saves no grader.
COVERAGE_FLOOR = 0.85
#: A likelihood ratio below 5 is small evidence (Jaeschke, Guyatt and Sackett, JAMA 1994).
WIDEST = 5.0
#: About a threshold of 0.30 this reaches from 0.28 to 0.32, closer than a calibration is known.
NARROWEST = 1.1
#: Each band of the curve is wider by this factor on the odds: fine enough for a network whose
#: probabilities lie close together, 33 points in all.
STEP = 1.05
#: Of expected grades, far below what a network could tell apart.
_GAP = 1e-6
#: Fewer missed eyes than this, and where on the curve they fall is chance.
MISSES_THAT_SPEAK = 10


@dataclass(frozen=True, slots=True)
class BandPoint:
    """What one band about the threshold would do: one point of the risk-coverage curve.

    `factor` is the half-width on the odds, 1 for no band; `low` (inclusive) to `high` (exclusive)
    the same as referable probabilities. `decided` photographs lie outside, of which
    `referable_decided` are referable and `referable_missed` of these called not referable.
    `coverage` is the share decided, `missed_share` the share missed among the referable decided
    (1 - sensitivity), `wrong_share` that of wrong calls among all decided; None where nothing is
    left to take a share of.
    """

    factor: float
    low: float
    high: float
    decided: int
    referable_decided: int
    referable_missed: int
    coverage: float
    missed_share: float | None
    wrong_share: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a bundle carries to turn logits into decisions, and what its band was chosen from.

    `curve` is `risk_coverage` of the photographs fitted on, `band` the point of it that was chosen.
    Threshold and band were made for these photographs, so the curve is somewhat favourable.
    """

    temperature: float
    operating_point: OperatingPoint
    curve: tuple[BandPoint, ...]
    band: BandPoint
    grade_cuts: GradeCuts = ROUNDING


def calibrate(logits: Floats, truth: Ints) -> Calibration:
    """Fit on logits (n, 5) and grades (n,) of photographs that were not trained on."""
    temperature = fit_temperature(logits, truth)
    probability = softmax(logits / temperature)[:, REFERABLE_FROM:].sum(axis=1)
    positive = truth >= REFERABLE_FROM
    threshold = threshold_for_sensitivity(probability, positive)
    curve = risk_coverage(probability, positive, threshold)
    band = choose_band(curve)
    return Calibration(
        temperature,
        OperatingPoint(
            referable=threshold,
            abstain_low=band.low,
            abstain_high=band.high,
            vision_threatening=URGENT_FROM,
        ),
        curve,
        band,
        fit_cuts(softmax(logits / temperature), truth),
    )


def risk_coverage(
    probability: Floats, positive: npt.NDArray[np.bool_], threshold: float
) -> tuple[BandPoint, ...]:
    """What is decided, and how wrongly, for bands from none to `WIDEST`, narrowest first.

    `probability` (n,) is the referable probability, `positive` (n,) the reader's call, `threshold`
    lies in (0, 1). The band alone is looked at: eyes in it that are urgent anyway, and eyes outside
    whose grade contradicts the call, are few, and `Evaluation.human_review_rate` counts them right.
    """
    steps = math.floor(math.log(WIDEST) / math.log(STEP))
    return tuple(
        _band_point(probability, positive, threshold, STEP**step) for step in range(steps + 1)
    )


def choose_band(curve: Sequence[BandPoint]) -> BandPoint:
    """The band by the rule above, of a curve as `risk_coverage` gives it."""
    wide_enough = [point for point in curve if point.factor >= NARROWEST]
    allowed = [point for point in wide_enough if point.coverage >= COVERAGE_FLOOR]
    if not allowed:
        return wide_enough[0]
    if curve[0].referable_missed < MISSES_THAT_SPEAK:
        return allowed[-1]
    return min(allowed, key=lambda point: point.missed_share or 0.0)


def _band_point(
    probability: Floats, positive: npt.NDArray[np.bool_], threshold: float, factor: float
) -> BandPoint:
    odds = threshold / (1 - threshold)
    low, high = (o / (1 + o) for o in (odds / factor, odds * factor))
    return band_between(probability, positive, threshold, factor=factor, low=low, high=high)


def band_between(
    probability: Floats,
    positive: npt.NDArray[np.bool_],
    threshold: float,
    *,
    factor: float,
    low: float,
    high: float,
) -> BandPoint:
    """What the band from `low` to `high` does; `factor` is its half-width on the odds."""
    decided = (probability < low) | (probability >= high)
    called = probability >= threshold
    referable = int((decided & positive).sum())
    missed = int((decided & positive & ~called).sum())
    wrong = int((decided & (called != positive)).sum())
    count = int(decided.sum())
    return BandPoint(
        factor=factor,
        low=low,
        high=high,
        decided=count,
        referable_decided=referable,
        referable_missed=missed,
        coverage=count / max(1, probability.size),
        missed_share=missed / referable if referable else None,
        wrong_share=wrong / count if count else None,
    )


def softmax(logits: Floats) -> Floats:
    """Row-wise softmax of (n, k)."""
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exps / exps.sum(axis=1, keepdims=True))


def fit_temperature(logits: Floats, truth: Ints) -> float:
    """The temperature of least negative log likelihood (Guo et al., ICML 2017), 0.2 to 10."""

    def loss(log_temperature: float) -> float:
        p = softmax(logits / math.exp(log_temperature))
        return -float(np.log(p[np.arange(truth.size), truth] + 1e-12).mean())

    return math.exp(_golden_section(loss, math.log(0.2), math.log(10.0)))


def threshold_for_sensitivity(
    probability: Floats, positive: npt.NDArray[np.bool_], target: float = SENSITIVITY_TARGET
) -> float:
    """The highest threshold at which at least `target` of the positives are at or above it."""
    scores = np.sort(probability[positive])[::-1]
    if scores.size == 0:
        return 0.5
    needed = math.ceil(target * scores.size)
    return float(np.clip(scores[needed - 1], 1e-6, 1 - 1e-6))


def fit_cuts(probabilities: Floats, truth: Ints) -> GradeCuts:
    """Cuts of the expected grade that give each grade as often as the reader did.

    probabilities (n, 5), truth (n,). Rounding gives the rare grades too seldom, because a network
    that doubts answers near the mean. Equal margins are no proof of the best kappa, but they rest
    on counts alone and cannot chase single photographs. A grade that no reader gave is hardly ever
    given: its cuts lie `_GAP` apart, because a bundle's cuts ascend.
    """
    expected = np.sort(probabilities @ np.arange(len(Grade)))
    cuts = []
    for grade in list(Grade)[1:]:
        below = int((truth < grade).sum())
        if below == truth.size:
            cuts.append(float(len(Grade) - 1))
        elif below == 0:
            cuts.append(0.0)
        else:
            cuts.append(float((expected[below - 1] + expected[below]) / 2))
    for above in range(1, len(cuts)):
        cuts[above] = max(cuts[above], cuts[above - 1] + _GAP)
    cuts[-1] = min(cuts[-1], float(len(Grade) - 1))
    for below in reversed(range(len(cuts) - 1)):
        cuts[below] = min(cuts[below], cuts[below + 1] - _GAP)
    mild, moderate, severe, proliferative = cuts
    return mild, moderate, severe, proliferative


def _golden_section(function: Callable[[float], float], low: float, high: float) -> float:
    """Minimum of a unimodal function to 1e-5 (Kiefer, 1953); spares a dependency on scipy."""
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-5:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if function(left) < function(right):
            high = right
        else:
            low = left
    return (low + high) / 2
