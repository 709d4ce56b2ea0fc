"""From rows of labels files to labelled photographs, with a finding for each row left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.training.datasets.folder import DatasetFolder
from drscreen.training.datasets.labels_file import LabelsFile
from drscreen.training.datasets.layouts import (
    FIVES,
    PAIR_COLUMNS,
    UNGRADABLE,
    Cells,
    CsvLayout,
    Row,
)
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.datasets.place import Place, tar_members
from drscreen.training.datasets.report import Finding, Kind
from drscreen.training.datasets.words import parse_eye, parse_grade

#: EyePACS names its files ``<patient>_left`` and ``<patient>_right``.
_EYEPACS_NAME = re.compile(r"(\d+)_(left|right)", re.IGNORECASE)


def named_patient(stem: str) -> tuple[str, Laterality | None]:
    """Patient and eye of an EyePACS name; else the name is a patient of its own."""
    match = _EYEPACS_NAME.match(stem)
    return (match.group(1), parse_eye(match.group(2))) if match else (stem, None)


class RowReader:
    """Collects `photographs` and `findings` over the labels files of one data set.

    `named` are the places that some row names, used or not. `grade` is for rows of files that
    have no column of grades.
    """

    def __init__(self, content: DatasetFolder, grade: Grade | None) -> None:
        self.photographs: list[LabelledPhotograph] = []
        self.findings: list[Finding] = []
        self.named: dict[Place, tuple[str, Grade | None]] = {}
        self._content = content
        self._grade = grade
        self._tars: dict[Path, dict[str, Place]] = {}
        self._pairs: dict[str, tuple[str, Laterality]] = {}

    def pair(self, files: Iterable[LabelsFile]) -> None:
        """Heed files that pair the two photographs of a patient, as Messidor-2's does."""
        for file in files:
            for _line, cells in file.rows:
                for column in sorted(PAIR_COLUMNS & cells.keys()):
                    eye = parse_eye(column)
                    if eye and cells[column]:
                        patient = Path(cells["left"] or cells["right"]).stem
                        self._pairs[Path(cells[column]).stem.lower()] = patient, eye

    def read(self, file: LabelsFile, layout: CsvLayout, *, graded: bool) -> None:
        """Take the rows of one labels file; `graded` where it has a column of grades."""
        rows = [layout.read(cells, file.path) for _line, cells in file.rows]
        names = ["" if row.shard else row.name for row in rows]
        meant = self._content.bind(names, file.path)
        for (line, cells), row, paths in zip(file.rows, rows, meant, strict=True):
            where = f"{file.path.name} line {line}"
            places = self._members(row, file.path) if row.shard else [Place(p) for p in paths]
            if len(places) != 1:
                kind = Kind.AMBIGUOUS if places else Kind.MISSING
                self._leave_out(kind, where, repr(row.name))
            else:
                five = layout.five_is_ungradable and row.grade in FIVES
                said = replace(row, grade="", quality=UNGRADABLE) if five else row
                self._take(said, cells, where, places[0], graded=graded)

    def unlabelled(self) -> int:
        """How many photographs of the folder, and of the tars that were opened, no row names."""
        there = [Place(path) for path in self._content.photographs]
        there += [place for members in self._tars.values() for place in members.values()]
        return sum(place not in self.named for place in there)

    def _members(self, row: Row, labels: Path) -> list[Place]:
        beside = labels.parent / row.shard
        tar = beside if beside.exists() else self._content.folder / row.shard
        if tar not in self._tars:
            self._tars[tar] = tar_members(tar)
        place = self._tars[tar].get(row.name)
        return [place] if place else []

    def _take(self, row: Row, cells: Cells, where: str, place: Place, *, graded: bool) -> None:
        grade = parse_grade(row.grade) if graded else self._grade
        if place in self.named:
            earlier, other = self.named[place]
            differs = ", there with another grade" if other != grade else ""
            self._leave_out(Kind.REPEATED, where, f"{row.name!r} stands in {earlier}{differs}")
            return
        self.named[place] = where, grade
        if grade is None and row.grade:
            self._leave_out(Kind.BAD_GRADE, where, f"{row.name!r} has {row.grade!r}")
        elif grade is None:
            kind = Kind.UNGRADABLE if row.quality == UNGRADABLE else Kind.NO_GRADE
            self._leave_out(kind, where, repr(row.name))
        else:
            stem = Path(place.name).stem
            patient, eye = self._pairs.get(stem.lower()) or named_patient(stem)
            self.photographs.append(
                LabelledPhotograph(
                    place,
                    row.patient or patient,
                    grade,
                    row.quality,
                    parse_eye(row.eye) or eye,
                    cells,
                )
            )

    def _leave_out(self, kind: Kind, where: str, what: str) -> None:
        self.findings.append(Finding(kind, where, what))
