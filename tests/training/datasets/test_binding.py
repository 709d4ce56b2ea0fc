"""A row of labels is bound to the photograph that it names, and to no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from drscreen.domain.errors import DatasetError
from drscreen.training.datasets.dataset import Dataset, find_dataset
from tests.training.datasets import trees


def read(folder: Path, photographs: str, *rows: str, labels: str = "labels.csv") -> Dataset:
    """A set of these photographs, blank between, with these rows of file and grade."""
    trees.touch(folder, *photographs.split())
    trees.write_csv(folder / labels, "file,icdr", *rows)
    return find_dataset(folder)


def graded(dataset: Dataset) -> dict[str, int]:
    return {
        p.place.path.relative_to(dataset.folder).as_posix(): int(p.grade)
        for p in dataset.photographs
    }


def left_out(dataset: Dataset) -> list[tuple[str, str]]:
    return [(finding.kind.value, finding.what) for finding in dataset.report.findings]


def test_a_path_whose_folder_is_not_here_is_missing(tmp_path: Path) -> None:
    rows = ("val/001.png,4", "train/001.png,1", "train/002.png,2")
    dataset = read(tmp_path, "train/001.png train/002.png", *rows)
    assert graded(dataset) == {"train/001.png": 1, "train/002.png": 2}
    assert left_out(dataset) == [("missing", "'val/001.png'")]


def test_a_part_of_the_set_that_is_not_here_grades_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such photograph"):
        read(tmp_path, "train/001.png train/002.png", "val/001.png,4", "val/002.png,1")
    with pytest.raises(DatasetError, match="no such photograph"):
        read(tmp_path / "named", "train/003.png", "003.png,1", labels="val.csv")


@pytest.mark.parametrize("prefix", ["/home/ana/set/", "C:\\data\\", "\\\\nas\\x\\", "~/set/"])
def test_paths_of_another_machine_are_read_without_what_they_share(
    tmp_path: Path, prefix: str
) -> None:
    rows = (f"{prefix}val/001.png,4", f"{prefix}train/001.png,1", f"{prefix}train/002.png,2")
    dataset = read(tmp_path, "train/001.png train/002.png", *rows)
    assert graded(dataset) == {"train/001.png": 1, "train/002.png": 2}
    assert [kind for kind, _ in left_out(dataset)] == ["missing"]


def test_names_of_another_machine_must_be_the_only_ones(tmp_path: Path) -> None:
    rows = ("/x/y/a.png,1", "/x/y/b.png,2")
    dataset = read(tmp_path, "one/a.png two/a.png one/b.png", *rows)
    assert graded(dataset) == {"one/b.png": 2}
    assert left_out(dataset) == [("ambiguous", "'/x/y/a.png'")]


def test_another_part_on_another_machine_is_another_photograph(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such photograph"):
        read(tmp_path, "train/001.png", "/x/val/001.png,4", "/x/val/002.png,3")


def test_of_two_endings_none_is_guessed(tmp_path: Path) -> None:
    dataset = read(tmp_path, "001.png 001.jpg 002.png", "001,4", "002,1")
    assert graded(dataset) == {"002.png": 1}
    assert left_out(dataset) == [("ambiguous", "'001'")]


def test_an_ending_that_no_photograph_has_is_a_conversion(tmp_path: Path) -> None:
    dataset = read(tmp_path, "a.png b.png c.png c.tif", "a.jpeg,1", "b.jpeg,2", "c.jpeg,3")
    assert graded(dataset) == {"a.png": 1, "b.png": 2}
    assert left_out(dataset) == [("ambiguous", "'c.jpeg'")]


def test_another_ending_is_another_photograph_where_some_have_it(tmp_path: Path) -> None:
    dataset = read(tmp_path, "a.png b.jpeg", "a.jpeg,4", "b.jpeg,2")
    assert graded(dataset) == {"b.jpeg": 2}
    assert left_out(dataset) == [("missing", "'a.jpeg'")]


def test_the_row_that_spells_the_name_comes_before_the_one_that_does_not(tmp_path: Path) -> None:
    dataset = read(tmp_path, "a.png", "A.png,4", "a.png,1")
    assert graded(dataset) == {"a.png": 1}
    assert left_out(dataset) == [("missing", "'A.png'")]
    assert graded(read(tmp_path / "other", "b.PNG", "B.png,2")) == {"b.PNG": 2}


def test_a_csv_means_what_lies_beside_it_and_above(tmp_path: Path) -> None:
    trees.touch(tmp_path, "train/001.png", "val/001.png")
    trees.write_csv(tmp_path / "train" / "labels.csv", "file,icdr", "001.png,1")
    assert graded(find_dataset(tmp_path)) == {"train/001.png": 1}
    images = tmp_path / "set" / "images"
    trees.touch(images, "001.png")
    trees.write_csv(images / "labels.csv", "file,icdr", "images/001.png,3")
    assert graded(find_dataset(images)) == {"001.png": 3}
    lists = trees.write_csv(tmp_path / "lists" / "one.csv", "file,icdr", "../val/001.png,2")
    assert graded(find_dataset(tmp_path, labels=lists)) == {"val/001.png": 2}
