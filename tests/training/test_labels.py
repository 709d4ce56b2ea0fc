from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import Grade
from drscreen.training.labels import LabelledPhotograph, read_labels
from drscreen.training.split import split_patients


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "deeper").mkdir(parents=True)
    for name in ("1_left.jpeg", "1_right.jpeg", "2_left.png", "deeper/3_left.tif", "notes.txt"):
        (folder / name).touch()
    return folder


def write(images: Path, text: str) -> Path:
    path = images.parent / "labels.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "header", ["file,icdr", "image,level", "id_code,diagnosis", "Image name,Retinopathy grade"]
)
def test_columns_of_the_public_data_sets_are_known(images: Path, header: str) -> None:
    found = read_labels(images, write(images, f"{header}\n1_left,2\n3_left,0\n"))
    assert [(p.path.name, p.grade) for p in found.photographs] == [
        ("1_left.jpeg", Grade.MODERATE),
        ("3_left.tif", Grade.NONE),
    ]


def test_both_eyes_of_an_eyepacs_name_are_one_patient(images: Path) -> None:
    found = read_labels(
        images, write(images, "file,icdr\n1_left.jpeg,0\n1_right.jpeg,1\n2_left,3\n")
    )
    assert [p.patient for p in found.photographs] == ["1", "1", "2"]


def test_rows_that_cannot_be_used_are_named_with_their_line(images: Path) -> None:
    text = "file,icdr\n1_left.jpeg,0\nnone.jpeg,1\n1_right.jpeg,7\n2_left.png,mild\n3_left.tif,\n"
    found = read_labels(images, write(images, text))
    assert len(found.photographs) == 1
    assert [s.line for s in found.skipped] == [3, 4, 5, 6]
    assert "none.jpeg" in found.skipped[0].reason
    assert "'7'" in found.skipped[1].reason


@pytest.mark.parametrize(
    "text", ["", "file\n1_left.jpeg\n", "name,icdr\nx,1\n", "file,icdr\nno,1\n"]
)
def test_labels_without_use_are_refused(images: Path, text: str) -> None:
    with pytest.raises(DatasetError):
        read_labels(images, write(images, text))


def test_missing_folder_and_missing_file_are_refused(images: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        read_labels(tmp_path / "none", tmp_path / "labels.csv")
    with pytest.raises(DatasetError):
        read_labels(images, tmp_path / "none.csv")


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(Grade)), min_size=1, max_size=120),
    st.integers(2, 5),
    st.integers(0, 5),
)
def test_a_split_keeps_patients_whole_and_folds_even(
    rows: list[tuple[int, Grade]], folds: int, seed: int
) -> None:
    photographs = [LabelledPhotograph(Path(f"{i}"), str(p), g) for i, (p, g) in enumerate(rows)]
    split = split_patients(photographs, folds, seed)
    assert set(split) == {p.patient for p in photographs}
    sizes = [list(split.values()).count(fold) for fold in range(folds)]
    assert max(sizes) - min(sizes) <= 1
    assert split == split_patients(photographs[::-1], folds, seed)
