"""Places that cannot be written: too long, a file in the way, no right. Each has its sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TOO_LONG, NOT_A_FOLDER = "too long", "A file stands where"


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """A path of many parts, one with a part that no system takes, and one below a file."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    return {
        "parts": tmp_path.joinpath(*["x" * 200] * 3),
        "part": tmp_path / ("x" * 300),
        "below a file": tmp_path / "file" / "home",
        "a file": tmp_path / "file",
    }


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "pw"
    file.write_text("Correct-Horse-Battery-9\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("parts", TOO_LONG),
        ("part", TOO_LONG),
        ("below a file", NOT_A_FOLDER),
        ("a file", NOT_A_FOLDER),
    ],
)
def test_a_home_that_cannot_be(
    drscreen: Run, places: dict[str, Path], password: Path, place: str, why: str
) -> None:
    home = places[place]
    ran = drscreen("init", "--home", home, "--user", "asha", "--password-file", password)
    assert ran.returncode == 1
    assert why in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not os.path.isdir(home)  # noqa: PTH112 - it never raises


def test_a_path_that_cannot_even_be_asked_about(
    drscreen: Run, places: dict[str, Path], photograph: Path, tmp_path: Path
) -> None:
    for command in (
        ("screen", photograph, "--model", places["part"]),
        ("model", "import", places["part"], "--out", tmp_path / "made"),
        ("data", "show", places["part"], "--html", tmp_path / "page.html"),
    ):
        ran = drscreen(*command)
        assert ran.returncode == 1, (command, ran.stderr)
        assert "Traceback" not in ran.stderr
        assert "too long" in ran.stderr or "no folder" in ran.stderr
    ran = drscreen("screen", places["part"], "--json")
    assert ran.returncode == 1
    assert "photograph_not_found" in ran.stdout


def test_files_that_cannot_be_written(
    drscreen: Run, places: dict[str, Path], photograph: Path, bundle: Path, tmp_path: Path
) -> None:
    commands = {
        "support": ("support-bundle", "--no-selftest", "--out"),
        "overlay": ("screen", photograph, "--model", bundle, "--overlay"),
        "page": ("model", "card", bundle, "--html"),
    }
    for name, command in commands.items():
        for place, why in (("part", TOO_LONG), ("below a file", NOT_A_FOLDER)):
            ran = drscreen(*command, places[place])
            assert ran.returncode == 1, (name, place, ran.stdout, ran.stderr)
            assert why in ran.stderr, (name, place, ran.stderr)
            assert "Traceback" not in ran.stderr
