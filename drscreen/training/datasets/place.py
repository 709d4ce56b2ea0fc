"""Where a photograph of a data set lies: a file of its own, or a member of a tar file."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from drscreen.adapters.imaging.reader import MAX_BYTES, PillowReader
from drscreen.domain.errors import (
    DatasetError,
    PhotographDamaged,
    PhotographNotFound,
    PhotographTooLarge,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A file at `path`; or, where `member` names one, `size` bytes at `offset` of the tar there."""

    path: Path
    member: str = ""
    offset: int = 0
    size: int = 0

    @property
    def address(self) -> Path:
        """A name for people and for look-up; of a member it is no path that could be opened."""
        return self.path / self.member

    @property
    def name(self) -> str:
        """The photograph's own file name."""
        return self.address.name

    def read(self) -> bytes:
        """The photograph's bytes, any thread. Raises a `PhotographError`; nothing is extracted."""
        if not self.member:
            return PillowReader().read(self.path)
        if self.size > MAX_BYTES:
            raise PhotographTooLarge(f"The file has more than {MAX_BYTES // 1_000_000} megabytes.")
        try:
            with self.path.open("rb") as tar:
                tar.seek(self.offset)
                data = tar.read(self.size)
        except OSError as error:
            raise PhotographNotFound("The tar file cannot be found or opened.") from error
        if len(data) < self.size:
            raise PhotographDamaged("The tar file ends inside this photograph.")
        return data


def tar_members(path: Path) -> dict[str, Place]:
    """Places of a tar's files by name, after one pass over its headers.

    Raises `DatasetError` where the tar is missing, damaged, cut off or compressed: a member of a
    compressed tar has no place that could be read by itself.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            members = [
                (member.name.removeprefix("./"), member.offset_data, member.size)
                for member in tar
                if member.isreg() and not member.issparse()
            ]
    except (OSError, tarfile.TarError) as error:
        raise DatasetError(
            f"The tar file {path} is missing, cut off, damaged or compressed; only plain tar is "
            "read."
        ) from error
    return {name: Place(path, name, offset, size) for name, offset, size in members}


class PlaceReader(PillowReader):
    """`drscreen.domain.ports.PhotographReader` for a data set: `read` takes a place's address."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = {place.address: place for place in places}

    def read(self, path: Path) -> bytes:
        """The bytes of the photograph with that address."""
        if path not in self._places:
            raise PhotographNotFound("The data set has no such photograph.")
        return self._places[path].read()
