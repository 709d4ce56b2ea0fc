"""What follows from a result: the decision for a photograph, and the outcome for a patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from drscreen.domain.grading import REFERABLE_FROM, Grade, Grading, OperatingPoint
from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityVerdict


class Decision(StrEnum):
    """What the program proposes for one photograph. The values are stable codes."""

    NO_REFERRAL = "no_referral"
    REFER = "refer"
    REFER_URGENT = "refer_urgent"
    HUMAN_REVIEW = "human_review"
    REPEAT_PHOTOGRAPH = "repeat_photograph"


class Outcome(StrEnum):
    """What the program proposes for a patient. The values are stable codes."""

    NO_REFERRAL = "no_referral"
    REFER = "refer"
    REFER_URGENT = "refer_urgent"
    HUMAN_REVIEW = "human_review"
    INCOMPLETE = "incomplete"


def decide(quality: QualityVerdict, grading: Grading | None, point: OperatingPoint) -> Decision:
    """The decision for one photograph.

    Urgent before everything else, because missing it costs most; then the abstention band; a
    grade that contradicts the referable threshold goes to a human as well.
    """
    if not quality.gradable or grading is None:
        return Decision.REPEAT_PHOTOGRAPH
    if (
        grading.grade is Grade.PROLIFERATIVE
        or grading.vision_threatening_probability >= point.vision_threatening
    ):
        return Decision.REFER_URGENT
    if point.abstain_low <= grading.referable_probability < point.abstain_high:
        return Decision.HUMAN_REVIEW
    if grading.referable:
        return Decision.REFER
    if grading.grade >= REFERABLE_FROM:
        return Decision.HUMAN_REVIEW
    return Decision.NO_REFERRAL


def patient_outcome(eyes: Mapping[Laterality, Decision]) -> Outcome:
    """The worse eye decides, and no patient is negative while an eye is missing or ungradable."""
    found = set(eyes.values())
    if Decision.REFER_URGENT in found:
        return Outcome.REFER_URGENT
    if Decision.REFER in found:
        return Outcome.REFER
    if Decision.HUMAN_REVIEW in found:
        return Outcome.HUMAN_REVIEW
    if Decision.REPEAT_PHOTOGRAPH in found or any(eye not in eyes for eye in Laterality):
        return Outcome.INCOMPLETE
    return Outcome.NO_REFERRAL


def exam_outcome(findings: Iterable[tuple[Laterality, Decision]]) -> Outcome:
    """The patient's outcome of one exam's photographs, in any order.

    Of one eye's photographs the worst that could be graded counts: a retake replaces an
    ungradable photograph, but never hides a finding.
    """
    eyes: dict[Laterality, Decision] = {}
    for eye, decision in findings:
        known = eyes.get(eye)
        if known is None or _GRAVEST_FIRST.index(decision) < _GRAVEST_FIRST.index(known):
            eyes[eye] = decision
    return patient_outcome(eyes)


_GRAVEST_FIRST = (
    Decision.REFER_URGENT,
    Decision.REFER,
    Decision.HUMAN_REVIEW,
    Decision.NO_REFERRAL,
    Decision.REPEAT_PHOTOGRAPH,
)
