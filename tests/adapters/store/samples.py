"""Photographs and results to record; no picture is decoded here, any bytes will do."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drscreen.adapters.store.keys import KeyCost
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.store import SqlCipherStore
from drscreen.domain.grading import Grade, Grading, OperatingPoint
from drscreen.domain.quality import QualityReason, QualityVerdict
from drscreen.domain.referral import Decision
from drscreen.domain.screening import ModelInfo, ScreeningResult, Seconds
from drscreen.domain.sign_in import Patience
from drscreen.domain.signature import Signer
from drscreen.domain.users import Role

#: Argon2id for tests: correct, and over in a millisecond.
CHEAP = KeyCost(memory=32, passes=1, lanes=1)
#: With whoever mistypes, and whoever removes the list of those who did.
PATIENT = Patience(free=10**6, unlisted=timedelta(0))
PASSWORD = "correct horse battery"
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MODEL = ModelInfo("sample", "1.2", "ab" * 32, Signer.FOUNDERS)
POINT = OperatingPoint(referable=0.5, abstain_low=0.4, abstain_high=0.6, vision_threatening=0.7)


def store_at(home: Path) -> SqlCipherStore:
    """The real store with cheap passwords, and all patience with whoever mistypes them."""
    return SqlCipherStore(home, cost=CHEAP, patience=PATIENT)


def made_store(home: Path) -> SqlCipherStore:
    """A store with its first account, Nora."""
    store = store_at(home)
    store.create("Hilltop Clinic", "Nora", "Nora Lind", Role.ADMINISTRATOR, PASSWORD)
    return store


def unlocked(home: Path) -> SqlCipherOpenStore:
    """The store of that home, opened by Nora."""
    return store_at(home).open("Nora", PASSWORD)


def referred(data: bytes, decision: Decision = Decision.REFER) -> ScreeningResult:
    """A graded photograph, moderate disease; the numbers are exact in binary and in decimal."""
    grading = Grading(
        grade=Grade.MODERATE,
        probabilities=(0.125, 0.125, 0.5, 0.125, 0.125),
        referable_probability=0.75,
        vision_threatening_probability=0.25,
        referable=True,
    )
    return _result(data, QualityVerdict(True, 0.875), grading, decision)


def ungradable(data: bytes) -> ScreeningResult:
    """A photograph that the quality gate refused for two reasons."""
    reasons = (QualityReason.TOO_DARK, QualityReason.OUT_OF_FOCUS)
    verdict = QualityVerdict(False, 0.125, reasons)
    return _result(data, verdict, None, Decision.REPEAT_PHOTOGRAPH)


def _result(
    data: bytes, quality: QualityVerdict, grading: Grading | None, decision: Decision
) -> ScreeningResult:
    return ScreeningResult(
        path=Path("camera/IMG_1.jpg"),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/jpeg",
        width=3000,
        height=2000,
        quality=quality,
        grading=grading,
        decision=decision,
        model=MODEL,
        operating_point=POINT,
        seconds=Seconds(total=1.0),
    )
