"""The quality gate over photographs that taught it, each judged by a network it did not teach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from drscreen.adapters.imaging.quality import judge, vessel_evidence
from drscreen.adapters.imaging.quality_measures import WORKING_SIDE, QualityMeasures
from drscreen.adapters.imaging.quality_network import QualityNetwork
from drscreen.domain.quality import QualityVerdict
from drscreen.training.metrics import Floats
from drscreen.training.quality_fitting import Tensors, operating_point
from drscreen.training.quality_photographs import (
    FOLDS,
    GRADABLE,
    UNGRADABLE,
    MeasuredPhotograph,
)


@dataclass(frozen=True, slots=True)
class JudgedPhotograph:
    """A labelled photograph, the held-out network's log-odds and the whole gate's verdict."""

    photograph: MeasuredPhotograph
    log_odds: float
    verdict: QualityVerdict


def held_out_networks(
    photographs: Sequence[MeasuredPhotograph], folds: Sequence[Tensors]
) -> list[QualityNetwork]:
    """The networks of `fit_folds`, all with the operating point that their odds together give."""
    bare = [QualityNetwork(tensors, 0.0, 0.0) for tensors in folds]
    limit, typical = operating_point(photographs, held_out_log_odds(photographs, bare))
    return [replace(network, limit=limit, typical=typical) for network in bare]


def held_out_log_odds(
    photographs: Sequence[MeasuredPhotograph], networks: Sequence[QualityNetwork]
) -> Floats:
    """Each photograph's log-odds from the network that its patient did not teach."""
    return np.array([networks[p.fold].log_odds(p.map)[0] for p in photographs])


def judge_held_out(
    photographs: Sequence[MeasuredPhotograph],
    networks: Sequence[QualityNetwork],
    *,
    small_copies: frozenset[str] = frozenset(),
) -> list[JudgedPhotograph]:
    """The whole gate's verdicts, each by the network that the patient did not teach.

    In the data sets `small_copies` the rule about the field's pixels is left out: it would stop
    small copies of large photographs for being copies.
    """
    judged = []
    for p in photographs:
        measures = p.measures
        if p.dataset in small_copies:
            measures = replace(measures, diameter=WORKING_SIDE)
        network = networks[p.fold]
        ungradable, _ = network.log_odds(p.map)
        judged.append(JudgedPhotograph(p, ungradable, judge(measures, p.map, network)))
    return judged


def regression_scores(photographs: Sequence[MeasuredPhotograph]) -> Floats:
    """What the measures alone can do: log-odds of a logistic regression on all of them.

    Held out by the same folds; standardised, the measures' logarithms where they span decades,
    fitted by Newton's method with a ridge of 1.
    """
    x = np.array([_columns(p.measures) for p in photographs])
    labelled = np.array([p.quality in GRADABLE | UNGRADABLE for p in photographs])
    truth = np.array([p.quality in UNGRADABLE for p in photographs], dtype=np.float64)
    fold = np.array([p.fold for p in photographs])
    scores = np.zeros(len(photographs))
    for held in range(FOLDS):
        taught = labelled & (fold != held)
        mean, spread = x[taught].mean(axis=0), x[taught].std(axis=0) + 1e-9
        rows = np.column_stack([np.ones(len(x)), (x - mean) / spread])
        weights = _logistic(rows[taught], truth[taught])
        scores[fold == held] = rows[fold == held] @ weights
    return scores


def evidence_scores(photographs: Sequence[MeasuredPhotograph]) -> Floats:
    """What version 1 judged focus by, turned round: -(ln(detail) + 3.45 coherence)."""
    return np.array([-vessel_evidence(p.measures) for p in photographs])


def _columns(m: QualityMeasures) -> list[float]:
    return [
        np.log(max(m.detail, 0.05)),
        m.coherence,
        np.log(max(m.brightness, 1.0)),
        m.brightness / 255,
        m.glare,
        m.lit,
        m.foreign,
        m.chroma,
        m.chroma_spread,
        m.red_echo,
        m.hard_edges,
        m.coverage,
    ]


def _logistic(x: Floats, y: Floats) -> Floats:
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + np.eye(x.shape[1])
        weights += np.linalg.solve(curvature, x.T @ (y - chance) - weights)
    return weights
