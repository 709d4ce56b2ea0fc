from __future__ import annotations

import pytest

from drscreen.domain.quality import RETAKE_TIPS, QualityReason, QualityVerdict


def test_a_verdict_cannot_be_gradable_with_a_reason_against_it() -> None:
    with pytest.raises(ValueError, match="gradable exactly where"):
        QualityVerdict(gradable=True, score=0.5, reasons=(QualityReason.TOO_DARK,))
    with pytest.raises(ValueError, match="gradable exactly where"):
        QualityVerdict(gradable=False, score=0.5)


@pytest.mark.parametrize("score", [-0.01, 1.01, float("nan")])
def test_a_score_lies_between_zero_and_one(score: float) -> None:
    with pytest.raises(ValueError, match="score"):
        QualityVerdict(gradable=True, score=score)


def test_every_reason_has_a_tip_for_the_next_photograph() -> None:
    assert set(RETAKE_TIPS) == set(QualityReason)
