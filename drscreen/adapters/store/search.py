"""Finding patients by what somebody types: any part of number or names, case and accents aside."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, desc, false, func, select
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.folding import folded
from drscreen.adapters.store.tables import ExamRow, GradingRow, PatientRow, PhotographRow
from drscreen.domain.patient import PatientSummary

#: SQLite's expressions are at most 1000 deep. No number with names has this many words.
WORDS_MAX = 250


def page(session: Session, text: str, offset: int, limit: int) -> list[PatientSummary]:
    """A page of the patients that match, in one query.

    Newest exam first, then by number; patients without an exam come last.
    """
    last_exam = func.max(ExamRow.day).label("last_exam")
    wanted = (
        select(PatientRow.id.label("id"), last_exam)
        .outerjoin(ExamRow, ExamRow.patient_id == PatientRow.id)
        .where(*_conditions(text))
        .group_by(PatientRow.id)
        .order_by(desc(last_exam), PatientRow.mrn)
        .offset(offset)
        .limit(limit)
        .subquery()
    )
    # Counted for the rows of the page alone, not for every patient that matches.
    photographs = (
        select(func.count(PhotographRow.id))
        .join(ExamRow, PhotographRow.exam_id == ExamRow.id)
        .where(ExamRow.patient_id == wanted.c.id)
        .scalar_subquery()
    )
    decision = (
        select(GradingRow.decision)
        .join(PhotographRow, GradingRow.photograph_id == PhotographRow.id)
        .join(ExamRow, PhotographRow.exam_id == ExamRow.id)
        .where(ExamRow.patient_id == wanted.c.id)
        .order_by(desc(PhotographRow.taken), desc(PhotographRow.id))
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(PatientRow, wanted.c.last_exam, photographs, decision)
        .join(wanted, wanted.c.id == PatientRow.id)
        .order_by(desc(wanted.c.last_exam), PatientRow.mrn)
    )
    return [
        PatientSummary(
            patient=rows.patient_of(row),
            photographs=count,
            last_exam=day,
            last_decision=rows.decision_of(code),
        )
        for row, day, count, code in session.execute(query)
    ]


def count_matching(session: Session, text: str) -> int:
    """How many patients match."""
    return session.scalar(select(func.count(PatientRow.id)).where(*_conditions(text))) or 0


def _conditions(text: str) -> Sequence[ColumnElement[bool]]:
    words = sorted(set(folded(text).split()))
    if len(words) > WORDS_MAX:
        return [false()]
    # instr, not LIKE: nothing a person types is a wildcard.
    return [func.instr(PatientRow.search, word) > 0 for word in words]
