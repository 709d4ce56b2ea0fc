"""Labels of a data set: which photographs, of which patient, with which ICDR grade."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import Grade

#: Column names of the public data sets, tried in this order, case ignored.
FILE_COLUMNS = ("file", "image", "id_code", "image_id", "filename", "image name", "path")
GRADE_COLUMNS = (
    "icdr",
    "grade",
    "diagnosis",
    "level",
    "adjudicated_dr_grade",
    "retinopathy grade",
)
PATIENT_COLUMNS = ("patient", "patient_id")
_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"}
#: EyePACS names its files ``<patient>_left`` and ``<patient>_right``.
_EYEPACS_NAME = re.compile(r"(\d+)_(left|right)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LabelledPhotograph:
    """A photograph with its reader's grade; `quality` is the data set's own word or empty."""

    path: Path
    patient: str
    grade: Grade
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that was left out, and why. `line` counts from 1, the header included."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class LabelSet:
    """What a labels file gave."""

    photographs: tuple[LabelledPhotograph, ...]
    skipped: tuple[Skipped, ...]


def read_labels(images: Path, labels: Path) -> LabelSet:
    """Read a csv of file and grade; the photographs lie anywhere under `images`.

    Rows without a grade, with a grade outside 0 to 4 or without a file are skipped and named. The
    patient comes from its column, else from an EyePACS file name, else each photograph is its own
    patient. Raises `DatasetError` where the file has no usable columns or no usable row.
    """
    if not images.is_dir():
        raise DatasetError(f"There is no folder {images}.")
    on_disk = _files_by_name(images)
    photographs: list[LabelledPhotograph] = []
    skipped: list[Skipped] = []
    try:
        with labels.open(newline="", encoding="utf-8-sig") as handle:
            rows = csv.DictReader(handle)
            columns = {name.strip().lower(): name for name in rows.fieldnames or ()}
            file_column = _column(columns, FILE_COLUMNS, "photograph", labels)
            grade_column = _column(columns, GRADE_COLUMNS, "grade", labels)
            patient_column = next((columns[c] for c in PATIENT_COLUMNS if c in columns), None)
            quality_column = columns.get("quality")
            for row in rows:
                name = (row[file_column] or "").strip()
                path = on_disk.get(name) or on_disk.get(Path(name).stem)
                grade = _grade(row[grade_column])
                if path is None:
                    skipped.append(Skipped(rows.line_num, f"no photograph {name!r}"))
                elif grade is None:
                    skipped.append(
                        Skipped(rows.line_num, f"{row[grade_column]!r} is not a grade of 0 to 4")
                    )
                else:
                    patient = (row[patient_column] if patient_column else "") or ""
                    quality = (row[quality_column] if quality_column else "") or ""
                    photographs.append(
                        LabelledPhotograph(
                            path, patient.strip() or _patient_of(path), grade, quality.strip()
                        )
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"The labels file {labels} cannot be read.") from error
    if not photographs:
        raise DatasetError(f"No row of {labels} names a photograph under {images} with a grade.")
    return LabelSet(tuple(photographs), tuple(skipped))


def _files_by_name(images: Path) -> dict[str, Path]:
    """Photographs under a folder by name, by relative name and by stem; the first of each wins."""
    found: dict[str, Path] = {}
    for path in sorted(images.rglob("*")):
        if path.suffix.lower() in _SUFFIXES:
            for key in (path.relative_to(images).as_posix(), path.name, path.stem):
                found.setdefault(key, path)
    return found


def _column(columns: dict[str, str], names: Sequence[str], what: str, labels: Path) -> str:
    for name in names:
        if name in columns:
            return columns[name]
    raise DatasetError(f"{labels} has no {what} column; one of {', '.join(names)} is expected.")


def _grade(text: str | None) -> Grade | None:
    try:
        return Grade(int(float((text or "").strip())))
    except ValueError:
        return None


def _patient_of(path: Path) -> str:
    match = _EYEPACS_NAME.match(path.stem)
    return match.group(1) if match else path.stem
