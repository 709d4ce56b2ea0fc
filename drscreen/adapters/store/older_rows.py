"""Rows that are older than the audit log says: put right where the log tells how, else made safe.

A row of before may hold a role that was taken away, a consent that was withdrawn, a patient who was
erased. What it says is taken from the log (accounts), or counts for nothing until a person decides
anew (consents of patients and to networks, chosen plugins, notices, the idle lock). All of it is
said (`Alarm.ROWS_BEHIND`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import case, delete, func, select, text, update
from sqlalchemy.orm import Session

from drscreen.adapters.store import notice_settings
from drscreen.adapters.store.audit import AuditTrail
from drscreen.adapters.store.erasure import erase
from drscreen.adapters.store.notice_tables import (
    NoticeRow,
    NoticeSettingRow,
    NoticeTextRow,
    OptOutRow,
)
from drscreen.adapters.store.seals import Findings, RowSeals, rows_of
from drscreen.adapters.store.tables import (
    AuditRow,
    ClinicRow,
    NetworkConsentRow,
    PatientRow,
    SealRow,
    UserRow,
)
from drscreen.domain.audit import Alarm, AuditKind
from drscreen.domain.notice import NoticeState, Reason
from drscreen.domain.patient import Channel

#: Minutes; what a new clinic begins with.
_IDLE_MINUTES = 10
_WHO_IS_WRITTEN_TO = {table.__tablename__ for table in (NoticeSettingRow, NoticeTextRow, OptOutRow)}


def look_after(
    session: Session, seals: RowSeals, trail: AuditTrail, found: Findings, now: datetime
) -> None:
    """Say what was found, make it safe, hold the notices and seal all anew, within the caller's
    transaction.
    """
    tables = " ".join(sorted(found))
    trail.note(AuditKind.ALARM, alarm=Alarm.ROWS_BEHIND.value, tables=tables)
    for table in found:
        # The sums do not agree with the log either where an older page of its index hides events.
        indexed = AuditRow if table == SealRow.__tablename__ else None
        session.execute(text(f"REINDEX {indexed.__tablename__ if indexed else table}"))
    if UserRow.__tablename__ in found:
        _accounts_by_the_log(session)
    for bucket in found.get(PatientRow.__tablename__, ()):
        _patients_by_the_log(session, trail, rows_of(bucket))
    if ClinicRow.__tablename__ in found:
        session.scalars(select(ClinicRow)).one().idle_minutes = _IDLE_MINUTES
    if NetworkConsentRow.__tablename__ in found:
        session.execute(delete(NetworkConsentRow))
    if NoticeSettingRow.__tablename__ in found:
        # A choice that was taken back may have come back.
        for package in notice_settings.plugin_choices(session):
            notice_settings.revoke_plugin(session, trail, package)
    if _WHO_IS_WRITTEN_TO & found.keys():
        # Whether anybody may be written to is not known: an administrator looks, and says so.
        policy = notice_settings.policy(session)
        notice_settings.set_policy(session, trail, replace(policy, on=False))
    hold_notices(session, now)
    session.flush()
    seals.seal_all(session.connection())


def hold_notices(session: Session, now: datetime, reason: Reason = Reason.RECORDS_OLDER) -> int:
    """The records are older than they were, so whatever is queued may have been sent since: nothing
    of it is sent before its service was asked, or a person decided. How many there are.

    Of records that were moved, a person decides: another copy may send later than a service says
    that it has nothing.
    """
    queued = (NoticeState.PENDING.value, NoticeState.SENDING.value)
    # An earlier attempt's message must not be taken for the one that is asked about.
    earlier = case(
        (NoticeRow.reference == "", NoticeRow.former),
        (NoticeRow.former == "", NoticeRow.reference),
        else_=NoticeRow.former + "\n" + NoticeRow.reference,
    )
    held = session.scalars(
        update(NoticeRow)
        .where(NoticeRow.state.in_(queued))
        .values(
            state=NoticeState.UNKNOWN.value,
            reason=reason.value,
            sentence=reason.sentence,
            former=earlier,
            reference="",
            due=None if reason is Reason.RECORDS_MOVED else now,
            changed=now,
        )
        .returning(NoticeRow.id)
    )
    return len(held.all())


def entrust(session: Session, now: datetime, senders: Mapping[Channel, str]) -> int:
    """Let each channel's notifier be asked about what nobody is known to have; how many."""
    count = 0
    for channel, notifier in senders.items():
        asked = session.scalars(
            update(NoticeRow)
            .where(
                NoticeRow.state == NoticeState.UNKNOWN.value,
                NoticeRow.notifier == "",
                NoticeRow.channel == channel.value,
                NoticeRow.due.is_not(None),
            )
            .values(notifier=notifier, due=now)
            .returning(NoticeRow.id)
        )
        count += len(asked.all())
    return count


def _accounts_by_the_log(session: Session) -> None:
    """Role and removal as the newest events say; an account from before the log keeps its own."""
    for row in session.scalars(select(UserRow)).all():
        removed = _newest(session, row.name, AuditKind.USER_REMOVED)
        if removed is not None:
            row.removed = datetime.fromisoformat(removed.moment)
        given = _newest(session, row.name, AuditKind.USER_ADDED, AuditKind.ROLE_CHANGED)
        role = None if given is None else json.loads(given.details).get("role")
        if role is not None:
            row.role = role


def _patients_by_the_log(session: Session, trail: AuditTrail, ids: range) -> None:
    """The version counts a patient's changes, and so does the log."""
    here = select(PatientRow).where(PatientRow.id.in_(ids))
    for row in session.scalars(here).all():
        if _newest(session, row.pseudonym, AuditKind.ERASED) is not None:
            erase(session, row.id)
            session.expunge(row)
            continue
        changes = session.scalar(
            select(func.count())
            .select_from(AuditRow)
            .where(AuditRow.subject == row.pseudonym, AuditRow.kind == AuditKind.CHANGED.value)
        )
        if row.version <= (changes or 0):
            row.consent_sms = row.consent_email = False
            row.version = (changes or 0) + 2
            session.flush()
            trail.note(AuditKind.CHANGED, row.pseudonym, fields="consent")


def _newest(session: Session, subject: str, *kinds: AuditKind) -> AuditRow | None:
    return session.scalars(
        select(AuditRow)
        .where(AuditRow.subject == subject, AuditRow.kind.in_([kind.value for kind in kinds]))
        .order_by(AuditRow.sequence.desc())
        .limit(1)
    ).one_or_none()
