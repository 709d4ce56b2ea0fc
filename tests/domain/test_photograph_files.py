"""Which files of a folder are photographs: no hidden ones, no litter, each linked folder once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drscreen.domain.errors import FolderUnreadable
from drscreen.domain.image import Laterality
from drscreen.domain.photograph_files import (
    is_photograph,
    photographs_among,
    photographs_below,
)

LITTER = (
    ".hidden.jpg",
    "._a.jpg",
    "Thumbs.db",
    "desktop.ini",
    "notes.txt",
    "video.mp4",
    "jpg",
    "__MACOSX/a.jpg",
    ".Trash/a.jpg",
    ".Trash-1000/files/a.jpg",
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg",
    "System Volume Information/a.jpg",
    "$RECYCLE.BIN/S-1-5/a.jpg",
    "lost+found/a.jpg",
)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in photographs_below(folder)]


def test_every_photograph_in_a_folder_and_below_and_nothing_else(tmp_path: Path) -> None:
    touch(tmp_path, *LITTER)
    touch(tmp_path, "b.JPG", "a.jpeg", "c/2.TiF", "c/1.tiff", "c/d/x.png", "b/y.bmp")
    assert found(tmp_path) == ["a.jpeg", "b.JPG", "b/y.bmp", "c/1.tiff", "c/2.TiF", "c/d/x.png"]


def test_linked_folders_are_entered_once(tmp_path: Path) -> None:
    touch(tmp_path, "set/a.jpg", "elsewhere/b.jpg")
    (tmp_path / "set" / "round").symlink_to(tmp_path / "set", target_is_directory=True)
    (tmp_path / "set" / "more").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "set" / "again").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "set" / "nowhere.jpg").symlink_to(tmp_path / "gone")
    (tmp_path / "set" / "self.jpg").symlink_to(tmp_path / "set" / "self.jpg")
    assert found(tmp_path / "set") == ["a.jpg", "again/b.jpg"]


def test_a_folder_or_a_pipe_is_no_photograph_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "album.jpg/a.jpg")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
    assert found(tmp_path) == ["album.jpg/a.jpg"]


def test_a_very_deep_folder_is_followed_to_its_end(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(400):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open("a.jpg", os.O_CREAT, dir_fd=here))
    finally:
        os.close(here)
    assert len(photographs_below(tmp_path)) == 1


def test_what_may_not_be_looked_into_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.jpg", "locked/b.jpg")
    scandir = os.scandir

    def refuse(folder: Path) -> object:
        if folder.name == "locked":
            raise PermissionError(13, "no")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FolderUnreadable, match="The right to do that is missing"):
        photographs_below(tmp_path)


def test_the_eye_comes_from_a_folder_inside_never_from_the_one_that_was_named(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "OS/1.jpg", "OS/OD/2.jpg", "OS/left eye/3.jpg", "OS/Ross/4.jpg", "._5.jpg")
    single = tmp_path / "OS" / "1.jpg"
    named = photographs_among([tmp_path / "OS", single, tmp_path / "._5.jpg"])
    assert [(one.path.name, one.eye) for one in named] == [
        ("1.jpg", None),
        ("2.jpg", Laterality.OD),
        ("4.jpg", None),
        ("3.jpg", Laterality.OS),
        ("1.jpg", None),
    ]


@pytest.mark.parametrize("name", ["a.JPG", "ä.tiff", "a.b.png", "left eye.BMP"])
def test_endings_of_any_case(name: str) -> None:
    assert is_photograph(name)
