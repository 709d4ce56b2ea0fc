"""Bad rows and bad photographs: left out, named, counted, and the rest is used."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from drscreen.domain.grading import Grade
from drscreen.training.datasets.dataset import Dataset, find_dataset
from drscreen.training.datasets.report import write_reports
from drscreen.training.datasets.words import parse_grade
from tests.training.datasets import trees


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    folder = tmp_path / "data"
    names = [f"{n}_{eye}.png" for n in range(1, 6) for eye in ("left", "right")]
    trees.touch(folder / "images", *names, "twin/a.png", "other/a.png")
    return find_dataset(
        folder,
        labels=trees.write_csv(
            folder / "labels.csv",
            "file,icdr",
            "1_left.png,0",
            "gone.png,1",
            "1_right.png,7",
            "2_left.png,-1",
            "2_right.png,2.5",
            "3_left.png,bad",
            "3_right.png,",
            "4_left.png,moderate",
            "4_right.png,No DR",
            "1_left.png,0",
            "images/1_left.png,3",
            "a.png,1",
            "",
            "5_left.png,nan",
        ),
    )


def test_rows_that_cannot_be_used_are_named_with_their_line(dataset: Dataset) -> None:
    assert [(p.place.name, p.grade) for p in dataset.photographs] == [
        ("1_left.png", Grade.NONE),
        ("4_left.png", Grade.MODERATE),
        ("4_right.png", Grade.NONE),
    ]
    assert [(f.kind, f.where, f.what) for f in dataset.report.findings] == [
        ("missing", "labels.csv line 3", "'gone.png'"),
        ("bad_grade", "labels.csv line 4", "'1_right.png' has '7'"),
        ("bad_grade", "labels.csv line 5", "'2_left.png' has '-1'"),
        ("bad_grade", "labels.csv line 6", "'2_right.png' has '2.5'"),
        ("bad_grade", "labels.csv line 7", "'3_left.png' has 'bad'"),
        ("no_grade", "labels.csv line 8", "'3_right.png'"),
        ("repeated", "labels.csv line 11", "'1_left.png' stands in labels.csv line 2"),
        (
            "repeated",
            "labels.csv line 12",
            "'images/1_left.png' stands in labels.csv line 2, there with another grade",
        ),
        ("ambiguous", "labels.csv line 13", "'a.png'"),
        ("bad_grade", "labels.csv line 15", "'5_left.png' has 'nan'"),
    ]


def test_the_short_report_tells_what_matters(dataset: Dataset) -> None:
    lines = dataset.report.lines()
    assert lines[0] == (
        "data: layout plain (labels.csv): 3 photographs of 2 patients, "
        "grades 0 to 4: 2 / 0 / 1 / 0 / 0"
    )
    assert "  WARNING: no photograph of grade 1 (Mild NPDR)" in lines
    assert "  WARNING: no photograph of grade 2 (Moderate NPDR)" not in lines
    # 5_right.png and the two that a.png could have meant.
    assert "  3 photographs without a label are not used" in lines
    assert "  5 left out, not a grade of 0 to 4:" in lines


def test_ten_of_a_kind_are_shown_and_all_are_written(tmp_path: Path) -> None:
    trees.touch(tmp_path, "a.png")
    rows = ["a.png,1", *(f"gone{n}.png,1" for n in range(322))]
    trees.write_csv(tmp_path / "labels.csv", "file,icdr", *rows)
    report = find_dataset(tmp_path).report
    shown = report.lines()
    assert sum("gone" in line for line in shown) == 10
    assert shown[-1] == "    and 312 more"
    write_reports(tmp_path / "run", [report])
    with (tmp_path / "run" / "datasets_left_out.csv").open(newline="") as handle:
        written = list(csv.DictReader(handle))
    assert len(written) == 322
    assert written[-1]["what"] == "'gone321.png'"
    (figures,) = json.loads((tmp_path / "run" / "datasets.json").read_text())["datasets"]
    assert figures["left_out"] == {"missing": 322}
    assert figures["grades"] == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "text", ["", "-1", "5", "10", "2.5", "inf", "R2", "0 mild", "dr", "no", "²"]
)
def test_what_is_not_a_grade(text: str) -> None:
    assert parse_grade(text) is None
