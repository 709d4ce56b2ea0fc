"""What a person is told where a folder's layout is not clear."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import Grade
from drscreen.training.datasets.dataset import find_dataset
from drscreen.training.datasets.layouts import Layout
from tests.training.datasets import trees


def refusal(folder: Path, **options: object) -> str:
    with pytest.raises(DatasetError) as caught:
        find_dataset(folder, **options)  # type: ignore[arg-type] # options of each test
    return caught.value.message


def test_a_folder_of_photographs_alone(tmp_path: Path) -> None:
    trees.touch(tmp_path, "a.png", "b.png")
    message = refusal(tmp_path)
    assert "2 photographs, 0 csv files" in message
    assert "APTOS 2019: id_code, diagnosis" in message
    assert "Put the labels file into the folder" in message
    assert "aptos, eyepacs, deepdrid, messidor2, idrid, plain, folders" in message


def test_a_csv_in_another_encoding_is_named(tmp_path: Path) -> None:
    trees.touch(tmp_path, "a.png")
    (tmp_path / "grades.csv").write_text("file,icdr\nä.png,1\n", encoding="latin-1")
    message = refusal(tmp_path)
    assert "grades.csv is not written in UTF-8: line 2 holds bytes of another encoding" in message


def test_two_layouts_in_one_folder_ask_for_a_choice(tmp_path: Path) -> None:
    trees.touch(tmp_path, "No_DR/a.png", "Mild/b.png")
    trees.write_csv(tmp_path / "train.csv", trees.APTOS, "a,0", "b,2")
    message = refusal(tmp_path)
    assert "aptos (train.csv), folders (folders named by grade)" in message
    assert "--layout" in message
    by_csv = find_dataset(tmp_path, layout=Layout.APTOS)
    by_folder = find_dataset(tmp_path, layout=Layout.FOLDERS)
    assert [p.grade for p in by_csv.photographs] == [0, 2]
    assert sorted(p.grade for p in by_folder.photographs) == [0, 1]


def test_two_plain_csv_files_ask_for_one(tmp_path: Path) -> None:
    trees.touch(tmp_path, "a.png", "b.png")
    for name in ("one.csv", "two.csv"):
        trees.write_csv(tmp_path / name, "file,icdr", "a.png,1")
    assert "one.csv, two.csv" in refusal(tmp_path)
    assert len(find_dataset(tmp_path, labels=tmp_path / "two.csv").photographs) == 1


def test_a_layout_that_does_not_fit_says_which_columns_it_wants(tmp_path: Path) -> None:
    trees.touch(tmp_path, "a.png")
    labels = trees.write_csv(tmp_path / "labels.csv", "file,icdr", "a.png,1")
    assert "EyePACS: image, level" in refusal(tmp_path, layout=Layout.EYEPACS)
    assert "No folder" in refusal(tmp_path, layout=Layout.FOLDERS)
    odd = trees.write_csv(tmp_path / "odd.csv", "name,score", "a.png,1")
    assert "odd.csv" in refusal(tmp_path, labels=odd)
    assert find_dataset(tmp_path, labels=labels).layout is Layout.PLAIN


def test_labels_without_grades_say_so(tmp_path: Path) -> None:
    trees.touch(tmp_path, "a.png")
    trees.write_csv(tmp_path / "labels.csv", "file,quality", "a.png,good")
    assert "has no column of grades (icdr, grade, diagnosis" in refusal(tmp_path)


def test_labels_that_fit_no_photograph_name_the_first(tmp_path: Path) -> None:
    trees.touch(tmp_path, "a.png")
    trees.write_csv(tmp_path / "labels.csv", "file,icdr", "other.png,1")
    message = refusal(tmp_path)
    assert "labels.csv line 2: 'other.png': no such photograph" in message
    trees.write_csv(tmp_path / "labels.csv", "file,icdr")
    assert "No row of labels.csv" in refusal(tmp_path, grade=Grade.NONE)


def test_what_is_not_there(tmp_path: Path) -> None:
    assert "There is no folder" in refusal(tmp_path / "none")
    assert "none.csv" in refusal(tmp_path, labels=tmp_path / "none.csv")


@pytest.mark.parametrize("damage", ["missing", "compressed", "cut off"])
def test_a_tar_that_cannot_be_read_is_named(tmp_path: Path, damage: str) -> None:
    tar = tmp_path / "part0.tar"
    trees.write_tar(tar, {"1_left.png": trees.drawing(1), "2_left.png": trees.drawing(2)})
    data = tar.read_bytes()
    tar.unlink()
    if damage == "compressed":
        tar.write_bytes(gzip.compress(data))
    elif damage == "cut off":
        tar.write_bytes(data[:2000])
    trees.write_csv(tmp_path / "labels.csv", trees.SHARDED, "1_left.png,1,left,0,,part0.tar")
    assert "part0.tar" in refusal(tmp_path)
