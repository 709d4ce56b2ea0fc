"""A labels file, read whole: its columns, its rows, its hash."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from drscreen.domain.errors import DatasetError
from drscreen.training.datasets.layouts import Layout, normalised, recognise


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
    def layout(self) -> Layout | None:
        """What its columns say it is."""
        return recognise(self.columns)


def read_labels_file(path: Path) -> LabelsFile:
    """Read a csv with a header; commas, or the semicolons of a European spreadsheet.

    Raises `DatasetError` where it cannot be read or is no text.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
        header = text.partition("\n")[0]
        delimiter = ";" if header.count(";") > header.count(",") else ","
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        columns = [normalised(name) for name in next(reader, [])]
        rows = []
        for line in reader:
            cells = {c: cell.strip() for c, cell in zip(columns, line, strict=False) if c}
            if any(cells.values()):
                # Short lines end early in spreadsheets' exports: what is missing is empty.
                rows.append((reader.line_num, dict.fromkeys(filter(None, columns), "") | cells))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"The labels file {path} cannot be read as csv in UTF-8.") from error
    return LabelsFile(
        path, tuple(filter(None, columns)), tuple(rows), hashlib.sha256(data).hexdigest()
    )
