"""Erasing a patient: every row, and with the rows the keys of the photographs and what was written
to the patient.
"""

from __future__ import annotations

from sqlalchemy import delete, exists, select, text
from sqlalchemy.orm import Session, aliased

from drscreen.adapters.store.notice_tables import NoticeRow, OptOutRow
from drscreen.adapters.store.tables import ExamRow, GradingRow, PatientRow, PhotographRow

_GUARD = "gradings_no_delete"


def erase(session: Session, patient_id: int) -> list[str]:
    """Within the caller's transaction; returns the names of the vault's files.

    The trigger that refuses to remove a grading is taken away and put back in the same
    transaction, so that no other program ever sees the database without it. What is removed is
    overwritten with zeros (PRAGMA secure_delete, `engine`).
    """
    exams = select(ExamRow.id).where(ExamRow.patient_id == patient_id)
    photographs = select(PhotographRow.id).where(PhotographRow.exam_id.in_(exams))
    names = list(
        session.scalars(select(PhotographRow.vault_name).where(PhotographRow.exam_id.in_(exams)))
    )
    guard = session.scalar(
        text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name"),
        {"name": _GUARD},
    )
    session.execute(text(f"DROP TRIGGER {_GUARD}"))
    mine, others = aliased(NoticeRow), aliased(NoticeRow)
    written_to = exists().where(
        mine.patient_id == patient_id,
        mine.address == OptOutRow.address,
        mine.channel == OptOutRow.channel,
    )
    shared = exists().where(
        others.patient_id != patient_id,
        others.address == OptOutRow.address,
        others.channel == OptOutRow.channel,
    )
    for statement in (
        # Somebody else's wish stays: the address of a family, or of a caretaker.
        delete(OptOutRow).where(written_to, ~shared),
        delete(NoticeRow).where(NoticeRow.patient_id == patient_id),
        delete(GradingRow).where(GradingRow.photograph_id.in_(photographs)),
        delete(PhotographRow).where(PhotographRow.exam_id.in_(exams)),
        delete(ExamRow).where(ExamRow.patient_id == patient_id),
        delete(PatientRow).where(PatientRow.id == patient_id),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})
    session.execute(text(str(guard)))
    return names
