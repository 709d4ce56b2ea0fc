"""Which files are photographs, and which are in a folder: one rule for window, command, data sets.

Only names are looked at, never contents.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from drscreen.domain.errors.disk import reason_of
from drscreen.domain.errors.files import FolderUnreadable
from drscreen.domain.image import Laterality

#: Of the formats that are read, in small letters.
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")

#: What systems, cameras' cards and storage boxes leave beside photographs, in small letters; names
#: with a dot in front (macOS's ``._name`` among them) need not stand here.
_LITTER = frozenset(
    {
        "$recycle.bin",
        "@eadir",
        "__macosx",
        "#recycle",
        "#snapshot",
        "desktop.ini",
        "ehthumbs.db",
        "found.000",
        "lost+found",
        "lost.dir",
        "recycler",
        "system volume information",
        "thumbs.db",
    }
)
_EYES = {
    "od": Laterality.OD,
    "right": Laterality.OD,
    "right eye": Laterality.OD,
    "os": Laterality.OS,
    "left": Laterality.OS,
    "left eye": Laterality.OS,
}


@dataclass(frozen=True, slots=True)
class FoundPhotograph:
    """A photograph's file. `eye` is what a folder between it and the folder that was named says."""

    path: Path
    eye: Laterality | None = None


def is_photograph(name: str) -> bool:
    """Whether a file of this name is one, by its ending; hidden ones are none."""
    return not is_litter(name) and name.lower().endswith(SUFFIXES)


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is hidden or left there by a system."""
    return name.startswith(".") or name.lower() in _LITTER


def is_folder(path: Path) -> bool:
    """Whether a folder is there; no path is too long or too odd to be asked about."""
    return _is(path.is_dir)


def files_below(folder: Path) -> Iterator[Path]:
    """The regular files in a folder and below, litter left out, in the order of their names.

    Linked folders are entered, each folder once. Raises `FolderUnreadable`, for a part told as the
    whole would mislead.
    """
    entered: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        files, folders = _listed(waiting.pop(), entered)
        yield from files
        waiting += reversed(folders)


def photographs_below(folder: Path) -> list[Path]:
    """The photographs in a folder and below, in order. Raises `FolderUnreadable`."""
    return [path for path in files_below(folder) if is_photograph(path.name)]


def photographs_among(paths: Iterable[Path]) -> list[FoundPhotograph]:
    """What was named, dropped or chosen: files as they are, of each folder its photographs.

    Raises `FolderUnreadable`.
    """
    found: list[FoundPhotograph] = []
    for path in paths:
        if is_folder(path):
            below = photographs_below(path)
            found += [FoundPhotograph(one, _eye_between(path, one)) for one in below]
        elif not is_litter(path.name):
            found.append(FoundPhotograph(path))
    return found


def _eye_between(folder: Path, photograph: Path) -> Laterality | None:
    """What the photograph's own folder is called, where it is not the one that was named: that one
    may be called anything, a patient's name or initials among them.
    """
    if photograph.parent == folder:
        return None
    return _EYES.get(re.sub(r"[\s_-]+", " ", photograph.parent.name.lower()).strip())


def _listed(folder: Path, entered: set[tuple[int, int]]) -> tuple[list[Path], list[Path]]:
    """Files and folders in one folder by name; nothing where it was entered before."""
    try:
        there = folder.stat()
        if (there.st_dev, there.st_ino) in entered:
            return [], []
        entered.add((there.st_dev, there.st_ino))
        with os.scandir(folder) as entries:
            seen = sorted((e for e in entries if not is_litter(e.name)), key=lambda e: e.name)
    except OSError as error:
        raise FolderUnreadable(
            f"A folder there cannot be looked into. {reason_of(error)}"
        ) from error
    files = [folder / entry.name for entry in seen if _is(entry.is_file)]
    return files, [folder / entry.name for entry in seen if _is(entry.is_dir)]


def _is(kind: Callable[[], bool]) -> bool:
    """A link that leads nowhere, or round in a circle, is neither file nor folder."""
    try:
        return kind()
    except OSError:
        return False
