"""Temperature and operating point from predictions on photographs that were not trained on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drscreen.domain.grading import REFERABLE_FROM, OperatingPoint
from drscreen.training.metrics import Floats, Ints

#: A missed referable eye costs more than an unneeded referral (clinical.md's default target).
SENSITIVITY_TARGET = 0.95
#: Half-width of the abstention band about the threshold, as a factor on the odds.
ABSTAIN_ODDS = 1.25
#: A referral is urgent where grade 3 or 4 is more likely than not.
URGENT_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a bundle carries to turn logits into decisions."""

    temperature: float
    operating_point: OperatingPoint


def calibrate(logits: Floats, truth: Ints) -> Calibration:
    """Fit on logits (n, 5) and grades (n,) of photographs that were not trained on."""
    temperature = fit_temperature(logits, truth)
    probability = softmax(logits / temperature)[:, REFERABLE_FROM:].sum(axis=1)
    threshold = threshold_for_sensitivity(probability, truth >= REFERABLE_FROM)
    odds = threshold / (1 - threshold)
    low, high = odds / ABSTAIN_ODDS, odds * ABSTAIN_ODDS
    return Calibration(
        temperature,
        OperatingPoint(
            referable=threshold,
            abstain_low=low / (1 + low),
            abstain_high=high / (1 + high),
            vision_threatening=URGENT_FROM,
        ),
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
    probability: Floats, positive: np.typing.NDArray[np.bool_], target: float = SENSITIVITY_TARGET
) -> float:
    """The highest threshold at which at least `target` of the positives are at or above it."""
    scores = np.sort(probability[positive])[::-1]
    if scores.size == 0:
        return 0.5
    needed = math.ceil(target * scores.size)
    return float(np.clip(scores[needed - 1], 1e-6, 1 - 1e-6))


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
