"""An evaluation by data set, by quality label, and by any other column of the labels file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from drscreen.domain.errors import DatasetError
from drscreen.training.datasets.layouts import normalised
from drscreen.training.evaluation import EvaluatedPhotograph, Evaluation, evaluate
from drscreen.training.predictions import Sourced

#: The groupings that need no column of their own.
SOURCE, QUALITY = "data set", "quality"
#: A column with more values than this is a name or a measure, not a grouping.
MOST_GROUPS = 20
#: What photographs are called whose cell is empty.
EMPTY = "(none given)"

Groups = dict[str, dict[str, Evaluation]]


def check_columns(photographs: Sequence[Sourced], columns: Sequence[str]) -> list[str]:
    """Those columns as the labels files have them.

    Raises `DatasetError` where no labels file has one, or where its values are too many to be
    groups; better before photographs are screened than after.
    """
    known = {column for s in photographs for column in s.photograph.columns}
    wanted = [normalised(column) for column in columns]
    for column in wanted:
        if column not in known:
            there = ", ".join(sorted(known)) or "none, because folders are the labels"
            raise DatasetError(f"No labels file has a column {column!r}. Columns: {there}.")
        values = {_cell(column)(s) for s in photographs}
        if len(values) > MOST_GROUPS:
            raise DatasetError(
                f"The column {column!r} has {len(values)} different values; groups are made of "
                f"{MOST_GROUPS} at most."
            )
    return wanted


def evaluate_groups(
    rows: Sequence[EvaluatedPhotograph], photographs: Sequence[Sourced], columns: Sequence[str]
) -> Groups:
    """Evaluations by the values of each column, and by data set and quality where they differ.

    `photographs` belong to `rows`, one for one; `columns` as `check_columns` gave them.
    """
    keys: dict[str, Callable[[Sourced], str]] = {
        SOURCE: lambda s: s.source,
        QUALITY: lambda s: s.photograph.quality or EMPTY,
    }
    found = {name: _by(key, rows, photographs) for name, key in keys.items()}
    groups = {name: parts for name, parts in found.items() if len(parts) > 1}
    return groups | {column: _by(_cell(column), rows, photographs) for column in columns}


def _cell(column: str) -> Callable[[Sourced], str]:
    return lambda s: s.photograph.columns.get(column, "") or EMPTY


def _by(
    key: Callable[[Sourced], str],
    rows: Sequence[EvaluatedPhotograph],
    photographs: Sequence[Sourced],
) -> dict[str, Evaluation]:
    parts: dict[str, list[EvaluatedPhotograph]] = defaultdict(list)
    for row, sourced in zip(rows, photographs, strict=True):
        parts[key(sourced)].append(row)
    return {name: evaluate(parts[name]) for name in sorted(parts)}
