"""What lies in a data set's folder, listed once, and which photograph a name in a csv means."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from drscreen.domain.errors import DatasetError

_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"}
#: What macOS leaves beside files on foreign disks and in archives.
_FOREIGN = "__MACOSX"
#: Parts of a data set that number their photographs anew (IDRiD does): a csv whose name has one of
#: these words means photographs in folders that have it too.
SUBSETS = ("train", "val", "test")


def subset_of(labels: Path) -> str:
    """Which of `SUBSETS` a labels file's name has, or empty."""
    return next((word for word in SUBSETS if word in labels.stem.lower()), "")


class DatasetFolder:
    """Photographs and csv files anywhere under a folder. Raises `DatasetError` without one."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise DatasetError(f"There is no folder {folder}.")
        self.folder = folder
        self.photographs: list[Path] = []
        self.csv_files: list[Path] = []
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for root, folders, files in os.walk(folder):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != _FOREIGN)
            for file in sorted(f for f in files if not f.startswith(".")):
                self._add(Path(root, file))

    def _add(self, path: Path) -> None:
        suffix = path.suffix.lower()
        if suffix == ".csv":
            self.csv_files.append(path)
        elif suffix in _SUFFIXES:
            self.photographs.append(path)
            for name in {self.relative(path).lower(), path.name.lower(), path.stem.lower()}:
                self._by_name[name].append(path)

    def relative(self, path: Path) -> str:
        """The path below the folder with forward slashes."""
        return path.relative_to(self.folder).as_posix()

    def find(self, name: str, labels: Path) -> list[Path]:
        """Photographs that `name` in the csv `labels` can mean: none, one, or several alike.

        A relative path, a file name or a name without its suffix, case ignored. Where several have
        the name, those of the csv's own part of the data set come first, then those nearest to it.
        """
        wanted = name.replace("\\", "/").removeprefix("./").lower()
        found = (
            self._by_name.get(wanted)
            or self._by_name.get(Path(wanted).name)
            or self._by_name.get(Path(wanted).stem)
            or []
        )
        if len(found) < 2:
            return found
        subset = subset_of(labels)
        near = labels.absolute().parent
        ranks = [
            (
                subset in self.relative(path.parent).lower(),
                len(os.path.commonpath((near, path.absolute()))),
            )
            for path in found
        ]
        return [path for path, rank in zip(found, ranks, strict=True) if rank == max(ranks)]
