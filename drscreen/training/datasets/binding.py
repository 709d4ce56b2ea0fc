"""Which photograph a name in a labels file means: the one that it names, and no other.

A wrong guess here gives a photograph another one's grade, and nobody would notice.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drscreen.domain.photograph_files import SUFFIXES

#: Parts of a data set that number their photographs anew (IDRiD does): a csv whose name has one of
#: these words means photographs in folders that have it too.
_SUBSET = re.compile(r"(?<![a-z])(train|val|test)(?:ing|idation|id)?(?![a-z])")
#: A path that begins at a root or a drive: of this machine or, more often, of another.
_ROOTED = re.compile(r"[a-z]:/|[/~]", re.IGNORECASE)


def subset_of(name: str) -> str:
    """Which part of a data set the name of a labels file or a folder speaks of, or empty."""
    words = _SUBSET.findall(name.lower())
    return words[-1] if words else ""


@dataclass(frozen=True, slots=True)
class _Name:
    """A name as the csv has it, in parts.

    `rooted` where it begins at a root. `subset` is the part of the data set that its folders name.
    `moved` where what all names of the column begin with was taken off.
    """

    parts: tuple[str, ...]
    rooted: bool
    subset: str
    moved: bool = False

    @classmethod
    def of(cls, text: str) -> _Name:
        path = text.strip().replace("\\", "/")
        parts = tuple(part for part in path.split("/") if part not in {"", "."})
        return cls(parts, bool(_ROOTED.match(path)), subset_of("/".join(parts[:-1])))

    @property
    def has_suffix(self) -> bool:
        return self.parts[-1].lower().endswith(SUFFIXES)

    def spells(self, path: Path) -> bool:
        """Whether the path ends with this name, capitals and all; its own ending may be missing."""
        *folders, last = self.parts
        there = _absolute(path).parts[-len(self.parts) : -1]
        return last in {path.name, path.stem} and there == tuple(folders)


class Names:
    """The photographs of a data set by their names."""

    def __init__(self, folder: Path, photographs: Sequence[Path]) -> None:
        self._root = _absolute(folder)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for path in photographs:
            self._by_name[path.name.lower()].append(path)
            self._by_stem[path.stem.lower()].append(path)

    def bind(self, names: Sequence[str], labels: Path) -> list[list[Path]]:
        """For each name of a column of the csv `labels`: none, one, or several photographs alike.

        A name means the photograph whose path ends with it, case ignored where that leaves one; a
        name without a file's ending, the photograph of that stem. Of several, those of the csv's
        own part of the data set come first, then those nearest to it. Paths of another machine
        are read without what all of them begin with; endings that no photograph has, without them.
        A path whose folder is not here names nothing: the photograph of that name elsewhere is
        another one.
        """
        wanted = [_Name.of(name) for name in names]
        found = [self._meant(name, labels) for name in wanted]
        rooted = [n for n, name in enumerate(wanted) if name.rooted and name.parts]
        if rooted and not any(found[n] for n in rooted):
            for n, name in zip(rooted, _without_prefix([wanted[n] for n in rooted]), strict=True):
                wanted[n] = name
                found[n] = self._meant(name, labels)
        with_suffix = [n for n, name in enumerate(wanted) if name.parts and name.has_suffix]
        if with_suffix and not any(found[n] for n in with_suffix):
            for n in with_suffix:
                *folders, last = wanted[n].parts
                stem = replace(wanted[n], parts=(*folders, last.rpartition(".")[0]))
                found[n] = self._meant(stem, labels)
        # Another row may spell the photograph as it is: then this one meant another.
        spelt = [
            len(paths) == 1 and name.spells(paths[0])
            for name, paths in zip(wanted, found, strict=True)
        ]
        taken = {found[n][0] for n, itself in enumerate(spelt) if itself}
        return [
            paths if itself or not taken.intersection(paths) else []
            for paths, itself in zip(found, spelt, strict=True)
        ]

    def _meant(self, name: _Name, labels: Path) -> list[Path]:
        if not name.parts:
            return []
        *folders, last = name.parts
        among = self._by_name if name.has_suffix else self._by_stem
        beside = Path(os.path.normpath(_absolute(labels).parent.joinpath(*name.parts)))
        alike = among.get(last.lower(), [])
        exact = [path for path in alike if _absolute(path) == beside]
        if exact:
            return exact
        ends = tuple(part.lower() for part in folders)
        subset = name.subset or subset_of(labels.stem)
        found = [
            path
            for path in alike
            if _is_in(path, ends) and (not subset or self._subset(path) in {subset, ""})
        ]
        if len(found) > 1:
            found = [path for path in found if name.spells(path)] or found
        return found if name.moved and not folders else self._nearest(found, labels)

    def _nearest(self, found: list[Path], labels: Path) -> list[Path]:
        if len(found) < 2:
            return found
        near = _absolute(labels).parent
        subset = subset_of(labels.stem)
        ranks = [
            (self._subset(path) == subset, len(os.path.commonpath((near, _absolute(path)))))
            for path in found
        ]
        return [path for path, rank in zip(found, ranks, strict=True) if rank == max(ranks)]

    def _subset(self, path: Path) -> str:
        return subset_of(_absolute(path).parent.relative_to(self._root).as_posix())


def _is_in(path: Path, folders: tuple[str, ...]) -> bool:
    there = tuple(part.lower() for part in _absolute(path).parent.parts)
    return not folders or there[-len(folders) :] == folders


def _absolute(path: Path) -> Path:
    """Without following links: what a link leads to may have another name."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow them


def _without_prefix(names: Sequence[_Name]) -> list[_Name]:
    """Paths of another machine without the folders that all of them begin with."""
    shared = 0
    for parts in zip(*(name.parts[:-1] for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        shared += 1
    return [replace(name, parts=name.parts[shared:], moved=True) for name in names]
