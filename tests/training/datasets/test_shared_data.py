"""Real data sets: what their own labels say is what the loaders find."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import Grade
from drscreen.training.datasets.dataset import find_dataset
from tests.shared_data import SHARED_DATA, needs_real_photographs

LABELS = sorted(SHARED_DATA.glob("*/labels.csv"))


def rows(labels: Path) -> list[dict[str, str]]:
    with labels.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sets(*, graded: bool) -> list[ParameterSet]:
    """The folders whose labels have, or lack, a column of grades."""
    found = [labels for labels in LABELS if ("icdr" in rows(labels)[0]) is graded]
    missing = pytest.param(SHARED_DATA, marks=needs_real_photographs, id="none")
    return [pytest.param(labels.parent, id=labels.parent.name) for labels in found] or [missing]


@pytest.mark.parametrize("folder", sets(graded=True))
def test_graded(folder: Path) -> None:
    listed = rows(folder / "labels.csv")
    # ODIR's list names some photographs twice, with the same grade.
    expected = list({(row["file"], row.get("shard")): row for row in listed}.values())
    grades = Counter(row["icdr"] for row in expected)
    report = find_dataset(folder).report
    assert report.grades == tuple(grades[str(grade)] for grade in range(5))
    assert report.patients == len({row["patient"] or row["file"] for row in expected})
    assert [finding.kind for finding in report.findings] == ["repeated"] * (
        len(listed) - len(expected)
    )
    assert not report.unlabelled


@pytest.mark.parametrize("folder", sets(graded=False))
def test_labelled_by_quality_alone(folder: Path) -> None:
    with pytest.raises(DatasetError, match="no column of grades"):
        find_dataset(folder)
    expected = rows(folder / "labels.csv")
    report = find_dataset(folder, grade=Grade.NONE).report
    assert report.photographs == len(expected)
    assert report.qualities == Counter(row["quality"] for row in expected)
    assert not report.findings


@pytest.mark.parametrize("folder", sets(graded=True))
def test_the_last_photograph_can_be_read(folder: Path) -> None:
    data = find_dataset(folder).photographs[-1].place.read()
    assert data.startswith((b"\xff\xd8", b"\x89PNG"))
