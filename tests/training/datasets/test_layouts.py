"""Each layout a user can have, as its publisher hands it out."""

from __future__ import annotations

from pathlib import Path

import pytest

from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.training.datasets.dataset import Dataset, find_dataset, find_datasets
from drscreen.training.datasets.layouts import Layout
from drscreen.training.datasets.plain import write_labels
from tests.training.datasets import trees

OD, OS = Laterality.OD, Laterality.OS


def grades(dataset: Dataset) -> dict[str, int]:
    return {p.place.name: int(p.grade) for p in dataset.photographs}


def people(dataset: Dataset) -> dict[str, tuple[str, Laterality | None]]:
    return {p.place.name: (p.patient, p.eye) for p in dataset.photographs}


def test_aptos(tmp_path: Path) -> None:
    trees.touch(tmp_path, "train_images/000c1434d8d7.png", "train_images/001639a390f0.png")
    trees.touch(tmp_path, "test_images/0005cfc8afb6.png")
    trees.write_csv(tmp_path / "train.csv", trees.APTOS, "000c1434d8d7,2", "001639a390f0,4")
    trees.write_csv(tmp_path / "test.csv", "id_code", "0005cfc8afb6")
    trees.write_csv(tmp_path / "sample_submission.csv", trees.APTOS, "0005cfc8afb6,0")
    dataset = find_dataset(tmp_path)
    assert dataset.layout is Layout.APTOS
    assert grades(dataset) == {"000c1434d8d7.png": 2, "001639a390f0.png": 4}
    assert dataset.report.unlabelled == 1
    assert dataset.report.unused == ("sample_submission.csv", "test.csv")


def test_eyepacs(tmp_path: Path) -> None:
    trees.touch(tmp_path, "train/10_left.jpeg", "train/10_right.jpeg", "train/13_left.jpeg")
    trees.touch(tmp_path, "train/._10_left.jpeg", "__MACOSX/train/10_left.jpeg")
    rows = ("10_left,0", "10_right,1", "13_left,3")
    trees.write_csv(tmp_path / "trainLabels.csv", trees.EYEPACS, *rows)
    trees.write_csv(tmp_path / "sampleSubmission.csv", trees.EYEPACS, "1_left,0", "1_right,0")
    dataset = find_dataset(tmp_path)
    assert dataset.layout is Layout.EYEPACS
    assert grades(dataset) == {"10_left.jpeg": 0, "10_right.jpeg": 1, "13_left.jpeg": 3}
    assert people(dataset) == {
        "10_left.jpeg": ("10", OS),
        "10_right.jpeg": ("10", OD),
        "13_left.jpeg": ("13", OS),
    }
    assert not dataset.report.findings


def test_deepdrid_takes_the_grade_of_the_eye(tmp_path: Path) -> None:
    trees.deepdrid(tmp_path)
    dataset = find_dataset(tmp_path)
    assert dataset.layout is Layout.DEEPDRID
    assert grades(dataset) == {
        "51_l1.jpg": 0,
        "51_l2.jpg": 0,
        "51_r1.jpg": 4,
        "51_r2.jpg": 4,
        # Named for one eye and graded as the other: the reader's word counts.
        "56_l1.jpg": 1,
        "56_r3.jpg": 1,
        "56_l3.jpg": 0,
        "56_r2.jpg": 0,
        "57_l1.jpg": 3,
        "57_r1.jpg": 3,
    }
    assert people(dataset)["51_l1.jpg"] == ("deepdrid-51", OS)
    assert people(dataset)["56_r3.jpg"] == ("deepdrid-56", OS)
    assert {p.place.name: p.quality for p in dataset.photographs}["51_r1.jpg"] == "good"
    assert all("regular-fundus" in str(p.place.path) for p in dataset.photographs)
    (finding,) = dataset.report.findings
    assert (finding.kind, finding.what) == ("ungradable", "'57_l2'")


def test_messidor2_rejects_the_ungradable_and_knows_pairs(tmp_path: Path) -> None:
    names = [f"20051020_{n}_0100_PP.png" for n in (43808, 43832, 43882)]
    trees.touch(tmp_path / "IMAGES", *names, "IM000595.JPG", "IM000596.JPG")
    trees.write_csv(
        tmp_path / "messidor_data.csv",
        trees.MESSIDOR2,
        f"{names[0]},0,0,1",
        f"{names[1]},3,1,1",
        f"{names[2]},,,0",
        "IM000595.jpg,2,0,1",
        "IM000596.jpg,1,0,0",
    )
    pairs = (f"{names[0]};{names[1]}", "IM000595.jpg;IM000596.jpg")
    trees.write_csv(tmp_path / "messidor-2.csv", trees.MESSIDOR2_PAIRS, *pairs)
    dataset = find_dataset(tmp_path)
    assert dataset.layout is Layout.MESSIDOR2
    assert grades(dataset) == {names[0]: 0, names[1]: 3, "IM000595.JPG": 2, "IM000596.JPG": 1}
    assert [p.quality for p in dataset.photographs] == ["", "", "", "reject"]
    assert people(dataset)["IM000596.JPG"] == ("IM000595", OD)
    assert people(dataset)[names[0]] == ("20051020_43808_0100_PP", OS)
    assert [(f.kind, f.what) for f in dataset.report.findings] == [("ungradable", repr(names[2]))]


def test_idrid_counts_anew_in_each_part(tmp_path: Path) -> None:
    trees.idrid(tmp_path)
    dataset = find_dataset(tmp_path)
    assert dataset.layout is Layout.IDRID
    assert [(p.place.path.parent.name, p.place.name, p.grade) for p in dataset.photographs] == [
        ("a. Training Set", "IDRiD_001.jpg", 3),
        ("a. Training Set", "IDRiD_002.jpg", 0),
        ("b. Testing Set", "IDRiD_001.jpg", 4),
    ]
    assert all("B. Disease Grading" in str(p.place.path) for p in dataset.photographs)
    assert dataset.report.patients == 3
    assert not dataset.report.findings


@pytest.mark.parametrize(
    "names",
    [
        ("0", "1", "2", "3", "4"),
        ("No_DR", "Mild", "Moderate", "Severe", "Proliferate_DR"),
        ("no dr", "MILD", "moderate npdr", "severe-npdr", "PDR"),
        ("0 - No DR", "1_mild", "grade 2", "Class_3", "4"),
    ],
)
def test_a_folder_per_grade(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        trees.touch(tmp_path / "train" / name, "001.png")
    trees.touch(tmp_path / "test" / names[3], "7_right.jpeg")
    dataset = find_dataset(tmp_path)
    assert dataset.layout is Layout.FOLDERS
    assert dataset.report.grades == (1, 1, 1, 2, 1)
    assert dataset.report.patients == 6
    assert people(dataset)["7_right.jpeg"] == ("7", OD)


def test_a_plain_csv(tmp_path: Path) -> None:
    trees.touch(tmp_path / "images", "a.tif", "b.tif", "3_left.png")
    rows = ("a.tif,p1,left,2,good", "images/b.tif,p1,OD,severe,reject", "3_left,,,0,")
    trees.write_csv(tmp_path / "labels.csv", trees.PLAIN, *rows)
    dataset = find_dataset(tmp_path)
    assert dataset.layout is Layout.PLAIN
    assert people(dataset) == {"a.tif": ("p1", OS), "b.tif": ("p1", OD), "3_left.png": ("3", OS)}
    assert [p.quality for p in dataset.photographs] == ["good", "reject", ""]
    assert [p.grade for p in dataset.photographs] == [2, 3, 0]


def test_a_csv_of_a_european_spreadsheet(tmp_path: Path) -> None:
    trees.touch(tmp_path, "ä.png")
    (tmp_path / "labels.csv").write_text("File;ICDR\nä.png;2\n", encoding="utf-8-sig")
    assert grades(find_dataset(tmp_path)) == {"ä.png": 2}


def test_photographs_in_tar_files(tmp_path: Path) -> None:
    members = {f"{n}_left.png": trees.drawing(n) for n in range(3)}
    trees.write_tar(tmp_path / "part0.tar", members)
    trees.write_tar(tmp_path / "part1.tar", {"./9_right.png": trees.drawing(9)})
    rows = [f"{n}_left.png,{n},left,{n},good,part0.tar" for n in range(2)]
    rows += ["9_right.png,9,right,4,,part1.tar", "8_right.png,8,right,4,,part1.tar"]
    labels = trees.write_csv(tmp_path / "labels.csv", trees.SHARDED, *rows)
    dataset = find_dataset(tmp_path)
    assert grades(dataset) == {"0_left.png": 0, "1_left.png": 1, "9_right.png": 4}
    assert [p.place.read() for p in dataset.photographs] == [trees.drawing(n) for n in (0, 1, 9)]
    assert dataset.report.unlabelled == 1
    assert [(f.kind, f.what) for f in dataset.report.findings] == [("missing", "'8_right.png'")]
    assert sorted(p.name for p in tmp_path.iterdir()) == [labels.name, "part0.tar", "part1.tar"]


def test_a_grade_for_photographs_without_one(tmp_path: Path) -> None:
    trees.touch(tmp_path, "1_left.png", "1_right.png")
    trees.write_csv(tmp_path / "labels.csv", "file,quality", "1_left.png,good", "1_right,usable")
    dataset = find_dataset(tmp_path, grade=Grade.NONE)
    assert grades(dataset) == {"1_left.png": 0, "1_right.png": 0}


def test_written_labels_read_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    trees.touch(data, "deep/a.png", "b.png")
    trees.write_tar(data / "c.tar", {"c.png": trees.drawing(1)})
    rows = ("deep/a.png,p,left,1,good,", "b.png,q,,3,,", "c.png,r,right,4,reject,c.tar")
    trees.write_csv(data / "labels.csv", trees.SHARDED, *rows)
    dataset = find_dataset(data)
    write_labels(tmp_path / "held_out.csv", dataset.photographs, data)
    again = find_dataset(data, labels=tmp_path / "held_out.csv")
    assert again.photographs == dataset.photographs


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for part in "ab":
        trees.touch(tmp_path / part / "train", "x.png")
        trees.write_csv(tmp_path / part / "train" / "labels.csv", "file,icdr", "x,1")
    found = find_datasets([tmp_path / part / "train" for part in "ab"])
    assert [dataset.name for dataset in found] == ["train", "train#2"]
