"""Verifying the whole audit chain, as fast as the database gives its rows.

A driver's cursor rather than the ORM, and no write lock: a statement reads one snapshot, and
people go on working meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from drscreen.adapters.store.anchor import AnchorDamaged
from drscreen.adapters.store.audit import CLOCKS_DIFFER, AuditChain, beginning, events, link_code
from drscreen.adapters.store.tables import AuditRow
from drscreen.domain.audit import (
    AuditFault,
    AuditHead,
    AuditKind,
    AuditProblem,
    AuditReport,
)

#: How many problems a report names; one cut in a long chain must not fill the screen.
NAMED_MAX = 100
_PAGE = 20_000
_ROWS = (
    "SELECT sequence, moment, actor, kind, subject, details, previous, mac "
    "FROM audit_events ORDER BY sequence"
)


class _Findings:
    def __init__(self) -> None:
        self.count = 0
        self.named: list[AuditProblem] = []

    def add(self, fault: AuditFault, sequence: int) -> None:
        self.count += 1
        if len(self.named) < NAMED_MAX:
            self.named.append(AuditProblem(fault, sequence))


def verify_chain(
    engine: Engine,
    chain: AuditChain,
    printed: AuditHead | None = None,
    step: Callable[[int], None] = lambda _seen: None,
) -> AuditReport:
    """Check every link, the anchor, and a head that somebody kept on paper where there is one.

    `step` hears how many links were checked. Raises `DBAPIError`, the driver's error, `OSError`.
    """
    found = _Findings()
    # Read before the chain: what is committed meanwhile is then beyond it, never behind.
    anchored = _anchored(chain, found)
    count, head, set_back = _check_links(engine, chain, found, step)
    with engine.begin() as connection, Session(connection) as session:
        for known in (anchored, printed):
            _compare(session, known, head, found)
        alarms = events(session, 0, NAMED_MAX, frozenset({AuditKind.ALARM.value}))
    return AuditReport(count, head, found.count, tuple(found.named), tuple(alarms), tuple(set_back))


def _check_links(
    engine: Engine, chain: AuditChain, found: _Findings, step: Callable[[int], None]
) -> tuple[int, AuditHead | None, list[int]]:
    last, expected, count = beginning(chain.database_id), 1, 0
    key = chain.key
    set_back: list[int] = []
    before = ""
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(_ROWS)
        while rows := cursor.fetchmany(_PAGE):
            for sequence, moment, actor, kind, subject, details, previous, mac in rows:
                if sequence != expected:
                    found.add(AuditFault.MISSING, sequence)
                code = link_code(key, previous, sequence, moment, actor, kind, subject, details)
                if code != mac:
                    found.add(AuditFault.ALTERED, sequence)
                elif previous != last and sequence == expected:
                    found.add(AuditFault.MISPLACED, sequence)
                # Written in one way, in UTC: what is earlier reads as less.
                if moment < before and _is_set_back(before, moment) and len(set_back) < NAMED_MAX:
                    set_back.append(sequence)
                last, expected, before = mac, sequence + 1, moment
            count += len(rows)
            step(count)
    return count, AuditHead(expected - 1, last.hex()) if count else None, set_back


def _is_set_back(before: str, moment: str) -> bool:
    try:
        return datetime.fromisoformat(before) - datetime.fromisoformat(moment) > CLOCKS_DIFFER
    except (ValueError, TypeError):
        return False  # edited, which its code has told


def _anchored(chain: AuditChain, found: _Findings) -> AuditHead | None:
    try:
        anchored = chain.anchor.read()
    except AnchorDamaged:
        found.add(AuditFault.ANCHOR_DAMAGED, 0)
        return None
    if anchored is None:
        found.add(AuditFault.ANCHOR_MISSING, 0)
    return anchored


def _compare(
    session: Session, known: AuditHead | None, head: AuditHead | None, found: _Findings
) -> None:
    if known is None:
        return
    if head is None or head.sequence < known.sequence:
        found.add(AuditFault.BEHIND, known.sequence)
        return
    mac = session.scalar(select(AuditRow.mac).where(AuditRow.sequence == known.sequence))
    if mac is None or not mac.hex().startswith(known.mac):
        found.add(AuditFault.REPLACED, known.sequence)
