"""`drscreen data show`, as a person meets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from drscreen.cli import app
from tests.shared_data import ROOT
from tests.training.datasets.trees import draw, write_csv


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    folder = tmp_path / "clinic"
    draw(folder, "a.png", "b.png", "c.png")
    return folder


def show(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["data", "show", *map(str, arguments)])


def test_a_labelled_folder_becomes_a_page(clinic: Path, tmp_path: Path) -> None:
    write_csv(clinic / "labels.csv", "image,grade,Camera", "a,mild,Kowa", "b,4,Kowa", "gone,1,")
    ran = show(clinic, "--html", tmp_path / "page.html")
    assert ran.exit_code == 0, ran.stderr
    assert "2 photographs, 0 not readable" in ran.stderr
    assert "1 photographs without a label" in ran.stderr
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Grade 1: Mild NPDR" in page
    assert "Kowa" in page


def test_without_labels_the_photographs_are_shown_all_the_same(
    clinic: Path, tmp_path: Path
) -> None:
    ran = show(clinic, "--html", tmp_path / "page.html")
    assert ran.exit_code == 0, ran.stderr
    assert "Shown without grades: No grades were found" in ran.stderr
    assert "3 in all" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_patients_pictures_stay_out_of_the_repository(clinic: Path) -> None:
    for place in (ROOT / "page.html", ROOT / "docs" / ".." / "docs" / "page.html"):
        ran = show(clinic, "--html", place)
        assert (ran.exit_code, "do not belong" in ran.stderr) == (1, True)
        assert not place.exists()


def test_what_cannot_be_shown_is_said(clinic: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert "No grades were found" in show(tmp_path / "none", "--html", tmp_path / "p.html").stderr
    assert "There is no folder" in show(tmp_path / "x", "--html", tmp_path / "p.html").stderr
    ran = show(clinic, "--html", tmp_path / "no" / "p.html")
    assert (ran.exit_code, "[file_unwritable]" in ran.stderr) == (1, True)
    for picture in clinic.iterdir():
        picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "None of the photographs" in show(clinic, "--html", tmp_path / "p.html").stderr
