"""A labels file, read whole: its columns, its rows, its hash."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from drscreen.domain.errors import DatasetError, TextUnreadable
from drscreen.domain.errors.disk import reason_of
from drscreen.domain.text_file import text_of
from drscreen.training.datasets.layouts import (
    FILE_COLUMNS,
    READ_COLUMNS,
    Layout,
    normalised,
    recognise,
)
from drscreen.training.datasets.scales import scale_by_columns

#: Where several part a header equally well, the first does.
_DELIMITERS = (",", ";", "\t", "|")
#: What spreadsheets write first to tell themselves the delimiter.
_SEPARATOR = re.compile(r'"?sep=(.|\\t)"?', re.IGNORECASE)
#: A line of these alone is blank: an empty row of a spreadsheet.
_NOTHING = " ,;|\t\u00a0"


@dataclass(frozen=True, slots=True)
class LabelsFile:
    """`rows` pairs each line's number (the header is line 1) with its cells by normalised column.

    Columns without a name and lines without content are left out.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    sha256: str

    @property
    def scale(self) -> str:
        """What it grades by, where that is plainly not ICDR's scale; else empty."""
        return scale_by_columns(self.columns, self._names)

    @property
    def layout(self) -> Layout | None:
        """What its columns, and the names in it, say it is."""
        return None if self.scale else recognise(self.columns, self._names)

    @property
    def _names(self) -> list[str]:
        column = next((c for c in FILE_COLUMNS if c in self.columns), "")
        return [cells[column] for _line, cells in self.rows] if column else []


def read_labels_file(path: Path) -> LabelsFile:
    """Read a csv with a header, in whatever way spreadsheets write one: commas, semicolons or tabs,
    ``sep=;`` in front, blank lines first, UTF-8 or UTF-16 with a mark.

    Raises `DatasetError` where it cannot be read, and where two columns that layouts read have one
    name.
    """
    try:
        data = path.read_bytes()
        text = text_of(data, f"The labels file {path}")
        columns, rows = _table(text)
    except OSError as error:
        raise DatasetError(f"The labels file {path} cannot be read. {reason_of(error)}") from error
    except TextUnreadable as error:
        raise DatasetError(error.message) from error
    except csv.Error as error:
        raise DatasetError(f"The labels file {path} cannot be read as csv.") from error
    twice = {column for column in READ_COLUMNS if columns.count(column) > 1}
    if twice:
        raise DatasetError(f"The labels file {path} has two columns called {min(twice)}.")
    return LabelsFile(
        path, tuple(filter(None, columns)), tuple(rows), hashlib.sha256(data).hexdigest()
    )


def _table(text: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header's columns, and each line's number with its cells. Raises `csv.Error`."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip(_NOTHING)), len(lines))
    told = _SEPARATOR.fullmatch("".join(lines[first : first + 1]).strip(" "))
    if told:
        first = next((n for n in range(first + 1, len(lines)) if lines[n].strip(_NOTHING)), first)
    header = "".join(lines[first : first + 1])
    delimiter = (
        told.group(1).replace("\\t", "\t")
        if told
        else max(_DELIMITERS, key=lambda d: _fit(header, d))
    )
    reader = csv.reader(io.StringIO("\n".join(lines[first:]), newline=""), delimiter=delimiter)
    columns = _columns(next(reader, []))
    rows = []
    for line in reader:
        cells = {c: cell.strip() for c, cell in zip(columns, line, strict=False) if c}
        if any(cells.values()):
            # Short lines end early in spreadsheets' exports: what is missing is empty.
            row = dict.fromkeys(filter(None, columns), "") | cells
            rows.append((first + reader.line_num, row))
    return columns, rows


def _fit(header: str, delimiter: str) -> tuple[bool, int]:
    """How well a delimiter parts a header: into the columns of a layout, and into how many."""
    columns = _columns(next(csv.reader([header], delimiter=delimiter), []))
    return recognise(filter(None, columns)) is not None, len(columns)


def _columns(header: list[str]) -> list[str]:
    return [normalised(name) for name in header]
