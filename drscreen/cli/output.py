"""Results as JSON lines and as a table. The JSON keys are a contract with people's scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from drscreen.cli.visible import visible
from drscreen.domain.errors import DrscreenError
from drscreen.domain.grading import Grade
from drscreen.domain.screening import ScreeningResult

NOTICE = "Research use, not a cleared medical device. A clinician confirms every result."
_RESULT_KEYS = (
    "sha256",
    "width",
    "height",
    "quality",
    "grade",
    "probabilities",
    "referable",
    "referable_probability",
    "vision_threatening_probability",
    "decision",
    "model",
    "seconds",
)


def result_object(result: ScreeningResult) -> dict[str, Any]:
    """One screened photograph. What does not apply is None."""
    grading = result.grading
    return {
        "path": str(result.path),
        "sha256": result.sha256,
        "width": result.width,
        "height": result.height,
        "quality": {
            "gradable": result.quality.gradable,
            "score": result.quality.score,
            "reasons": [str(reason) for reason in result.quality.reasons],
        },
        "grade": int(grading.grade) if grading else None,
        "probabilities": list(grading.probabilities) if grading else None,
        "referable": grading.referable if grading else None,
        "referable_probability": grading.referable_probability if grading else None,
        "vision_threatening_probability": (
            grading.vision_threatening_probability if grading else None
        ),
        "decision": str(result.decision),
        "model": result.model.as_json(),
        "seconds": {
            "decode": result.seconds.decode,
            "quality": result.seconds.quality,
            "predict": result.seconds.predict,
            "total": result.seconds.total,
        },
        "error": None,
    }


def error_object(path: Path, error: DrscreenError) -> dict[str, Any]:
    """A photograph that could not be screened: the same keys, all None but path and error."""
    return {
        "path": str(path),
        **dict.fromkeys(_RESULT_KEYS),
        "error": {"code": error.code, "message": error.message},
    }


def print_json_line(entry: dict[str, Any]) -> None:
    """One object, one line, flushed, so that a pipe sees each result as it comes."""
    print(json.dumps(entry, allow_nan=False), flush=True)


class DataTable(Table):
    """A table for a person, whose every text is shown as it is: none of it is markup, and none of
    it acts on the terminal.
    """

    def __init__(self, *headings: str, title: str = "", caption: str = "") -> None:
        super().__init__(
            title=_as_it_is(title) if title else None,
            caption=_as_it_is(caption) if caption else None,
        )
        for heading in headings:
            self.column(heading)

    def column(self, heading: str, *, right: bool = False, whole: int = 0) -> None:
        """Add a column; `right` for figures, `whole` for what is never broken into lines, with how
        wide it is at least.
        """
        self.add_column(
            _as_it_is(heading),
            justify="right" if right else "left",
            no_wrap=bool(whole),
            min_width=whole or None,
        )

    def row(self, *cells: str) -> None:
        """Add a row."""
        self.add_row(*map(_as_it_is, cells))


def _as_it_is(text: str) -> Text:
    return Text(visible(text))


def outcome_table(outcomes: Sequence[tuple[Path, ScreeningResult | DrscreenError]]) -> DataTable:
    """For a person: a row a photograph."""
    networks = {o.model.title: None for _, o in outcomes if isinstance(o, ScreeningResult)}
    table = DataTable(caption=" ".join([*(f"Network: {n}." for n in networks), NOTICE]))
    for heading in ("photograph", "result", "referable", "decision"):
        table.column(heading, right=heading == "referable")
    for path, outcome in outcomes:
        if isinstance(outcome, DrscreenError):
            table.row(path.name, f"{outcome.message} {outcome.advice}", "", "not screened")
        elif outcome.grading is None:
            reasons = ", ".join(str(r).replace("_", " ") for r in outcome.quality.reasons)
            table.row(path.name, f"not gradable: {reasons}", "", words(outcome.decision))
        else:
            grade = Grade(outcome.grading.grade)
            table.row(
                path.name,
                f"{int(grade)} {grade.title}",
                f"{outcome.grading.referable_probability:.2f}",
                words(outcome.decision),
            )
    return table


def words(code: str) -> str:
    """A stable code as words: ``refer_urgent`` reads "refer urgent"."""
    return str(code).replace("_", " ")


def print_table(table: DataTable) -> None:
    """To standard output, as wide as the terminal, or 100 columns where there is none."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=100)
    console.print(table)
