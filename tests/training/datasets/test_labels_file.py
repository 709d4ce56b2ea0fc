"""Labels as spreadsheets of all countries write them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from drscreen.domain.errors import DatasetError
from drscreen.training.datasets.dataset import find_dataset
from drscreen.training.datasets.labels_file import read_labels_file
from tests.training.datasets import trees

WRITTEN = {
    "commas": b"file,grade\nx.png,2\ny.png,0\n",
    "semicolons": b"file;grade\r\nx.png;2\r\ny.png;0\r\n",
    "decimal commas": b"file;grade\r\nx.png;2,0\r\ny.png;0,0\r\n",
    "tabs": b"file\tgrade\nx.png\t2\ny.png\t0\n",
    "bars": b"file|grade\nx.png|2\ny.png|0\n",
    "told separator": b"sep=;\r\nfile;grade\r\nx.png;2\r\ny.png;0\r\n",
    "told tab": b"SEP=\t \r\nfile\tgrade\r\nx.png\t2\r\ny.png\t0\r\n",
    "a mark": codecs.BOM_UTF8 + b"file,grade\r\nx.png,2\r\ny.png,0\r\n",
    "a mark and a separator": codecs.BOM_UTF8 + b"sep=,\r\nfile,grade\r\nx.png,2\r\ny.png,0\r\n",
    "Unicode text": codecs.BOM_UTF16_LE
    + "file\tgrade\r\nx.png\t2\r\ny.png\t0\r\n".encode("utf-16-le"),
    "old Mac": b"file,grade\rx.png,2\ry.png,0\r",
    "blank lines first": b"\r\n,,\r\n \r\nfile,grade\r\nx.png,2\r\ny.png,0\r\n",
    "blanks around": b" File , Grade \n x.png , 2 \ny.png ,\xc2\xa00\n",
    "zeros at the end": b"file,grade\nx.png,2\ny.png,0\n" + bytes(16),
    "quotes": b'"file","grade"\n"x.png","2"\n"y.png","0"\n',
}


@pytest.mark.parametrize("data", WRITTEN.values(), ids=WRITTEN)
def test_the_same_labels_however_they_were_written(tmp_path: Path, data: bytes) -> None:
    trees.touch(tmp_path, "x.png", "y.png")
    (tmp_path / "labels.csv").write_bytes(data)
    found = {p.place.name: int(p.grade) for p in find_dataset(tmp_path).photographs}
    assert found == {"x.png": 2, "y.png": 0}


def test_a_line_keeps_the_number_that_an_editor_shows(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(b"sep=;\r\n\r\nfile;grade\r\nx.png;2\r\n;\r\ny.png;0\r\n")
    assert [line for line, _ in read_labels_file(file).rows] == [4, 6]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"file,Grade,grade\nx.png,2,3\n")
    with pytest.raises(DatasetError, match="two columns called grade"):
        read_labels_file(tmp_path / "labels.csv")
