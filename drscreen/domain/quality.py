"""The quality gate's rules: measures in, verdict with named reasons out.

A photograph that fails is not graded; ungradable is a result and never "negative".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class QualityReason(StrEnum):
    """Why a photograph cannot be graded. The values are stable codes."""

    NOT_FUNDUS = "not_fundus"
    OUT_OF_FOCUS = "out_of_focus"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    UNEVEN_LIGHT = "uneven_light"
    FIELD_TOO_SMALL = "field_of_view_too_small"


RETAKE_TIPS: dict[QualityReason, str] = {
    QualityReason.NOT_FUNDUS: (
        "This does not look like a photograph of the retina. Check the file, or the camera's mode."
    ),
    QualityReason.OUT_OF_FOCUS: (
        "Take again: the picture is out of focus. Ask the patient to blink, focus on the vessels, "
        "and wipe the lens."
    ),
    QualityReason.TOO_DARK: (
        "Take again: the picture is too dark. Raise the flash, wait for the pupil to widen, or "
        "use drops."
    ),
    QualityReason.TOO_BRIGHT: (
        "Take again: the picture is too bright. Lower the flash, and check for reflections."
    ),
    QualityReason.UNEVEN_LIGHT: (
        "Take again: part of the retina lies in shadow. Let the pupil widen in the dark, or use "
        "drops, and centre the camera on the pupil."
    ),
    QualityReason.FIELD_TOO_SMALL: (
        "Take again: too little of the retina is in the picture. Centre the pupil and move closer."
    ),
}


@dataclass(frozen=True, slots=True)
class QualityVerdict:
    """`score` runs from 0 (useless) to 1 (excellent); `gradable` is true where no reason stands."""

    gradable: bool
    score: float
    reasons: tuple[QualityReason, ...] = ()

    def __post_init__(self) -> None:
        if self.gradable == bool(self.reasons):
            raise ValueError("a verdict is gradable exactly where no reason stands against it")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a quality score of {self.score}")
