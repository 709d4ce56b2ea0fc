"""Results as JSON lines and as a table. The JSON keys are a contract with people's scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

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
        "model": {
            "name": result.model.name,
            "version": result.model.version,
            "sha256": result.model.sha256,
        },
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


def outcome_table(outcomes: Sequence[tuple[Path, ScreeningResult | DrscreenError]]) -> Table:
    """For a person: a row a photograph."""
    table = Table(caption=NOTICE)
    for heading in ("photograph", "result", "referable", "decision"):
        table.add_column(heading, justify="right" if heading == "referable" else "left")
    for path, outcome in outcomes:
        if isinstance(outcome, DrscreenError):
            table.add_row(path.name, f"{outcome.message} {outcome.advice}", "", "not screened")
        elif outcome.grading is None:
            reasons = ", ".join(str(r).replace("_", " ") for r in outcome.quality.reasons)
            table.add_row(path.name, f"not gradable: {reasons}", "", words(outcome.decision))
        else:
            grade = Grade(outcome.grading.grade)
            table.add_row(
                path.name,
                f"{int(grade)} {grade.title}",
                f"{outcome.grading.referable_probability:.2f}",
                words(outcome.decision),
            )
    return table


def words(code: str) -> str:
    """A stable code as words: ``refer_urgent`` reads "refer urgent"."""
    return str(code).replace("_", " ")


def print_table(table: Table) -> None:
    """To standard output, as wide as the terminal, or 100 columns where there is none."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=100)
    console.print(table)
