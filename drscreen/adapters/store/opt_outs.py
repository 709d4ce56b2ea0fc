"""Who wants no more messages, inside a transaction: by address, whoever's records have it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from drscreen.adapters.store.audit import AuditTrail
from drscreen.adapters.store.notice_tables import NoticeRow, OptOutRow
from drscreen.adapters.store.tables import PatientRow
from drscreen.domain.audit import AuditKind
from drscreen.domain.patient import Channel


def since(session: Session, channel: Channel, address: str) -> datetime | None:
    """When somebody at that address asked for no more messages; None where nobody did."""
    row = session.get(OptOutRow, (channel.value, address))
    return None if row is None else row.moment


def record(
    session: Session, audit: AuditTrail, channel: Channel, address: str, moment: datetime
) -> None:
    """Keep that, and withdraw the consent of whoever has that address in a notice."""
    if since(session, channel, address) is None:
        session.execute(
            insert(OptOutRow).values(channel=channel.value, address=address, moment=moment)
        )
    consent = f"consent_{channel.value}"
    patients = session.scalars(
        select(PatientRow).where(
            PatientRow.id.in_(_written_to(channel, address)),
            getattr(PatientRow, consent).is_(True),
        )
    )
    for patient in patients.all():
        setattr(patient, consent, False)
        patient.version += 1
        patient.changed = moment
        session.flush()
        audit.note(AuditKind.CHANGED, patient.pseudonym, fields="consent")


def forget(session: Session, channel: Channel, address: str) -> None:
    """The person asked for messages again."""
    row = session.get(OptOutRow, (channel.value, address))
    if row is not None:
        session.delete(row)
        session.flush()


def patients_at(session: Session, channel: Channel, address: str) -> int:
    """How many patients were written to there."""
    whose = _written_to(channel, address).subquery()
    return session.scalar(select(func.count()).select_from(whose)) or 0


def _written_to(channel: Channel, address: str) -> Select[int]:
    return (
        select(NoticeRow.patient_id)
        .where(NoticeRow.address == address, NoticeRow.channel == channel.value)
        .distinct()
    )
