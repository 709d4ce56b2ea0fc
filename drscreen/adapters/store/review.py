"""The exams that wait for a clinician: the worst first, of those the newest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, desc, select, text
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.tables import ExamRow, GradingRow, PatientRow, PhotographRow
from drscreen.domain.image import Laterality
from drscreen.domain.patient import ExamToReview
from drscreen.domain.referral import Decision, Outcome, exam_outcome

#: What `exams.urgency` holds; a higher number is looked at first.
_LEAST_FIRST = (
    Outcome.NO_REFERRAL,
    Outcome.INCOMPLETE,
    Outcome.HUMAN_REVIEW,
    Outcome.REFER,
    Outcome.REFER_URGENT,
)


def urgency(findings: Iterable[tuple[Laterality, Decision]]) -> int:
    """How soon an exam with these photographs should be looked at."""
    return _LEAST_FIRST.index(exam_outcome(findings))


def queue(session: Session, offset: int, limit: int) -> list[ExamToReview]:
    """A page of the exams that nobody has reviewed since their last photograph."""
    found = session.execute(
        select(
            *PatientRow.__table__.columns,
            ExamRow.uuid.label("exam"),
            ExamRow.day.label("day"),
            ExamRow.urgency.label("urgency"),
        )
        .join(ExamRow, PatientRow.id == ExamRow.patient_id)
        .where(ExamRow.reviewed.is_(None))
        .order_by(desc(ExamRow.urgency), desc(ExamRow.day), desc(ExamRow.id))
        .offset(offset)
        .limit(limit)
    )
    return [
        ExamToReview(row.exam, rows.patient_of(row), row.day, _LEAST_FIRST[row.urgency])
        for row in found
    ]


def photograph_added(session: Session, exam: ExamRow) -> None:
    """An exam has one photograph more: judge its urgency anew; it wants to be reviewed again."""
    findings = session.execute(
        select(PhotographRow.eye, GradingRow.decision)
        .join(GradingRow, GradingRow.photograph_id == PhotographRow.id)
        .where(PhotographRow.exam_id == exam.id)
    )
    exam.urgency = urgency((Laterality(eye), Decision(decision)) for eye, decision in findings)
    exam.reviewed = None


def mark_reviewed(session: Session, exam_id: str, moment: datetime) -> str | None:
    """Take an exam out of the queue; the patient's pseudonym, or None where it is not in it."""
    found = session.execute(
        select(ExamRow, PatientRow.pseudonym)
        .join(PatientRow, PatientRow.id == ExamRow.patient_id)
        .where(ExamRow.uuid == exam_id, ExamRow.reviewed.is_(None))
    ).one_or_none()
    if found is None:
        return None
    found.ExamRow.reviewed = moment
    return str(found.pseudonym)


def refresh_urgency(connection: Connection) -> None:
    """Of every exam, as a migration needs it."""
    findings = connection.execute(
        text(
            "SELECT p.exam_id, p.eye, g.decision FROM photographs p "
            "JOIN gradings g ON g.photograph_id = p.id ORDER BY p.exam_id"
        )
    ).all()
    found = [
        {"id": exam, "u": urgency((Laterality(row.eye), Decision(row.decision)) for row in group)}
        for exam, group in groupby(findings, key=lambda row: row.exam_id)
    ]
    if found:
        connection.execute(text("UPDATE exams SET urgency = :u WHERE id = :id"), found)
