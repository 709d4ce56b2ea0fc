"""Split a data set by patient, so that no person is on both sides."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from drscreen.domain.errors import DatasetError, TextUnreadable
from drscreen.domain.grading import Grade
from drscreen.domain.text_file import text_of
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


def recorded_split(
    path: Path, photographs: Sequence[LabelledPhotograph], folds: int, seed: int
) -> dict[str, int]:
    """Fold of each patient as the file at `path` says; patients that are new to it are added.

    So every training that is given the same file holds the same people out, whatever data sets it
    reads. Raises `DatasetError` where the file is damaged or was made with other folds or seed.
    """
    known: dict[str, int] = {}
    if path.exists():
        try:
            stored = json.loads(text_of(path.read_bytes(), f"The split {path}"))
            known = {str(patient): int(fold) for patient, fold in stored["patients"].items()}
            made_with = (stored["folds"], stored["seed"])
        except TextUnreadable as error:
            raise DatasetError(error.message) from error
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise DatasetError(f"The split {path} cannot be read.") from error
        if made_with != (folds, seed):
            raise DatasetError(f"The split {path} was made with other folds or another seed.")
    added = split_patients([p for p in photographs if p.patient not in known], folds, seed)
    if added:
        known |= added
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}-{secrets.token_hex(8)}.partial")
        content = {"folds": folds, "seed": seed, "patients": dict(sorted(known.items()))}
        partial.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")
        partial.replace(path)
    return known
