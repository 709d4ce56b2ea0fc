"""Split a data set by patient, so that no person is on both sides."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from drscreen.domain.grading import Grade
from drscreen.training.datasets.photograph import LabelledPhotograph


def split_patients(
    photographs: Sequence[LabelledPhotograph], folds: int, seed: int
) -> dict[str, int]:
    """Fold number (0 to folds-1) of each patient.

    Stratified by the patient's worse eye: within each grade patients are ordered by a hash of
    seed and number and dealt out in turn, so the split depends on nothing but those two.
    """
    worst: dict[str, Grade] = {}
    for photograph in photographs:
        worst[photograph.patient] = max(worst.get(photograph.patient, Grade.NONE), photograph.grade)
    strata: dict[Grade, list[str]] = defaultdict(list)
    for patient, grade in worst.items():
        strata[grade].append(patient)
    dealt: dict[str, int] = {}
    turn = 0
    for grade in Grade:
        for patient in sorted(strata[grade], key=lambda p: _shuffled(p, seed)):
            dealt[patient] = turn % folds
            turn += 1
    return dealt


def _shuffled(patient: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{patient}".encode()).digest()
