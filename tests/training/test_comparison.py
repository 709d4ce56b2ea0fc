"""Two networks on the same eyes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from drscreen.domain.grading import Grade, Grading
from drscreen.domain.referral import Decision
from drscreen.training.comparison import clustered_delong, compare
from drscreen.training.evaluation import EvaluatedPhotograph


def row(patient: int, truth: int, referable: float | None) -> EvaluatedPhotograph:
    grading = None
    if referable is not None:
        grade = Grade.MODERATE if referable >= 0.5 else Grade.NONE
        p = (1 - referable, 0.0, referable, 0.0, 0.0)
        grading = Grading(grade, p, referable, 0.0, referable >= 0.5)
    return EvaluatedPhotograph(str(patient), Grade(truth), grading, Decision.REFER)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def two_networks(better: float, seed: int = 0) -> tuple[list[EvaluatedPhotograph], ...]:
    """200 patients' two eyes; the first network sees disease `better` times as clearly."""
    generator = np.random.default_rng(seed)
    first, second = [], []
    for patient in range(200):
        hard = generator.normal()
        for _ in range(2):
            truth = 2 * int(generator.random() < 0.3)
            signal = 2 * (truth / 2 - 0.5)
            first.append(row(patient, truth, sigmoid(better * signal + generator.normal() + hard)))
            second.append(row(patient, truth, sigmoid(signal + generator.normal() + hard)))
    return first, second


def test_the_better_network_is_found_and_the_sign_is_the_first_s() -> None:
    found = {d.figure: d for d in compare(*two_networks(better=2.0)).differences}
    auc = found["auc_referable"]
    assert auc.first is not None and auc.second is not None
    assert auc.difference.value == pytest.approx(auc.first - auc.second)
    assert auc.difference.low is not None and auc.difference.low > 0
    assert auc.p is not None and auc.p < 0.001
    assert found["kappa"].p is None
    back = compare(*reversed(two_networks(better=2.0))).differences[0]
    assert back.difference.high is not None and back.difference.high < 0
    assert back.p == pytest.approx(auc.p)


def test_two_alike_are_seldom_told_apart() -> None:
    worlds = [compare(*two_networks(1.0, seed)).differences[0] for seed in range(12)]
    assert sum(world.p is not None and world.p < 0.05 for world in worlds) <= 2


def test_the_test_without_clusters_is_delong_s() -> None:
    # By hand: the placements' variances and covariance, as DeLong et al. write them.
    generator = np.random.default_rng(3)
    positive = generator.random(60) < 0.4
    first, second = (positive + generator.normal(size=60) for _ in range(2))
    parts = []
    for score in (first, second):
        psi = (score[positive][:, None] > score[~positive][None, :]).astype(float)
        parts.append((psi.mean(axis=1), psi.mean(axis=0)))
    gap = parts[0][0].mean() - parts[1][0].mean()
    variance = sum(np.var(parts[0][k] - parts[1][k], ddof=1) / parts[0][k].size for k in (0, 1))
    expected = math.erfc(abs(gap) / math.sqrt(2 * variance))
    found = clustered_delong(positive, first, second, [str(i) for i in range(60)])
    # Obuchowski's S11 of eyes that are each their own patient is a covariance of nothing.
    assert found == pytest.approx(expected, rel=0.02)


def test_two_eyes_of_a_patient_are_not_two_patients() -> None:
    """Every eye twice over: as one patient's eyes they say no more than once."""
    generator = np.random.default_rng(5)
    positive = generator.random(80) < 0.4
    first, second = (positive + generator.normal(size=80) for _ in range(2))
    once = clustered_delong(positive, first, second, [str(i) for i in range(80)])
    positive = np.repeat(positive, 2)
    first, second = np.repeat(first, 2), np.repeat(second, 2)
    clustered = clustered_delong(positive, first, second, [str(i // 2) for i in range(160)])
    naive = clustered_delong(positive, first, second, [str(i) for i in range(160)])
    assert once is not None and clustered is not None and naive is not None
    assert clustered == pytest.approx(once, rel=0.02)
    assert naive < once


def test_what_cannot_be_told_has_no_p() -> None:
    rows = [row(i, 0, 0.1 * i) for i in range(5)]
    comparison = compare(rows, rows)
    assert all(d.p is None for d in comparison.differences)
    assert comparison.differences[0].difference.value is None
    assert (comparison.same_grade, comparison.same_call) == (1.0, 1.0)
    nobody = compare([row(1, 2, None)], [row(1, 2, 0.3)])
    assert (nobody.photographs, nobody.same_grade) == (0, None)
