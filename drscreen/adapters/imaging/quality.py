"""The first quality gate: a few measures, each with a limit, each limit with a named reason.

Where the limits come from and how they fare stands in docs/quality-gate.md;
`drscreen.training.quality_report` measures it again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from drscreen.adapters.imaging.quality_measures import QualityMeasures, measure
from drscreen.domain.image import DecodedPhotograph
from drscreen.domain.quality import QualityReason, QualityVerdict

#: Detail (levels of green) below which haze alone can make red echo green.
_ECHO_NEEDS_DETAIL = 4.8
#: Detail above which a retina always shows vessels that run in lines.
_LINES_NEED_DETAIL = 6.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit. `typical` is about the median of good photographs and says which side is right."""

    reason: QualityReason
    value: Callable[[QualityMeasures], float]
    limit: float
    typical: float

    def margin(self, measures: QualityMeasures) -> float:
        """0 at the limit, 1 at a typical good photograph, negative where the rule is broken."""
        return (self.value(measures) - self.limit) / (self.typical - self.limit)


def vessel_evidence(measures: QualityMeasures) -> float:
    """How clearly vessels show: ln(detail) + 3.45 coherence.

    The weights are a logistic regression of good and usable against bad and reject, divided by
    the weight of ln(detail).
    """
    return math.log(max(measures.detail, 0.05)) + 3.45 * measures.coherence


def clutter(measures: QualityMeasures) -> float:
    """Strong detail in many colours, as in skin, lashes and iris: ln(detail) + 5 chroma spread."""
    return math.log(max(measures.detail, 0.05)) + 5.0 * measures.chroma_spread


def _echo_of_detail(measures: QualityMeasures) -> float:
    return measures.red_echo if measures.detail > _ECHO_NEEDS_DETAIL else 0.0


def _lines_in_detail(measures: QualityMeasures) -> float:
    return measures.coherence if measures.detail > _LINES_NEED_DETAIL else 1.0


_DARK = Rule(QualityReason.TOO_DARK, lambda m: m.brightness, 50.0, 140.0)

_STRANGE = (
    Rule(QualityReason.NOT_FUNDUS, lambda m: m.foreign, 0.70, 0.0),
    Rule(QualityReason.NOT_FUNDUS, lambda m: m.chroma, 0.05, 0.60),
    Rule(QualityReason.NOT_FUNDUS, lambda m: m.chroma_spread, 0.19, 0.05),
    Rule(QualityReason.NOT_FUNDUS, lambda m: m.hard_edges, 0.015, 0.0),
    Rule(QualityReason.NOT_FUNDUS, clutter, 2.63, 1.80),
    Rule(QualityReason.NOT_FUNDUS, _echo_of_detail, 0.97, 0.60),
    Rule(QualityReason.NOT_FUNDUS, _lines_in_detail, 0.57, 0.73),
)

_BRIGHT = Rule(QualityReason.TOO_BRIGHT, lambda m: m.glare, 0.10, 0.0)

_SMALL = (
    # A circle that fills 60% of the height of a 4:3 picture still covers 0.21 of it.
    Rule(QualityReason.FIELD_TOO_SMALL, lambda m: m.coverage, 0.18, 0.60),
    # Below this many pixels across, the finest visible vessels are lost whatever the focus.
    Rule(QualityReason.FIELD_TOO_SMALL, lambda m: float(m.diameter), 160.0, 320.0),
    Rule(QualityReason.FIELD_TOO_SMALL, lambda m: m.lit, 0.75, 1.0),
)

_BLURRED = (
    Rule(QualityReason.OUT_OF_FOCUS, vessel_evidence, 2.85, 4.0),
    Rule(QualityReason.OUT_OF_FOCUS, lambda m: m.sharpness, 0.35, 0.50),
)


def judge(measures: QualityMeasures) -> QualityVerdict:
    """The verdict on one photograph's measures.

    A reason that makes others unknowable stands alone: colours and focus cannot be judged in the
    dark, and exposure and focus do not matter in a picture of something else. The score is 0.5 at
    the limit of the worst rule and 1 where every measure is at least as good as is typical; how
    nearly a retina looked like something else does not lower it.
    """
    if _DARK.margin(measures) < 0:
        return _verdict(measures, (_DARK,))
    if any(rule.margin(measures) < 0 for rule in _STRANGE):
        return _verdict(measures, _STRANGE)
    if _BRIGHT.margin(measures) < 0:
        return _verdict(measures, (_BRIGHT, *_SMALL))
    return _verdict(measures, (_DARK, _BRIGHT, *_SMALL, *_BLURRED))


def _verdict(measures: QualityMeasures, rules: tuple[Rule, ...]) -> QualityVerdict:
    margins = [(rule.margin(measures), rule.reason) for rule in rules]
    # A dictionary keeps each reason once, in the rules' order.
    reasons = tuple(dict.fromkeys(reason for margin, reason in margins if margin < 0))
    worst = min(margin for margin, _ in margins)
    score = min(1.0, max(0.0, 0.5 + 0.5 * worst))
    return QualityVerdict(gradable=not reasons, score=score, reasons=reasons)


class MeasuredQualityGate:
    """`drscreen.domain.ports.QualityGate` from measures alone. Any thread; holds no state."""

    def assess(self, photograph: DecodedPhotograph) -> QualityVerdict:
        """Measure the decoded picture and judge it. Deterministic; never raises."""
        return judge(measure(photograph.image))
