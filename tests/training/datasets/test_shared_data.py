"""Real data sets: what their publishers' figures say is what the loaders find."""

from __future__ import annotations

import pytest

from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import Grade
from drscreen.training.datasets.dataset import find_dataset
from tests.shared_data import SHARED_DATA, needs_real_photographs


@needs_real_photographs
@pytest.mark.parametrize(
    ("name", "patients", "grades"),
    [
        ("eyepacs400", 384, (571, 46, 116, 21, 14)),
        ("eyepacs1024", 420, (629, 47, 125, 19, 20)),
        ("eyepacs256eq", 2305, (2000, 411, 877, 143, 112)),
        ("fullsize", 3, (2, 1, 1, 0, 2)),
    ],
)
def test_graded(name: str, patients: int, grades: tuple[int, ...]) -> None:
    dataset = find_dataset(SHARED_DATA / name)
    assert dataset.report.grades == grades
    assert dataset.report.patients == patients
    assert not dataset.report.findings
    assert not dataset.report.unlabelled
    assert all(photograph.eye for photograph in dataset.photographs)
    assert dataset.photographs[-1].place.read().startswith(b"\xff\xd8")


@needs_real_photographs
@pytest.mark.parametrize(
    ("name", "photographs", "qualities"),
    [
        ("eyepacs200_grade0", 10_275, {"good": 6138, "usable": 1317, "reject": 1497, "": 1323}),
        ("drimdb", 129, {"good": 75, "bad": 41, "not_fundus": 13}),
    ],
)
def test_labelled_by_quality_alone(name: str, photographs: int, qualities: dict[str, int]) -> None:
    with pytest.raises(DatasetError, match="no column of grades"):
        find_dataset(SHARED_DATA / name)
    dataset = find_dataset(SHARED_DATA / name, grade=Grade.NONE)
    assert len(dataset.photographs) == photographs
    assert dataset.report.qualities == qualities
    assert not dataset.report.findings
