"""What lies in a data set's folder, listed once, and which photographs the names in a csv mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drscreen.domain.errors import DatasetError, FolderUnreadable
from drscreen.domain.photograph_files import files_below, is_folder, is_photograph
from drscreen.training.datasets.binding import Names


class DatasetFolder:
    """Photographs and csv files anywhere under a folder. Raises `DatasetError` without one."""

    def __init__(self, folder: Path) -> None:
        if not is_folder(folder):
            raise DatasetError(f"There is no folder {folder}.")
        self.folder = folder
        self.photographs: list[Path] = []
        self.csv_files: list[Path] = []
        try:
            for path in files_below(folder):
                if is_photograph(path.name):
                    self.photographs.append(path)
                elif path.suffix.lower() == ".csv":
                    self.csv_files.append(path)
        except FolderUnreadable as error:
            raise DatasetError(f"{folder}: {error.message}") from error
        self._names = Names(folder, self.photographs)

    def relative(self, path: Path) -> str:
        """The path below the folder with forward slashes."""
        return path.relative_to(self.folder).as_posix()

    def bind(self, names: Sequence[str], labels: Path) -> list[list[Path]]:
        """The photographs that each name in a column of `labels` can mean: see `binding.Names`."""
        return self._names.bind(names, labels)
