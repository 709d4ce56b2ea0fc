"""From a network's logits to calibrated probabilities, a grade and its referable meaning.

Scale: International Clinical Diabetic Retinopathy (ICDR), Wilkinson et al., Ophthalmology 2003.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from drscreen.domain.errors import PredictionFailed


class Grade(IntEnum):
    """ICDR severity of one eye."""

    NONE = 0
    MILD = 1
    MODERATE = 2
    SEVERE = 3
    PROLIFERATIVE = 4

    @property
    def title(self) -> str:
        """The scale's own name for the grade."""
        return _TITLES[self]


_TITLES = {
    Grade.NONE: "No apparent retinopathy",
    Grade.MILD: "Mild NPDR",
    Grade.MODERATE: "Moderate NPDR",
    Grade.SEVERE: "Severe NPDR",
    Grade.PROLIFERATIVE: "Proliferative DR",
}

#: More than mild (mtmDR): grade 2 and above is referable. Vision-threatening (vtDR): 3 and above.
REFERABLE_FROM = Grade.MODERATE
VISION_THREATENING_FROM = Grade.SEVERE

#: Expected grades from which grade 1, 2, 3 and 4 are given; ascending.
GradeCuts = tuple[float, float, float, float]
#: The expected grade rounded to the nearest.
ROUNDING: GradeCuts = (0.5, 1.5, 2.5, 3.5)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Thresholds chosen on validation data, stored in the bundle.

    A referable probability of at least `referable` is referable. Between `abstain_low`
    (inclusive) and `abstain_high` (exclusive) the program does not decide and asks for a human
    grader. A vision-threatening probability of at least `vision_threatening` makes a referral
    urgent.
    """

    referable: float
    abstain_low: float
    abstain_high: float
    vision_threatening: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.abstain_low <= self.referable <= self.abstain_high <= 1.0:
            raise ValueError("an operating point needs 0 <= low <= referable <= high <= 1")
        if not 0.0 < self.vision_threatening <= 1.0:
            raise ValueError("a vision-threatening threshold lies in (0, 1]")


@dataclass(frozen=True, slots=True)
class Grading:
    """One photograph's calibrated result. `probabilities` has five entries that sum to 1."""

    grade: Grade
    probabilities: tuple[float, float, float, float, float]
    referable_probability: float
    vision_threatening_probability: float
    referable: bool


def calibrated_probabilities(
    logits: Sequence[float], temperature: float
) -> tuple[float, float, float, float, float]:
    """Softmax of `logits / temperature` (Guo et al., ICML 2017); five finite logits.

    Raises `PredictionFailed` where a logit is not finite: a damaged network must not grade.
    """
    if len(logits) != len(Grade) or not all(math.isfinite(x) for x in logits):
        raise PredictionFailed("The network gave no usable answer for this photograph.")
    if not temperature > 0:
        raise ValueError(f"a temperature of {temperature}")
    scaled = [x / temperature for x in logits]
    top = max(scaled)
    exps = [math.exp(x - top) for x in scaled]
    total = math.fsum(exps)
    p0, p1, p2, p3, p4 = (e / total for e in exps)
    return p0, p1, p2, p3, p4


def expected_grade(probabilities: Sequence[float]) -> float:
    """Mean of the grade under the probabilities, 0 to 4."""
    return math.fsum(g * p for g, p in enumerate(probabilities))


def grade_photograph(
    logits: Sequence[float],
    temperature: float,
    point: OperatingPoint,
    cuts: GradeCuts = ROUNDING,
) -> Grading:
    """Turn five logits into a grading.

    The grade is where the expected grade falls among `cuts`. Rounding minimises the expected
    squared error, which quadratic weighted kappa punishes; a bundle's own cuts make the grades as
    frequent as readers give them.
    """
    p = calibrated_probabilities(logits, temperature)
    referable_probability = min(1.0, math.fsum(p[REFERABLE_FROM:]))
    return Grading(
        grade=Grade(bisect_right(cuts, expected_grade(p))),
        probabilities=p,
        referable_probability=referable_probability,
        vision_threatening_probability=min(1.0, math.fsum(p[VISION_THREATENING_FROM:])),
        referable=referable_probability >= point.referable,
    )
