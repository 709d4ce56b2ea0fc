from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drscreen.domain.grading import Grade, Grading, OperatingPoint
from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityReason, QualityVerdict
from drscreen.domain.referral import Decision, Outcome, decide, patient_outcome

POINT = OperatingPoint(referable=0.3, abstain_low=0.25, abstain_high=0.35, vision_threatening=0.5)
GOOD = QualityVerdict(gradable=True, score=0.9)
BAD = QualityVerdict(gradable=False, score=0.1, reasons=(QualityReason.TOO_DARK,))
decisions = st.sampled_from(Decision)


def grading(grade: Grade, referable: float, threatening: float = 0.0) -> Grading:
    return Grading(
        grade=grade,
        probabilities=(1 - referable, 0.0, referable - threatening, threatening, 0.0),
        referable_probability=referable,
        vision_threatening_probability=threatening,
        referable=referable >= POINT.referable,
    )


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (grading(Grade.NONE, 0.02), Decision.NO_REFERRAL),
        (grading(Grade.MILD, 0.2499), Decision.NO_REFERRAL),
        (grading(Grade.MILD, 0.25), Decision.HUMAN_REVIEW),
        (grading(Grade.MILD, 0.3499), Decision.HUMAN_REVIEW),
        (grading(Grade.MILD, 0.35), Decision.REFER),
        (grading(Grade.MODERATE, 0.9), Decision.REFER),
        (grading(Grade.SEVERE, 0.9, 0.49), Decision.REFER),
        (grading(Grade.SEVERE, 0.9, 0.5), Decision.REFER_URGENT),
        (grading(Grade.PROLIFERATIVE, 0.9, 0.1), Decision.REFER_URGENT),
    ],
)
def test_decision_follows_the_operating_point(result: Grading, expected: Decision) -> None:
    assert decide(GOOD, result, POINT) is expected


def test_a_grade_that_contradicts_the_threshold_goes_to_a_human() -> None:
    assert decide(GOOD, grading(Grade.MODERATE, 0.1), POINT) is Decision.HUMAN_REVIEW


def test_an_ungradable_photograph_is_taken_again_whatever_the_network_says() -> None:
    assert decide(BAD, grading(Grade.NONE, 0.0), POINT) is Decision.REPEAT_PHOTOGRAPH
    assert decide(BAD, None, POINT) is Decision.REPEAT_PHOTOGRAPH


@given(decisions)
def test_a_missing_eye_is_never_negative(decision: Decision) -> None:
    for eye in Laterality:
        assert patient_outcome({eye: decision}) is not Outcome.NO_REFERRAL
    assert patient_outcome({}) is Outcome.INCOMPLETE


@given(decisions)
def test_an_ungradable_eye_is_never_negative(decision: Decision) -> None:
    eyes = {Laterality.OD: decision, Laterality.OS: Decision.REPEAT_PHOTOGRAPH}
    assert patient_outcome(eyes) is not Outcome.NO_REFERRAL


@given(decisions, decisions)
def test_the_worse_eye_decides_and_the_side_does_not(one: Decision, other: Decision) -> None:
    outcome = patient_outcome({Laterality.OD: one, Laterality.OS: other})
    assert outcome is patient_outcome({Laterality.OD: other, Laterality.OS: one})
    if Decision.REFER_URGENT in {one, other}:
        assert outcome is Outcome.REFER_URGENT
    elif Decision.REFER in {one, other}:
        assert outcome is Outcome.REFER
    assert (outcome is Outcome.NO_REFERRAL) == (one == other == Decision.NO_REFERRAL)
