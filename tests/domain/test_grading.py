from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drscreen.domain.errors import PredictionFailed
from drscreen.domain.grading import (
    Grade,
    OperatingPoint,
    calibrated_probabilities,
    expected_grade,
    grade_photograph,
)

POINT = OperatingPoint(referable=0.3, abstain_low=0.25, abstain_high=0.35, vision_threatening=0.5)
logit = st.floats(-60, 60)
logits = st.tuples(logit, logit, logit, logit, logit)
temperature = st.floats(0.2, 10)


@given(logits, temperature)
def test_probabilities_are_a_distribution(values: tuple[float, ...], t: float) -> None:
    p = calibrated_probabilities(values, t)
    assert all(0 <= x <= 1 for x in p)
    assert math.fsum(p) == pytest.approx(1)


@given(logits, temperature)
def test_temperature_never_changes_which_grade_is_likeliest(
    values: tuple[float, ...], t: float
) -> None:
    p = calibrated_probabilities(values, t)
    assert p[values.index(max(values))] == max(p)


@given(logits, temperature, st.floats(-20, 20))
def test_probabilities_ignore_a_shift_of_all_logits(
    values: tuple[float, ...], t: float, shift: float
) -> None:
    shifted = [x + shift for x in values]
    assert calibrated_probabilities(shifted, t) == pytest.approx(
        calibrated_probabilities(values, t), abs=1e-9
    )


@given(logits, temperature)
def test_referable_contains_vision_threatening(values: tuple[float, ...], t: float) -> None:
    grading = grade_photograph(values, t, POINT)
    assert grading.vision_threatening_probability <= grading.referable_probability <= 1
    assert grading.referable == (grading.referable_probability >= POINT.referable)


@given(logits, temperature)
def test_grade_is_the_nearest_to_the_expected(values: tuple[float, ...], t: float) -> None:
    grading = grade_photograph(values, t, POINT)
    assert abs(grading.grade - expected_grade(grading.probabilities)) <= 0.5 + 1e-9


def test_a_bundles_own_cuts_decide_the_grade() -> None:
    values = [2.0, 1.0, 1.0, 0.0, 0.0]  # an expected grade of about 1.0
    assert grade_photograph(values, 1.0, POINT).grade is Grade.MILD
    assert grade_photograph(values, 1.0, POINT, (0.3, 0.8, 1.5, 2.5)).grade is Grade.MODERATE
    assert grade_photograph(values, 1.0, POINT, (1.1, 1.2, 1.5, 2.5)).grade is Grade.NONE


@pytest.mark.parametrize("grade", list(Grade))
def test_a_certain_network_gives_its_grade(grade: Grade) -> None:
    values = [40.0 if g == grade else 0.0 for g in Grade]
    assert grade_photograph(values, 1.0, POINT).grade is grade


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_network_that_gives_no_numbers_grades_nothing(bad: float) -> None:
    with pytest.raises(PredictionFailed):
        grade_photograph([0, 0, bad, 0, 0], 1.0, POINT)


def test_a_network_of_another_scale_grades_nothing() -> None:
    with pytest.raises(PredictionFailed):
        grade_photograph([0, 0, 0, 0], 1.0, POINT)


@pytest.mark.parametrize(
    ("low", "referable", "high", "urgent"),
    [(0.4, 0.3, 0.5, 0.5), (0.1, 0.3, 0.2, 0.5), (-0.1, 0.3, 0.4, 0.5), (0.1, 0.3, 0.4, 0.0)],
)
def test_thresholds_out_of_order_are_refused(
    low: float, referable: float, high: float, urgent: float
) -> None:
    with pytest.raises(ValueError, match=r"operating point|threshold"):
        OperatingPoint(referable, low, high, urgent)
