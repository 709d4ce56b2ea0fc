"""Labels on other scales are told and refused, never read as ICDR."""

from __future__ import annotations

from pathlib import Path

import pytest

from drscreen.domain.errors import DatasetError
from drscreen.training.datasets.dataset import find_dataset
from drscreen.training.datasets.layouts import Layout
from tests.training.datasets import trees

MESSIDOR = "Image name,Ophthalmologic department,Retinopathy grade,Risk of macular edema"
ODIR = "ID,Patient Age,Left-Fundus,Right-Fundus,Left-Diagnostic Keywords,N,D,G,C,A,H,M,O"
OTHER = {
    "Messidor": (MESSIDOR, "Dept,{0},0", (0, 1, 2, 3), "Messidor's own scale"),
    "RFMiD": ("ID,Disease_Risk,DR,ARMD", "1,0,0", (0, 1), "RFMiD"),
    "ODIR": (ODIR, "60,a.jpg,b.jpg,normal fundus,1,0,0,0,0,0,0,0", (0,), "ODIR"),
    "referable": ("image,referable", "{0}", (0, 1, 0), "only whether it is referable"),
    "NHS": ("image,grade", "R{0}M1", (0, 1, 2, 3), "NHS scale"),
    "1 to 5": ("image,level", "{0}", (1, 2, 3, 4, 5), "a scale of 1 to 5"),
    "ETDRS": ("image,grade", "{0}", (10, 20, 35, 43, 47, 53), "a scale up to 53"),
    "scores": ("image,grade", "{0}", (0.5, 1.25, 0.0, 3.5), "no whole numbers"),
    "yes and no": ("image,diagnosis", "{0}", ("No DR", "DR", "DR"), "whether there is a disease"),
    "0 and 1": ("image,grade", "{0}", (0, 1, 1, 0, 1, 0), "no more than 0 and 1"),
}


def labelled(folder: Path, header: str, row: str, values: tuple[object, ...]) -> Path:
    names = [f"p{n}.jpg" for n in range(len(values))]
    trees.touch(folder, *names)
    rows = [f"{name},{row.format(value)}" for name, value in zip(names, values, strict=True)]
    return trees.write_csv(folder / "labels.csv", header, *rows)


@pytest.mark.parametrize(("header", "row", "values", "why"), OTHER.values(), ids=OTHER)
def test_another_scale_is_named_and_refused(
    tmp_path: Path, header: str, row: str, values: tuple[object, ...], why: str
) -> None:
    labels = labelled(tmp_path, header, row, values)
    for named in (None, labels):
        with pytest.raises(DatasetError, match="another scale than ICDR") as told:
            find_dataset(tmp_path, labels=named)
        assert why in told.value.message


def test_the_layout_that_a_person_names_does_not_make_it_icdr(tmp_path: Path) -> None:
    labelled(tmp_path, MESSIDOR, "Dept,{0},0", (0, 1, 2, 3))
    with pytest.raises(DatasetError, match="Messidor's own scale"):
        find_dataset(tmp_path, layout=Layout.IDRID)


def test_messidor_is_known_by_its_photographs_too(tmp_path: Path) -> None:
    name = "20051020_43808_0100_PP.tif"
    trees.touch(tmp_path, name)
    trees.write_csv(tmp_path / "a.csv", "Image name,Retinopathy grade", f"{name},2")
    with pytest.raises(DatasetError, match="Messidor's own scale"):
        find_dataset(tmp_path)


def test_zero_and_one_are_grades_where_somebody_says_so(tmp_path: Path) -> None:
    values = (0, 1, 1, 0, 1, 0)
    labelled(tmp_path, "image,grade", "{0}", values)
    assert len(find_dataset(tmp_path, layout=Layout.PLAIN).photographs) == len(values)
    labelled(tmp_path / "named", "image,icdr", "{0}", values)
    assert len(find_dataset(tmp_path / "named").photographs) == len(values)


def test_folders_of_no_and_yes_are_not_guessed(tmp_path: Path) -> None:
    trees.touch(tmp_path, "0/a.png", "1/b.png")
    with pytest.raises(DatasetError, match="may mean no and yes"):
        find_dataset(tmp_path)
    assert len(find_dataset(tmp_path, layout=Layout.FOLDERS).photographs) == 2


def test_a_five_of_ddr_is_a_photograph_that_nobody_can_grade(tmp_path: Path) -> None:
    trees.touch(tmp_path, *(f"2017{n}.jpg" for n in range(6)))
    rows = [f"2017{n}.jpg,{n}" for n in range(6)]
    trees.write_csv(tmp_path / "train.csv", trees.APTOS, *rows)
    dataset = find_dataset(tmp_path)
    assert dataset.report.grades == (1, 1, 1, 1, 1)
    assert [f.kind for f in dataset.report.findings] == ["ungradable"]


def test_eyeq_tells_quality_in_numbers_of_its_own(tmp_path: Path) -> None:
    trees.touch(tmp_path, "1_left.jpeg", "1_right.jpeg", "2_left.jpeg")
    rows = ("0,1_left.jpeg,0,4", "1,1_right.jpeg,1,0", "2,2_left.jpeg,2,1")
    trees.write_csv(tmp_path / "Label_EyeQ_train.csv", ",image,quality,DR_grade", *rows)
    dataset = find_dataset(tmp_path)
    assert dataset.layout is Layout.EYEQ
    found = {p.place.name: (int(p.grade), p.quality) for p in dataset.photographs}
    assert found == {
        "1_left.jpeg": (4, "good"),
        "1_right.jpeg": (0, "usable"),
        "2_left.jpeg": (1, "reject"),
    }


def test_another_file_beside_the_right_one_is_left_aside(tmp_path: Path) -> None:
    trees.touch(tmp_path, "10_left.jpeg", "10_right.jpeg")
    trees.write_csv(tmp_path / "labels.csv", trees.EYEPACS, "10_left,2", "10_right,0")
    trees.write_csv(tmp_path / "risk.csv", "ID,Disease_Risk", "1,1")
    dataset = find_dataset(tmp_path)
    assert dataset.report.unused == ("risk.csv",)
    assert dataset.report.grades == (1, 0, 1, 0, 0)
