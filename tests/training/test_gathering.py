"""What a training is given: nobody on both sides, lesions drawn once, a teacher asked once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drscreen.adapters.model.bundle_writer import write_bundle
from drscreen.domain.errors import DatasetError
from drscreen.domain.lesions import LesionClass
from drscreen.training.gathering import DataPlan, Gathered, gather
from drscreen.training.plan import Stage, TrainingPlan
from tests.bundles import content, random_tensors
from tests.training.datasets.trees import draw, write_csv

PLAN = TrainingPlan("resnet18", (Stage(64, 1),), batch=4)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Two graded sets that share patients 0 to 7, and a healthy one of patients 4 to 11."""
    root = tmp_path_factory.mktemp("data")

    def make(name: str, patients: range, offset: int) -> Path:
        names = [f"{patient}_left.png" for patient in patients]
        draw(root / name, *[f"skip{i}.png" for i in range(offset)], *names)
        rows = (f"{n},{i % 5 if name != 'healthy' else 0}" for i, n in enumerate(names))
        write_csv(root / name / "labels.csv", "file,icdr", *rows)
        return root / name

    return make("one", range(10), 0), make("other", range(8), 10), make("healthy", range(4, 12), 18)


def gathered(data: DataPlan, folder: Path, plan: TrainingPlan = PLAN) -> Gathered:
    return gather(data, plan, folder, folder, lambda *_: None)


def test_where_too_few_can_be_used_it_is_said_why(tmp_path: Path) -> None:
    names = [f"{patient}_left.png" for patient in range(6)]
    draw(tmp_path / "data", *names)
    for name in names[3:]:
        (tmp_path / "data" / name).write_bytes(b"half a photograph")
    rows = (f"{name},{i % 5}" for i, name in enumerate(names))
    write_csv(tmp_path / "data" / "labels.csv", "file,icdr", *rows)
    with pytest.raises(DatasetError) as refused:
        gathered(DataPlan((tmp_path / "data",)), tmp_path / "run")
    assert "At least 4 patients" in refused.value.message
    assert "3 can be used. 3 photographs were left out" in refused.value.message
    listed = (tmp_path / "run" / "datasets_left_out.csv").read_text()
    assert all(name in listed for name in names[3:])


def test_a_split_with_everybody_on_one_side_is_refused(tmp_path: Path) -> None:
    names = [f"{patient}_left.png" for patient in range(6)]
    draw(tmp_path / "data", *names)
    rows = (f"{name},{i % 5}" for i, name in enumerate(names))
    write_csv(tmp_path / "data" / "labels.csv", "file,icdr", *rows)
    split = {"folds": 4, "seed": 1, "patients": {str(n): 1 for n in range(6)}}
    (tmp_path / "split.json").write_text(json.dumps(split))
    with pytest.raises(DatasetError, match="Fold 0 of the split holds out 0 of 6 patients"):
        gathered(DataPlan((tmp_path / "data",), split=tmp_path / "split.json"), tmp_path / "run")


def test_nobody_who_is_measured_is_trained_on_in_any_portion(
    folders: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    one, other, healthy = folders
    data = DataPlan((one,), (other,), (healthy,), split=tmp_path / "split.json", simulated=3)
    found = gathered(data, tmp_path)
    names = {portion.name: portion for portion in found.portions}
    assert set(names) == {"data", "also", "simulated"}
    assert sum(portion.share for portion in found.portions) == pytest.approx(1)
    held_out = {p.patient for p in found.held_out.photographs}
    assert held_out
    patients = {"data": range(10), "also": range(8)}
    for name, everyone in patients.items():
        trained_on = {str(list(everyone)[row]) for row in names[name].rows}
        assert trained_on
        assert not trained_on & held_out, name
    # The same file holds the same people out, though another run reads other data.
    again = gathered(DataPlan((other,), split=tmp_path / "split.json"), tmp_path)
    assert {p.patient for p in again.held_out.photographs} <= held_out


def test_lesions_are_drawn_once_and_come_with_their_maps(
    folders: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    data = DataPlan((folders[0],), simulated=5)
    first = gathered(data, tmp_path).portions[1]
    kept = sorted(tmp_path.glob("simulated-*.npy"))
    times = [path.stat().st_mtime_ns for path in kept]
    second = gathered(data, tmp_path).portions[1]
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert first.maps is not None
    assert first.maps.shape == (5, len(LesionClass), 16, 16)
    assert np.array_equal(first.squares, second.squares)
    flat = gathered(data, tmp_path, replace(PLAN, equalise=True)).portions[1]
    assert not np.array_equal(first.squares, flat.squares)
    assert np.array_equal(first.grades, flat.grades)


def test_a_teacher_is_asked_about_every_square_once(
    folders: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    teacher = tmp_path / "teacher"
    data = DataPlan((folders[0],), ungraded=(folders[2],), teacher=teacher)
    write_bundle(teacher, random_tensors(), replace(content("teacher"), input=PLAN.input))
    taught = {portion.name: portion for portion in gathered(data, tmp_path).portions}
    assert set(taught) == {"data", "ungraded"}
    assert not taught["ungraded"].graded
    for portion in taught.values():
        assert portion.beliefs is not None
        assert portion.beliefs.shape == (len(portion.squares), 5)
        np.testing.assert_allclose(portion.beliefs.sum(axis=1), 1, rtol=1e-5)
    asked: list[str] = []
    gather(data, PLAN, tmp_path, tmp_path, lambda what, _done, _all: asked.append(what))
    assert not asked
    write_bundle(teacher, random_tensors(), content("teacher"))
    with pytest.raises(DatasetError, match="another input"):
        gathered(data, tmp_path)


def test_a_split_of_another_seed_is_refused(
    folders: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    data = DataPlan((folders[0],), split=tmp_path / "split.json")
    gathered(data, tmp_path)
    with pytest.raises(DatasetError, match="another seed"):
        gathered(data, tmp_path, replace(PLAN, seed=2))
    (tmp_path / "split.json").write_text("{}")
    with pytest.raises(DatasetError, match="cannot be read"):
        gathered(data, tmp_path)
