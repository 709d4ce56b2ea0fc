"""Finding patients by what somebody types: any part of number or names, case and accents aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, desc, false, func, select
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.folding import folded
from drscreen.adapters.store.tables import ExamRow, GradingRow, PatientRow, PhotographRow
from drscreen.domain.image import Laterality
from drscreen.domain.patient import PatientSummary
from drscreen.domain.referral import Decision, exam_outcome

#: SQLite's expressions are at most 1000 deep. No number with names has this many words.
WORDS_MAX = 250


def page(session: Session, text: str, offset: int, limit: int) -> list[PatientSummary]:
    """A page of the patients that match, in two queries.

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
    query = (
        select(PatientRow, wanted.c.last_exam, photographs)
        .join(wanted, wanted.c.id == PatientRow.id)
        .order_by(desc(wanted.c.last_exam), PatientRow.mrn)
    )
    found = session.execute(query).all()
    findings = _newest_findings(session, [row.id for row, _day, _count in found])
    return [
        PatientSummary(
            patient=rows.patient_of(row),
            photographs=count,
            last_exam=day,
            last_outcome=exam_outcome(findings[row.id]) if row.id in findings else None,
        )
        for row, day, count in found
    ]


def _newest_findings(
    session: Session, patient_ids: Sequence[int]
) -> dict[int, list[tuple[Laterality, Decision]]]:
    """Eye and decision of every photograph in the newest exam of each of these patients."""
    newest = (
        select(ExamRow.patient_id, func.max(ExamRow.day).label("day"))
        .where(ExamRow.patient_id.in_(patient_ids))
        .group_by(ExamRow.patient_id)
        .subquery()
    )
    query = (
        select(ExamRow.patient_id, PhotographRow.eye, GradingRow.decision)
        .join(newest, (newest.c.patient_id == ExamRow.patient_id) & (newest.c.day == ExamRow.day))
        .join(PhotographRow, PhotographRow.exam_id == ExamRow.id)
        .join(GradingRow, GradingRow.photograph_id == PhotographRow.id)
    )
    findings: dict[int, list[tuple[Laterality, Decision]]] = defaultdict(list)
    for patient_id, eye, decision in session.execute(query):
        findings[patient_id].append((Laterality(eye), Decision(decision)))
    return findings


def count_matching(session: Session, text: str) -> int:
    """How many patients match."""
    return session.scalar(select(func.count(PatientRow.id)).where(*_conditions(text))) or 0


def _conditions(text: str) -> Sequence[ColumnElement[bool]]:
    words = sorted(set(folded(text).split()))
    if len(words) > WORDS_MAX:
        return [false()]
    # instr, not LIKE: nothing a person types is a wildcard.
    return [func.instr(PatientRow.search, word) > 0 for word in words]
