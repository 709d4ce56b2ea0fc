"""What is asked of the outbox, said so that SQLite uses its indices."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, desc, select, union_all
from sqlalchemy.orm import Session

from drscreen.adapters.store.notice_tables import NoticeRow
from drscreen.adapters.store.tables import PatientRow
from drscreen.domain.notice import FARTHEST_DUE, NoticeState
from drscreen.domain.patient import Channel

#: Each notice with its patient's number.
WITH_NUMBER = select(NoticeRow, PatientRow.mrn).join(
    PatientRow, PatientRow.id == NoticeRow.patient_id
)
#: In so many words, so that SQLite uses the indices of what waits.
HAS_DUE = NoticeRow.due.is_not(None)
_WITH_SERVICE = (NoticeState.UNKNOWN, NoticeState.SENT)


def pending(channel: Channel) -> ColumnElement[bool]:
    """Those that wait for a channel."""
    return (NoticeRow.state == NoticeState.PENDING.value) & (NoticeRow.channel == channel.value)


def asked(notifiers: Iterable[str]) -> list[ColumnElement[bool]]:
    """Those that these notifiers have or may have, of each state by each of them."""
    return [
        (NoticeRow.state == state.value) & (NoticeRow.notifier == notifier)
        for state in _WITH_SERVICE
        for notifier in set(notifiers)
        if notifier
    ]


def longest_due(
    session: Session, now: datetime, these: Iterable[ColumnElement[bool]]
) -> NoticeRow | None:
    """Of each kind the first in its index; then what a clock that was ahead has put off."""
    kinds = list(these)
    for due in (NoticeRow.due <= now, NoticeRow.due > now + FARTHEST_DUE):
        found = [
            session.scalars(
                select(NoticeRow).where(those, due).order_by(NoticeRow.due).limit(1)
            ).one_or_none()
            for those in kinds
        ]
        first = min(filter(None, found), key=lambda row: (row.due, row.id), default=None)
        if first is not None:
            return first
    return None


def page(states: Collection[NoticeState], offset: int, limit: int) -> Select[NoticeRow, str]:
    """The newest first, with their patients' numbers; of all states where none is named."""
    newest = desc(NoticeRow.id)
    all_of_them = select(NoticeRow.id)
    if states:
        # Of each state its newest, by its index: in one query SQLite reads all or sorts all.
        each = [
            select(
                select(NoticeRow.id)
                .where(NoticeRow.state == state.value)
                .order_by(newest)
                .limit(offset + limit)
                .subquery()
            )
            for state in set(states)
        ]
        all_of_them = select(union_all(*each).subquery().c.id)
    there = all_of_them.order_by(desc("id")).offset(offset).limit(limit)
    return WITH_NUMBER.where(NoticeRow.id.in_(there)).order_by(newest)
