"""The quality gate: hard limits for what no retina shows, a small network for what people reject.

Plain measures with limits stop what is no fundus photograph, what is dark or burnt out, and fields
that are too small: there a limit is enough and nothing has to be learned. Whether the retina can be
seen well enough is asked of a small network that people's judgements taught, and the measures that
are furthest from a good photograph's name the reason. How it fares stands in docs/quality-gate.md;
`drscreen.training.quality_report` measures it again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from drscreen.adapters.imaging.field_of_view import find_field_of_view
from drscreen.adapters.imaging.quality_map import LAYERS, map_photograph
from drscreen.adapters.imaging.quality_measures import Floats, QualityMeasures, measure
from drscreen.adapters.imaging.quality_network import QualityNetwork
from drscreen.domain.image import DecodedPhotograph
from drscreen.domain.quality import QualityReason, QualityVerdict

#: Detail (levels of green) below which haze alone can make red echo green.
_ECHO_NEEDS_DETAIL = 4.8
#: Detail above which a retina always shows vessels that run in lines.
_LINES_NEED_DETAIL = 6.0

#: Log-odds from which the network's word alone stops a picture as no fundus photograph: even odds.
_STRANGE_FROM = 0.0
#: Log-odds together, taken negative, of a photograph that is neither doubtful nor strange. At zero
#: the doubts add up: a picture that may be poor and may be something else is stopped.
_FREE_OF_DOUBT = 8.0
#: Line clarity below which nobody can say what a picture shows; focus is named then.
_SOMETHING_TO_SEE = -6.0

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Rule(Generic[Seen]):
    """One limit. `typical` is about the median of good photographs and says which side is right."""

    reason: QualityReason
    value: Callable[[Seen], float]
    limit: float
    typical: float

    def margin(self, seen: Seen) -> float:
        """0 at the limit, 1 at a typical good photograph, negative where the rule is broken."""
        return (self.value(seen) - self.limit) / (self.typical - self.limit)


def vessel_evidence(measures: QualityMeasures) -> float:
    """How clearly vessels show: ln(detail) + 3.45 coherence, version 1's regression."""
    return math.log(max(measures.detail, 0.05)) + 3.45 * measures.coherence


def clutter(measures: QualityMeasures) -> float:
    """Strong detail in many colours, as in skin, lashes and iris: ln(detail) + 5 chroma spread."""
    return math.log(max(measures.detail, 0.05)) + 5.0 * measures.chroma_spread


def _echo_of_detail(measures: QualityMeasures) -> float:
    return measures.red_echo if measures.detail > _ECHO_NEEDS_DETAIL else 0.0


def _lines_in_detail(measures: QualityMeasures) -> float:
    return measures.coherence if measures.detail > _LINES_NEED_DETAIL else 1.0


_DARK: Rule[QualityMeasures] = Rule(QualityReason.TOO_DARK, lambda m: m.brightness, 50.0, 140.0)

_STRANGE: tuple[Rule[QualityMeasures], ...] = (
    Rule(QualityReason.NOT_FUNDUS, lambda m: m.foreign, 0.70, 0.0),
    Rule(QualityReason.NOT_FUNDUS, lambda m: m.chroma, 0.05, 0.60),
    Rule(QualityReason.NOT_FUNDUS, lambda m: m.chroma_spread, 0.19, 0.05),
    Rule(QualityReason.NOT_FUNDUS, lambda m: m.hard_edges, 0.015, 0.0),
    Rule(QualityReason.NOT_FUNDUS, clutter, 2.63, 1.80),
    Rule(QualityReason.NOT_FUNDUS, _echo_of_detail, 0.97, 0.60),
    Rule(QualityReason.NOT_FUNDUS, _lines_in_detail, 0.57, 0.73),
)

_BRIGHT: Rule[QualityMeasures] = Rule(QualityReason.TOO_BRIGHT, lambda m: m.glare, 0.10, 0.0)

_SMALL: tuple[Rule[QualityMeasures], ...] = (
    # A circle that fills 60% of the height of a 4:3 picture still covers 0.21 of it.
    Rule(QualityReason.FIELD_TOO_SMALL, lambda m: m.coverage, 0.18, 0.60),
    # Below this many pixels across, the finest visible vessels are lost whatever the focus.
    Rule(QualityReason.FIELD_TOO_SMALL, lambda m: float(m.diameter), 160.0, 320.0),
    Rule(QualityReason.FIELD_TOO_SMALL, lambda m: m.lit, 0.75, 1.0),
)


#: Far below what version 1 asked for (2.85): what no network needs to be asked about.
_NO_VESSELS: Rule[QualityMeasures] = Rule(QualityReason.OUT_OF_FOCUS, vessel_evidence, 2.60, 4.0)


def _layer(quality_map: Floats, name: str) -> Floats:
    """A layer's values in the cells that are lit all over; in all cells where none is."""
    whole = quality_map[LAYERS.index("lit")] > 0.99
    values: Floats = quality_map[LAYERS.index(name)]
    return values[whole] if whole.any() else values.ravel()


def line_clarity(quality_map: Floats) -> float:
    """Upper quartile over the cells of how strongly dark lines stand out, a logarithm.

    Blur and haze lower it alike; shadow and darkness do not.
    """
    return float(np.quantile(_layer(quality_map, "lines"), 0.75))


def evenness(quality_map: Floats) -> float:
    """Level of the darkest tenth of the cells over the median, in red: 1 is even light."""
    red = _layer(quality_map, "red")
    return float(np.quantile(red, 0.1) / max(float(np.median(red)), 1e-3))


def _burnt(quality_map: Floats) -> float:
    return float(_layer(quality_map, "burnt").mean())


def _light(quality_map: Floats) -> float:
    return float(np.median(_layer(quality_map, "red")))


#: What explains a stop of the network's: the limits are where about one good photograph in twenty
#: lies and stop nothing by themselves.
_EXPLANATIONS: tuple[Rule[Floats], ...] = (
    Rule(QualityReason.OUT_OF_FOCUS, line_clarity, -5.30, -4.80),
    Rule(QualityReason.UNEVEN_LIGHT, evenness, 0.62, 0.75),
    Rule(QualityReason.TOO_DARK, _light, 0.36, 0.57),
    Rule(QualityReason.TOO_BRIGHT, _burnt, 0.35, 0.01),
)


def judge(
    measures: QualityMeasures, quality_map: Floats, network: QualityNetwork
) -> QualityVerdict:
    """The verdict on one photograph's measures and map.

    A reason that makes others unknowable stands alone: colours and focus cannot be judged in the
    dark, and exposure and focus do not matter in a picture of something else. The score is 0.5 at
    the limit of the worst rule and 1 where the network and every measure are at least as content
    as with a typical good photograph; how nearly a retina looked like something else does not
    lower it.
    """
    if _DARK.margin(measures) < 0:
        return _verdict(_margins(measures, (_DARK,)))
    if any(rule.margin(measures) < 0 for rule in _STRANGE):
        return _verdict(_margins(measures, _STRANGE))
    if _BRIGHT.margin(measures) < 0:
        return _verdict(_margins(measures, (_BRIGHT, *_SMALL)))
    ungradable, strange = network.log_odds(quality_map)
    if strange >= _STRANGE_FROM:
        seen = line_clarity(quality_map) >= _SOMETHING_TO_SEE
        reasons = (QualityReason.NOT_FUNDUS,) if seen else explain(quality_map)
        return QualityVerdict(gradable=False, score=0.0, reasons=reasons)
    content = min(network.margin(ungradable), -(ungradable + strange) / _FREE_OF_DOUBT)
    margins = _margins(measures, (_DARK, _BRIGHT, *_SMALL, _NO_VESSELS))
    return _verdict([*margins, *((content, reason) for reason in explain(quality_map))])


def explain(quality_map: Floats) -> tuple[QualityReason, ...]:
    """What most likely keeps a retina from being seen, the likeliest first; one reason at least."""
    worst, *others = sorted(_margins(quality_map, _EXPLANATIONS))
    return worst[1], *(reason for margin, reason in others if margin < 0)


def _margins(seen: Seen, rules: tuple[Rule[Seen], ...]) -> list[tuple[float, QualityReason]]:
    return [(rule.margin(seen), rule.reason) for rule in rules]


def _verdict(margins: list[tuple[float, QualityReason]]) -> QualityVerdict:
    # A dictionary keeps each reason once, in the rules' order.
    reasons = tuple(dict.fromkeys(reason for margin, reason in margins if margin < 0))
    worst = min(margin for margin, _ in margins)
    score = min(1.0, max(0.0, 0.5 + 0.5 * worst))
    return QualityVerdict(gradable=not reasons, score=score, reasons=reasons)


class FundusQualityGate:
    """`drscreen.domain.ports.QualityGate`. Any thread; holds nothing but the network."""

    def __init__(self, network: QualityNetwork) -> None:
        self._network = network

    def assess(self, photograph: DecodedPhotograph) -> QualityVerdict:
        """Measure the decoded picture and judge it. Deterministic; never raises."""
        field = find_field_of_view(photograph.image)
        measures = measure(photograph.image, field)
        return judge(measures, map_photograph(photograph.image, field), self._network)
