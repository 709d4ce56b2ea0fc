"""The abstention band: chosen from what it does, on made-up eyes whose answer is known."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drscreen.domain.grading import grade_photograph
from drscreen.training.calibration import (
    COVERAGE_FLOOR,
    MISSES_THAT_SPEAK,
    NARROWEST,
    SENSITIVITY_TARGET,
    WIDEST,
    BandPoint,
    calibrate,
    choose_band,
    fit_cuts,
    risk_coverage,
    softmax,
    threshold_for_sensitivity,
)
from drscreen.training.metrics import Floats, Ints

Mask = npt.NDArray[np.bool_]


def eyes(n: int, sharpness: float, seed: int = 0) -> tuple[Floats, Mask]:
    """Calibrated probabilities of n eyes, a fifth of them referable, told apart as asked."""
    generator = np.random.default_rng(seed)
    positive = generator.random(n) < 0.2
    evidence = sharpness * (generator.normal(size=n) + sharpness * (positive - 0.5))
    return np.asarray(1 / (1 + 4 * np.exp(-evidence))), positive


def band_of(probability: Floats, positive: Mask) -> BandPoint:
    threshold = threshold_for_sensitivity(probability, positive)
    return choose_band(risk_coverage(probability, positive, threshold))


def graded(n: int, seed: int = 0) -> tuple[Floats, Ints]:
    generator = np.random.default_rng(seed)
    truth = generator.choice(5, n, p=[0.6, 0.1, 0.2, 0.06, 0.04])
    seen = truth + generator.normal(0, 0.8, n)
    return np.asarray(-((seen[:, None] - np.arange(5)) ** 2) * 0.7), truth


def test_a_curve_by_hand() -> None:
    # Odds about the threshold 0.5:            1/9   2/3   0.96  1.04  1.5   9
    probability = np.array([0.1, 0.4, 0.49, 0.51, 0.6, 0.9])
    positive = np.array([True, False, True, False, True, True])
    curve = risk_coverage(probability, positive, 0.5)
    without = curve[0]
    assert (without.factor, without.low, without.high) == (1.0, 0.5, 0.5)
    assert (without.decided, without.coverage) == (6, 1.0)
    assert (without.referable_decided, without.referable_missed) == (4, 2)
    assert (without.missed_share, without.wrong_share) == (0.5, 0.5)
    middle = next(point for point in curve if point.factor > 1.05)
    assert (middle.decided, middle.missed_share, middle.wrong_share) == (4, 1 / 3, 1 / 4)
    last = curve[-1]
    assert last.factor == pytest.approx(WIDEST, rel=0.05)
    assert (last.decided, last.coverage) == (2, 1 / 3)
    assert (last.missed_share, last.wrong_share) == (0.5, 0.5)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60),
    st.floats(0.001, 0.999),
)
def test_wider_bands_hold_narrower_ones(rows: list[tuple[float, bool]], threshold: float) -> None:
    probability = np.array([p for p, _ in rows])
    positive = np.array([referable for _, referable in rows])
    curve = risk_coverage(probability, positive, threshold)
    assert curve[0].coverage == 1
    for narrow, wide in pairwise(curve):
        assert wide.low < narrow.low <= threshold * (1 + 1e-12)
        assert wide.high > narrow.high >= threshold * (1 - 1e-12)
        assert wide.decided <= narrow.decided
        assert wide.referable_missed <= narrow.referable_missed
    assert choose_band(curve).factor >= NARROWEST


@pytest.mark.parametrize("sharpness", [1.0, 1.5, 2.5])
@pytest.mark.parametrize("n", [80, 400, 4000])
def test_no_more_than_the_allowance_goes_to_a_human(n: int, sharpness: float) -> None:
    band = band_of(*eyes(n, sharpness, seed=n))
    assert band.coverage >= COVERAGE_FLOOR
    assert NARROWEST <= band.factor <= WIDEST


def test_a_network_that_tells_eyes_apart_well_has_the_wider_band() -> None:
    factors = [band_of(*eyes(4000, sharpness)).factor for sharpness in (0.6, 1.2, 2.4)]
    assert factors == sorted(factors)
    assert factors[-1] > 1.3 * factors[0]


def test_where_everything_lies_at_the_threshold_the_band_is_the_narrowest() -> None:
    probability = np.full(100, 0.3)
    band = band_of(probability, np.arange(100) < 20)
    assert band.factor == pytest.approx(NARROWEST, rel=0.01)
    assert band.coverage == 0
    assert band.missed_share is None
    assert band.wrong_share is None


def missed_at(odds: float, count: int) -> tuple[Floats, Mask]:
    """1000 eyes about a threshold of 0.5: few near it, and so many missed at these odds below."""
    far_below, far_above = np.full(700, 0.01), np.full(200, 0.99)
    near = np.linspace(1 / 4, 4, 100 - count) / (1 + np.linspace(1 / 4, 4, 100 - count))
    missed = np.full(count, odds / (1 + odds))
    probability = np.concatenate([far_below, far_above, near, missed])
    positive = np.concatenate([np.zeros(700), np.ones(200), near > 0.5, np.ones(count)])
    return probability, positive.astype(bool)


def test_the_band_stops_where_asking_more_finds_no_more_missed_eyes() -> None:
    near, far = (
        choose_band(risk_coverage(*missed_at(odds, 30), 0.5)).factor for odds in (1 / 1.3, 1 / 3)
    )
    assert near == pytest.approx(1.3, rel=0.05)
    assert far == pytest.approx(3, rel=0.05)


def test_a_few_missed_eyes_steer_nothing() -> None:
    few = MISSES_THAT_SPEAK - 1
    near, far = (
        choose_band(risk_coverage(*missed_at(odds, few), 0.5)).factor for odds in (1 / 1.3, 1 / 3)
    )
    assert near == far == pytest.approx(WIDEST, rel=0.05)


def test_decisions_follow_the_curve() -> None:
    logits, truth = graded(600)
    found = calibrate(logits, truth)
    point = found.operating_point
    assert (point.abstain_low, point.abstain_high) == (found.band.low, found.band.high)
    assert found.band in found.curve
    gradings = [grade_photograph(row, found.temperature, point) for row in logits.tolist()]
    asked = sum(point.abstain_low <= g.referable_probability < point.abstain_high for g in gradings)
    assert asked == truth.size - found.band.decided
    without = found.curve[0].missed_share
    assert without is not None
    assert without <= 1 - SENSITIVITY_TARGET
    assert found.band.missed_share is not None
    assert found.band.missed_share <= without


@pytest.mark.parametrize("grade", [0, 4])
def test_one_class_only_still_gives_a_band_and_plain_json(grade: int) -> None:
    logits, _ = graded(40)
    found = calibrate(logits, np.full(40, grade, dtype=np.int64))
    assert found.band.factor >= NARROWEST
    assert (found.curve[0].missed_share is None) == (grade == 0)
    json.dumps([asdict(point) for point in found.curve], allow_nan=False)


def test_grades_are_given_as_often_as_the_reader_gave_them() -> None:
    _, truth = graded(2000)
    # A network in doubt: its expected grades crowd about their mean.
    expected = 1.0 + 0.3 * (truth + np.random.default_rng(5).normal(0, 0.8, truth.size) - 1.0)
    expected = expected.clip(0, 4)
    probabilities = np.stack([1 - expected / 4, *[np.zeros(truth.size)] * 3, expected / 4], axis=1)
    cuts = fit_cuts(probabilities, truth)
    assert list(cuts) == sorted(cuts)
    found = np.searchsorted(cuts, expected, side="right")
    np.testing.assert_allclose(np.bincount(found, minlength=5), np.bincount(truth), atol=1)
    assert np.bincount(np.rint(expected).astype(int), minlength=5)[4] == 0


def test_a_grade_that_no_reader_gave_is_never_given() -> None:
    logits, truth = graded(400)
    kept = truth < 4
    cuts = fit_cuts(softmax(logits[kept]), truth[kept])
    assert cuts[3] == 4.0
    assert cuts[2] < 4.0
