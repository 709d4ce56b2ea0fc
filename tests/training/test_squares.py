"""The cache of decoded photographs: whole or not there, and no photograph twice."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.errors import SquaresUnwritable
from drscreen.domain.image import InputSpec
from drscreen.training.datasets.dataset import find_dataset
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.squares import load_squares
from tests.training.datasets import trees

SPEC = InputSpec(32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def photographs(tmp_path: Path) -> list[LabelledPhotograph]:
    """Five on disk and one in a tar; the second is damaged."""
    data = tmp_path / "data"
    trees.draw(data, *(f"{n}_left.png" for n in range(5)))
    (data / "1_left.png").write_bytes(trees.drawing(1)[:900])
    trees.write_tar(data / "part.tar", {"7_left.png": trees.drawing(7)})
    rows = [f"{n}_left.png,{n},left,{n},," for n in range(5)]
    trees.write_csv(data / "labels.csv", trees.SHARDED, *rows, "7_left.png,7,left,1,,part.tar")
    return list(find_dataset(data).photographs)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each photograph that is decoded."""
    sizes: list[int] = []
    decode = PillowReader.decode

    def counted(self: PillowReader, data: bytes) -> object:
        sizes.append(len(data))
        return decode(self, data)

    monkeypatch.setattr(PillowReader, "decode", counted)
    return sizes


def test_squares_are_what_prediction_sees_in_order(
    photographs: list[LabelledPhotograph], tmp_path: Path
) -> None:
    prepared = load_squares(photographs, SPEC, tmp_path / "run")
    assert [p.patient for p in prepared.photographs] == ["0", "2", "3", "4", "7"]
    reader = PillowReader()
    for square, photograph in zip(prepared.squares, prepared.photographs, strict=True):
        seen = reader.prepare(reader.decode(photograph.place.read()).image, SPEC)
        assert square.tobytes() == seen.pixels
    ((place, code),) = prepared.unreadable
    assert (place.name, code) == ("1_left.png", "photograph_damaged")
    assert [f.kind for f in prepared.findings] == ["unreadable"]


def test_decoding_happens_once(
    photographs: list[LabelledPhotograph], tmp_path: Path, decoded: list[int]
) -> None:
    first = load_squares(photographs, SPEC, tmp_path / "run")
    assert len(decoded) == 6
    second = load_squares(photographs, SPEC, tmp_path / "run")
    assert len(decoded) == 6
    assert np.array_equal(first.squares, second.squares)
    assert (first.photographs, first.unreadable) == (second.photographs, second.unreadable)
    load_squares(photographs[2:], SPEC, tmp_path / "run")
    assert len(decoded) == 10


def test_changed_photographs_are_decoded_again(
    photographs: list[LabelledPhotograph], tmp_path: Path, decoded: list[int]
) -> None:
    load_squares(photographs, SPEC, tmp_path / "run")
    data = tmp_path / "data"
    trees.write_tar(data / "part.tar", {"7_left.png": trees.drawing(8)})
    changed = list(find_dataset(data).photographs)
    prepared = load_squares(changed, SPEC, tmp_path / "run")
    assert len(decoded) == 12
    assert len(prepared.photographs) == 5


@pytest.mark.parametrize("damage", ["cut", "no index", "odd index"])
def test_a_cache_that_is_not_whole_is_made_anew(
    photographs: list[LabelledPhotograph], tmp_path: Path, decoded: list[int], damage: str
) -> None:
    whole = np.array(load_squares(photographs, SPEC, tmp_path / "run").squares)
    (array,) = (tmp_path / "run").glob("squares-*.u8")
    (index,) = (tmp_path / "run").glob("squares-*.json")
    if damage == "cut":
        array.write_bytes(array.read_bytes()[:-100])
    elif damage == "no index":
        index.unlink()
    else:
        index.write_text('{"kept": [0')
    assert np.array_equal(load_squares(photographs, SPEC, tmp_path / "run").squares, whole)
    assert len(decoded) == 12


def test_an_interrupted_run_leaves_no_cache(
    photographs: list[LabelledPhotograph], tmp_path: Path
) -> None:
    def pull_the_plug(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_squares(photographs, SPEC, tmp_path / "run", pull_the_plug)
    assert not list((tmp_path / "run").iterdir())
    assert len(load_squares(photographs, SPEC, tmp_path / "run").photographs) == 5


def test_the_same_photograph_under_two_patients_is_used_once_and_told(
    photographs: list[LabelledPhotograph], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copy(data / "2_left.png", data / "9_right.png")
    shutil.copy(data / "3_left.png", data / "3_right.png")
    rows = ["2_left.png,0", "9_right.png,4", "3_left.png,1", "3_right.png,1"]
    labels = trees.write_csv(tmp_path / "labels.csv", "file,icdr", *rows)
    found = find_dataset(data, labels=labels).photographs
    for _made_and_remembered in range(2):
        prepared = load_squares(found, SPEC, tmp_path / "run")
        assert [p.place.name for p in prepared.photographs] == ["2_left.png", "3_left.png"]
        other, same = prepared.findings
        assert other.kind == "copy_of_another_patient"
        assert other.what == "9_right.png of 9 (grade 4) is 2_left.png of 2 (grade 0)"
        assert same.kind == "copy"


def test_a_full_disk_is_told_before_decoding(
    photographs: list[LabelledPhotograph],
    tmp_path: Path,
    decoded: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(100, 100, 0))
    with pytest.raises(SquaresUnwritable, match=r"need 0\.0 GB in .*; 0\.0 GB are free"):
        load_squares(photographs, SPEC, tmp_path / "run")
    assert not decoded
    assert not list((tmp_path / "run").iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_disk_that_fills_up_leaves_nothing(
    photographs: list[LabelledPhotograph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def on_a_full_disk(self: Path, *arguments: object, **named: object) -> object:
        full = self if self.suffix != ".partial" else Path("/dev/full")
        return opened(full, *arguments, **named)  # type: ignore[call-overload] # passed on

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    with pytest.raises(SquaresUnwritable, match="No space left"):
        load_squares(photographs, SPEC, tmp_path / "run")
    assert not list((tmp_path / "run").iterdir())


def test_a_run_folder_that_is_a_file_is_told(
    photographs: list[LabelledPhotograph], tmp_path: Path
) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(SquaresUnwritable, match="cannot be written"):
        load_squares(photographs, SPEC, tmp_path / "run")


def test_nothing_readable_gives_no_squares(tmp_path: Path) -> None:
    trees.touch(tmp_path, "1_left.png")
    trees.write_csv(tmp_path / "labels.csv", "file,icdr", "1_left.png,0")
    prepared = load_squares(find_dataset(tmp_path).photographs, SPEC, tmp_path / "run")
    assert prepared.squares.shape == (0, 32, 32, 3)
    assert prepared.unreadable[0][1] == "photograph_empty"
