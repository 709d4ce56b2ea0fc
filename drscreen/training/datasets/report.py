"""What reading a data set found: how much of what, what was left out and why, what looks wrong."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drscreen.domain.errors import DatasetError
from drscreen.domain.errors.disk import reason_of
from drscreen.domain.grading import Grade
from drscreen.training.datasets.layouts import Layout

#: How many findings of a kind a person is shown; the rest is in the written report.
SHOWN = 10
REPORT_FILE = "datasets.json"
FINDINGS_FILE = "datasets_left_out.csv"


class Kind(StrEnum):
    """Why a row or a photograph was left out; values are stable."""

    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    NO_GRADE = "no_grade"
    BAD_GRADE = "bad_grade"
    UNGRADABLE = "ungradable"
    REPEATED = "repeated"
    UNREADABLE = "unreadable"
    COPY = "copy"
    COPY_OF_ANOTHER_PATIENT = "copy_of_another_patient"


_HEADINGS = {
    Kind.MISSING: "no such photograph",
    Kind.AMBIGUOUS: "more than one photograph of that name",
    Kind.NO_GRADE: "no grade given",
    Kind.BAD_GRADE: "not a grade of 0 to 4",
    Kind.UNGRADABLE: "called ungradable, without a grade",
    Kind.REPEATED: "listed before",
    Kind.UNREADABLE: "cannot be read",
    Kind.COPY: "the same bytes as another photograph of the patient",
    Kind.COPY_OF_ANOTHER_PATIENT: "WARNING: the same photograph under two patients",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was left out: `where` (a line or a photograph) and `what` is the matter."""

    kind: Kind
    where: str
    what: str

    @property
    def told(self) -> str:
        """A sentence."""
        return f"{self.where}: {self.what}: {_HEADINGS[self.kind]}."


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What a data set gave. `grades` counts photographs by grade 0 to 4, `qualities` by word.

    `unlabelled` counts photographs in the folder that no label names; `unused` names csv files
    that hold no labels of the layout.
    """

    name: str
    layout: Layout
    labels: tuple[str, ...]
    photographs: int
    patients: int
    grades: tuple[int, ...]
    qualities: dict[str, int]
    unlabelled: int
    unused: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def warnings(self) -> list[str]:
        """Sentences on what spoils a training or a measurement, though nothing was left out."""
        return [
            f"no photograph of grade {grade} ({Grade(grade).title})"
            for grade, count in enumerate(self.grades)
            if not count
        ]

    def lines(self) -> list[str]:
        """The report in short, for a person."""
        source = f"layout {self.layout}" + (f" ({', '.join(self.labels)})" if self.labels else "")
        grades = " / ".join(str(count) for count in self.grades)
        lines = [
            f"{self.name}: {source}: {self.photographs} photographs of {self.patients} patients, "
            f"grades 0 to 4: {grades}"
        ]
        lines += [f"  WARNING: {warning}" for warning in self.warnings]
        if self.unlabelled:
            lines.append(f"  {self.unlabelled} photographs without a label are not used")
        if self.unused:
            lines.append(f"  csv files not used: {', '.join(self.unused)}")
        return lines + finding_lines(self.findings)


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Findings by kind, the first ten of each, for a person."""
    lines = []
    for kind in Kind:
        found = [finding for finding in findings if finding.kind is kind]
        if found:
            lines.append(f"  {len(found)} left out, {_HEADINGS[kind]}:")
            lines += [f"    {finding.where}: {finding.what}" for finding in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"    and {len(found) - SHOWN} more")
    return lines


def write_reports(
    folder: Path, reports: Sequence[DatasetReport], decoding: Sequence[Finding] = ()
) -> None:
    """Write all of it: figures to `REPORT_FILE`, every finding to `FINDINGS_FILE`.

    `decoding` is what `squares.load_squares` found over all data sets. Raises `DatasetError` where
    the folder cannot be written.
    """
    figures = [
        {
            "name": report.name,
            "layout": report.layout,
            "labels": report.labels,
            "photographs": report.photographs,
            "patients": report.patients,
            "grades": report.grades,
            "qualities": report.qualities,
            "unlabelled": report.unlabelled,
            "csv_files_not_used": report.unused,
            "warnings": report.warnings,
            "left_out": _counts(report.findings),
        }
        for report in reports
    ]
    content = {"datasets": figures, "left_out_while_decoding": _counts(decoding)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REPORT_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        with (folder / FINDINGS_FILE).open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            writer.writerow(("dataset", "kind", "where", "what"))
            for report in reports:
                writer.writerows((report.name, f.kind, f.where, f.what) for f in report.findings)
            writer.writerows(("", f.kind, f.where, f.what) for f in decoding)
    except OSError as error:
        raise DatasetError(
            f"The report on the data sets cannot be written to {folder}. {reason_of(error)}"
        ) from error


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    kinds = [finding.kind for finding in findings]
    return {kind.value: kinds.count(kind) for kind in Kind if kind in kinds}
