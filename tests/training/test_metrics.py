from __future__ import annotations

import math
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drscreen.training.metrics import (
    area_under_roc,
    area_with_interval,
    calibration_error,
    confusion_matrix,
    equally_filled,
    newcombe_interval,
    quadratic_weighted_kappa,
    roc_curve,
    share,
    share_with_interval,
    wilson_interval,
    with_interval,
)

grades = st.lists(st.integers(0, 4), min_size=2, max_size=40)


def test_kappa_by_hand() -> None:
    # Observed disagreement (1 + 4) / 4, expected by margins (0,1,2,4 against 0,1,1,2) below.
    truth, found = np.array([0, 1, 2, 4]), np.array([0, 1, 1, 2])
    expected = sum((t - f) ** 2 for t in truth for f in found) / 4
    assert quadratic_weighted_kappa(truth, found) == pytest.approx(1 - (1 + 4) / expected)


@given(grades)
def test_perfect_agreement_is_one_or_undetermined(values: list[int]) -> None:
    kappa = quadratic_weighted_kappa(np.array(values), np.array(values))
    assert math.isnan(kappa) if len(set(values)) == 1 else kappa == pytest.approx(1)


@given(grades)
def test_confusion_counts_every_photograph_once(values: list[int]) -> None:
    found = values[::-1]
    table = confusion_matrix(np.array(values), np.array(found))
    assert table.sum() == len(values)
    assert table.sum(axis=1).tolist() == np.bincount(values, minlength=5).tolist()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=40))
def test_area_counts_ordered_pairs(rows: list[tuple[bool, int]]) -> None:
    positive = np.array([p for p, _ in rows])
    score = np.array([s for _, s in rows], dtype=float)
    area = area_under_roc(positive, score)
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0 for a in score[positive] for b in score[~positive]
    ]
    if not pairs:
        assert math.isnan(area)
    else:
        assert area == pytest.approx(sum(pairs) / len(pairs))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=40))
def test_the_curve_holds_the_area(rows: list[tuple[bool, int]]) -> None:
    positive = np.array([p for p, _ in rows])
    score = np.array([s for _, s in rows], dtype=float)
    if positive.all() or not positive.any():
        return
    alarms, found = roc_curve(positive, score)
    assert (alarms[0], found[0], alarms[-1], found[-1]) == (0, 0, 1, 1)
    area = ((found[1:] + found[:-1]) / 2 * np.diff(alarms)).sum()
    assert area == pytest.approx(area_under_roc(positive, score))


def test_a_curve_of_known_points() -> None:
    positive = np.array([True, False, True, False])
    alarms, found = roc_curve(positive, np.array([0.9, 0.5, 0.5, 0.1]))
    assert (alarms.tolist(), found.tolist()) == ([0, 0, 0.5, 1], [0, 0.5, 1, 1])


def test_wilson_as_published() -> None:
    # Newcombe, Statistics in Medicine 1998, table I, method 3.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


def test_bins_are_filled_equally_and_in_order() -> None:
    bins = equally_filled(np.array([0.9, 0.1, 0.5, 0.3, 0.7]), bins=2)
    assert [part.tolist() for part in bins] == [[1, 3, 2], [4, 0]]
    assert [part.size for part in equally_filled(np.array([0.1, 0.2]))] == [1, 1]


def test_a_calibrated_probability_has_no_error_and_a_boastful_one_does() -> None:
    generator = np.random.default_rng(0)
    probability = generator.random(20_000)
    positive = generator.random(20_000) < probability
    assert calibration_error(positive, probability) < 0.02
    assert calibration_error(positive, probability**3) > 0.1


def mean_of(values: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> float:
    return float(values[rows].mean())


def test_an_interval_covers_and_narrows_with_patients() -> None:
    generator = np.random.default_rng(1)
    widths = []
    for n in (50, 800):
        hits = generator.random(n) < 0.8
        patients = [str(k) for k in range(n)]
        estimate = with_interval(partial(mean_of, hits), patients)
        assert estimate.value is not None and estimate.low is not None and estimate.high is not None
        assert estimate.low <= estimate.value <= estimate.high
        widths.append(estimate.high - estimate.low)
    # Four standard errors at n = 50 and 800: 0.226 and 0.057.
    assert widths == pytest.approx([0.22, 0.056], rel=0.25)


def test_two_eyes_of_a_patient_are_not_two_patients() -> None:
    hits = np.repeat(np.random.default_rng(2).random(100) < 0.7, 2)
    mean = partial(mean_of, hits)

    def width(patients: list[str]) -> float:
        estimate = with_interval(mean, patients)
        assert estimate.low is not None
        assert estimate.high is not None
        return estimate.high - estimate.low

    by_patient = width([str(k // 2) for k in range(200)])
    assert by_patient > 1.2 * width([str(k) for k in range(200)])


def test_what_the_data_do_not_determine_has_no_value() -> None:
    truth = np.array([True, True])
    estimate = with_interval(
        lambda i: area_under_roc(truth[i], np.array([0.1, 0.2])[i]), ["a", "b"]
    )
    assert (estimate.value, estimate.low, estimate.high) == (None, None, None)
    assert math.isnan(share(truth, ~truth))


def test_a_share_s_interval_is_that_of_its_resamples() -> None:
    generator = np.random.default_rng(4)
    hits, within = generator.random(2000) < 0.4, generator.random(2000) < 0.9
    patients = [str(k // 2) for k in range(2000)]
    found = share_with_interval(hits, within, patients)
    expected = with_interval(lambda rows: share(hits[rows], within[rows]), patients)
    assert found.value == expected.value
    ends = ((found.low, expected.low), (found.high, expected.high))
    # Wilson's is a little wider for as many patients as that.
    assert all(a == pytest.approx(b, abs=0.01) for a, b in ends)


def test_an_area_s_least_interval_as_published() -> None:
    # The equation of Newcombe's method 5, checked at the ends that it gives.
    for area, m, n in ((0.8, 65, 140), (1.0, 5, 5), (0.5, 10, 40)):
        balanced = (m + n) / 2 - 1
        for end in newcombe_interval(area, m, n):
            if 0 < end < 1:
                spread = 1 + balanced * (1 - end) / (2 - end) + balanced * end / (1 + end)
                error = math.sqrt(end * (1 - end) * spread / (m * n))
                assert abs(area - end) == pytest.approx(1.959964 * error, rel=1e-6)


def test_few_make_wide_intervals_even_where_all_are_right() -> None:
    right = np.ones(4, dtype=bool)
    positive = np.array([True, True, False, False])
    score = np.array([0.9, 0.8, 0.2, 0.1])
    patients = ["a", "b", "c", "d"]
    assert share_with_interval(right, right, patients).low == pytest.approx(0.51, abs=0.01)
    area = area_with_interval(positive, score, patients)
    assert area.high == 1
    assert area.low is not None and area.low < 0.5
