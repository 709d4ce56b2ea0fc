"""A survey as one page: a contact sheet by grade, and what is odd. For the user's own disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from drscreen.domain.grading import Grade
from drscreen.training.page import embedded, render
from drscreen.training.survey import Survey, Surveyed, Twins

TEMPLATE = "contact_sheet.html"
#: A grade's photographs on the sheet, evenly chosen; a page with ten thousand opens nowhere.
SHOWN_A_GRADE = 48
SHOWN_TWINS = 30


def survey_page(survey: Survey, name: str, templates: Path, notice: str) -> str:
    """The page. It holds small pictures of patients' eyes and their files' names."""
    photographs = survey.photographs
    stopped = [p for p in photographs if not p.verdict.gradable]
    content = {
        "name": name,
        "notice": notice,
        "survey": survey,
        "patients": len({p.listed.patient for p in photographs}),
        "stopped": len(stopped),
        "reasons": Counter(_words(r) for p in stopped for r in p.verdict.reasons).most_common(),
        "verdicts": _verdicts_by_label(photographs),
        "groups": {
            "camera": _by_grade(photographs, lambda p: p.camera or "(not told)"),
            "aspect": _by_grade(photographs, lambda p: p.shape),
            "pixels": _by_grade(photographs, lambda p: f"{p.width} × {p.height}", most=12),
        },
        "grade_headings": [*(str(int(grade)) for grade in Grade), "none given"],
        "sheets": _sheets(photographs),
        "twins": [_pair(twins) for twins in _gravest_first(survey.twins)[:SHOWN_TWINS]],
        "two_patients": sum(twins.two_patients for twins in survey.twins),
    }
    return render(templates, TEMPLATE, content)


def _sheets(photographs: Sequence[Surveyed]) -> list[tuple[str, int, list[dict[str, str]]]]:
    sheets = []
    for grade in (*Grade, None):
        own = [p for p in photographs if p.listed.grade is grade]
        if own:
            every = -(-len(own) // SHOWN_A_GRADE)
            title = f"Grade {int(grade)}: {grade.title}" if grade is not None else "No grade given"
            sheets.append((title, len(own), [_cell(p) for p in own[::every]]))
    return sheets


def _cell(photograph: Surveyed) -> dict[str, str]:
    verdict = photograph.verdict
    return {
        "picture": embedded(photograph.thumbnail, "image/jpeg"),
        "file": photograph.listed.place.name,
        "size": f"{photograph.width} × {photograph.height}",
        "label": photograph.listed.quality,
        "verdict": ", ".join(map(_words, verdict.reasons)),
    }


def _pair(twins: Twins) -> dict[str, object]:
    return {
        "cells": [_cell(twins.first), _cell(twins.second)],
        "patients": [twins.first.listed.patient, twins.second.listed.patient],
        "two_patients": twins.two_patients,
        "bytes_too": twins.bytes_too,
        "other_grade": twins.first.listed.grade != twins.second.listed.grade,
    }


def _gravest_first(twins: Sequence[Twins]) -> list[Twins]:
    return sorted(twins, key=lambda pair: not pair.two_patients)


def _by_grade(
    photographs: Sequence[Surveyed], key: Callable[[Surveyed], str], most: int = 20
) -> list[tuple[str, int, list[int]]]:
    """Rows of value, count and counts by grade, the commonest first, the rest as one row."""
    counts = Counter(key(p) for p in photographs)
    named = [value for value, _ in counts.most_common(most)]
    rows = []
    for value in (*named, None):
        own = [p for p in photographs if (key(p) == value if value else key(p) not in named)]
        if own:
            grades = [sum(p.listed.grade is grade for p in own) for grade in (*Grade, None)]
            rows.append((value or f"{len(counts) - len(named)} others", len(own), grades))
    return rows


def _verdicts_by_label(photographs: Sequence[Surveyed]) -> list[tuple[str, int, int]]:
    """Rows of quality label, count, and how many of them the gate stops."""
    labels = Counter(p.listed.quality for p in photographs)
    return [
        (
            label or "(none given)",
            count,
            sum(p.listed.quality == label and not p.verdict.gradable for p in photographs),
        )
        for label, count in sorted(labels.items())
    ]


def _words(reason: str) -> str:
    return str(reason).replace("_", " ")
