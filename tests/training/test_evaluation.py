"""Figures on few, on one kind, and by groups."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import Grade, Grading
from drscreen.domain.referral import Decision
from drscreen.training.datasets.dataset import find_dataset
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.datasets.place import Place
from drscreen.training.evaluation import EvaluatedPhotograph, evaluate
from drscreen.training.evaluation_report import cautions, trained_on
from drscreen.training.metrics import shown
from drscreen.training.predictions import Sourced
from drscreen.training.subgroups import EMPTY, check_columns, evaluate_groups


def row(patient: int, truth: int, found: int | None, referable: float = 0.0) -> EvaluatedPhotograph:
    grading = None
    if found is not None:
        p = (1 - referable, 0.0, referable, 0.0, 0.0)
        grading = Grading(Grade(found), p, referable, referable / 2, referable >= 0.5)
    return EvaluatedPhotograph(str(patient), Grade(truth), grading, Decision.REFER)


def test_five_of_five_is_not_certainty() -> None:
    found = evaluate([row(i, 2 * (i % 2), 2 * (i % 2), 0.9 * (i % 2)) for i in range(10)])
    assert found.sensitivity.value == found.specificity.value == found.auc_referable.value == 1
    # Wilson for 5 of 5; Newcombe's method 5 for an area of 1 from 5 and 5.
    assert found.sensitivity.low == pytest.approx(0.5655, abs=1e-3)
    assert found.auc_referable.low == pytest.approx(0.6427, abs=1e-3)
    assert shown(found.kappa) == "1.000 (too few for an interval)"
    assert any("Only 5 referable eyes" in caution for caution in cautions(found))


def test_two_eyes_of_each_patient_do_not_narrow_the_least_interval() -> None:
    one = evaluate([row(i, 2 * (i % 2), 2 * (i % 2), 0.9 * (i % 2)) for i in range(10)])
    both = evaluate([row(i, 2 * (i % 2), 2 * (i % 2), 0.9 * (i % 2)) for i in range(10)] * 2)
    assert both.sensitivity == one.sensitivity
    assert both.auc_referable == one.auc_referable


@pytest.mark.parametrize(("grade", "missing"), [(0, "sensitivity"), (4, "specificity")])
def test_one_class_alone_is_said(grade: int, missing: str) -> None:
    found = evaluate([row(i, grade, i % 5, i / 40) for i in range(40)])
    assert found.auc_referable.value is None
    assert getattr(found, missing).value is None
    told = " ".join(cautions(found))
    assert f"AUC and {missing} cannot be known" in told
    assert "one grade" in told


def test_nothing_graded_is_said_and_ungradable_is_not_negative() -> None:
    found = evaluate([row(i, 2, None) for i in range(4)])
    assert (found.graded, found.ungradable_rate.value) == (0, 1.0)
    assert found.referred_or_repeated.value == 1.0
    assert found.sensitivity.value is None
    assert "let none" in cautions(found)[0]


def test_each_grade_has_its_row() -> None:
    rows = [row(1, 3, 3, 0.9), row(2, 3, 2, 0.6), row(3, 3, 0, 0.1), row(4, 3, None), row(5, 0, 0)]
    grade = evaluate(rows).per_grade[3]
    assert grade.photographs == 4
    assert grade.called_referable.value == pytest.approx(2 / 3)
    assert grade.same_grade.value == pytest.approx(1 / 3)
    assert grade.ungradable.value == 0.25
    assert evaluate(rows).per_grade[1].same_grade.value is None


def sourced(name: str, source: str = "north", **columns: str) -> Sourced:
    photograph = LabelledPhotograph(
        Place(Path(name)), name, Grade.NONE, columns.get("quality", ""), columns=columns
    )
    return Sourced(source, photograph)


def test_groups_are_evaluations_of_their_own_photographs() -> None:
    rows = [row(1, 0, 0), row(2, 2, 2, 0.9), row(3, 2, 0, 0.1)]
    photographs = [
        sourced("1", camera="A", quality="good"),
        sourced("2", camera="B", quality="good"),
        sourced("3", "south", quality="usable"),
    ]
    columns = check_columns(photographs, ["Camera "])
    groups = evaluate_groups(rows, photographs, columns)
    assert list(groups) == ["data set", "quality", "camera"]
    assert asdict(groups["camera"]["B"]) == asdict(evaluate(rows[1:2]))
    assert groups["camera"][EMPTY].photographs == 1
    assert groups["quality"]["good"].photographs == 2
    assert groups["data set"]["south"].confusion[2][0] == 1
    # What does not differ is no grouping.
    assert evaluate_groups(rows[:1], photographs[:1], []) == {}


def test_a_column_that_makes_no_groups_is_said() -> None:
    photographs = [sourced(str(i), patient_age=str(i)) for i in range(30)]
    with pytest.raises(DatasetError, match="No labels file has a column 'sex'"):
        check_columns(photographs, ["sex"])
    with pytest.raises(DatasetError, match=r"patient_age.* has 30 different values"):
        check_columns(photographs, ["patient age"])
    with pytest.raises(DatasetError, match="folders are the labels"):
        check_columns([sourced("1")], ["sex"])


def test_a_data_set_that_was_trained_on_is_known_by_its_labels(tmp_path: Path) -> None:
    datasets = []
    for name in ("early", "late", "fresh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "eye.png").touch()
        (tmp_path / name / "labels.csv").write_text(f"file,icdr\neye.png,1\n{name},\n")
        datasets.append(find_dataset(tmp_path / name))
    early, late, _ = ({"sources": [{"labels_sha256": d.labels_sha256}]} for d in datasets)
    first = {"trained_on": early, "start": None}
    provenance = {"also_trained_on": late, "start": {"provenance": first}, "held_out": early}
    assert trained_on(provenance, datasets) == ["early", "late"]
    assert trained_on({"trained_on": {"sources": [3]}, "start": "x"}, datasets) == []
    assert trained_on(None, datasets) == []
