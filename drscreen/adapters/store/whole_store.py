"""What is done with a whole open store: it is checked, and backed up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from drscreen.adapters.store.audit import AuditTrail, open_alarms
from drscreen.adapters.store.audit_check import verify_chain
from drscreen.adapters.store.backup import Source, make_backup
from drscreen.adapters.store.older_rows import hold_notices, look_after
from drscreen.adapters.store.reading import Reading
from drscreen.adapters.store.seals import Findings
from drscreen.adapters.store.shelf import Shelf
from drscreen.adapters.store.strays import put_strays_aside
from drscreen.adapters.store.unlocked import Unlocked
from drscreen.adapters.store.vault_care import check_photographs
from drscreen.adapters.store.wholeness import check_audit, check_database
from drscreen.domain.audit import (
    Alarm,
    AuditEvent,
    AuditFault,
    AuditHead,
    AuditKind,
    AuditProblem,
    AuditReport,
)
from drscreen.domain.backup import BackupCheck, BackupReport
from drscreen.domain.errors import StoreDamaged, StoreUnwritable
from drscreen.domain.integrity import Finding, IntegrityReport, Part


@dataclass(frozen=True, slots=True)
class WholeStore:
    """A store in use by `user`, who was found to be allowed the act. `reading` where it cannot be
    written; `trail` begins what is noted in a session, and `tell` hears of each alarm noted.

    Every act raises `StoreError`, `DBAPIError`.
    """

    unlocked: Unlocked
    reading: Reading | None
    trail: Callable[[Session], AuditTrail]
    now: Callable[[], datetime]
    tell: Callable[[tuple[AuditEvent, ...]], None]

    def check(self, step: Callable[[], None], backups: Path | None) -> IntegrityReport:
        """Read everything, every photograph too."""
        spare = _nowhere if backups is None else Shelf(backups).spare
        engine, is_read_only = self.unlocked.engine, self.reading is not None
        database = self.unlocked.database if self.reading is None else self.reading.database
        found = check_database(engine, database, is_read_only=is_read_only)
        found += check_audit(engine, self.unlocked.audit)
        try:
            if not found and self._look_after_rows():
                sentence = Alarm.ROWS_BEHIND.sentence
                found += [Finding(Part.RECORDS, sentence)]
            report = check_photographs(engine, self.unlocked.vault, step, spare)
            if report.unnamed:
                self._say(Alarm.PHOTOGRAPHS_UNNAMED, report.unnamed)
                found += [Finding(Part.RECORDS, Alarm.PHOTOGRAPHS_UNNAMED.sentence)]
        except (StoreDamaged, StoreUnwritable, DBAPIError, MemoryError):
            if not found:
                raise
            said = "Which photographs belong to the records cannot be read."
            return IntegrityReport(0, (), 0, findings=(*found, Finding(Part.RECORDS, said)))
        return replace(report, findings=tuple(found))

    def check_backup(self, folder: Path, *, every_byte: bool) -> BackupCheck:
        """Look at the newest backup of this store in a folder."""
        shelf = Shelf(folder, self.unlocked.audit.database_id)
        is_ahead = self._ask_backups(shelf)
        found = shelf.verify("", lambda: None, every_byte=every_byte)
        return replace(found, is_ahead=is_ahead)

    def verify_audit(self, printed: AuditHead | None, step: Callable[[int], None]) -> AuditReport:
        """Check every link of the audit chain, and every row it answers for."""
        report = verify_chain(self.unlocked.engine, self.unlocked.audit, printed, step)
        older = self._look_after_rows()
        problems = tuple(AuditProblem(AuditFault.ROWS_BEHIND, 0) for _table in older)
        return replace(
            report,
            faults=report.faults + len(problems),
            problems=report.problems + problems,
        )

    def back_up(self, folder: Path, keep: int, step: Callable[[], None]) -> BackupReport:
        """Make a backup in a folder that keeps the newest `keep`. Not where only reading."""
        self._look_after_rows()
        engine, vault = self.unlocked.engine, self.unlocked.vault
        if lost := put_strays_aside(engine, vault).lost:
            self._say(Alarm.PHOTOGRAPHS_UNNAMED, lost)
        self._ask_backups(Shelf(folder, self.unlocked.audit.database_id))
        accounts = self.unlocked.accounts
        source = Source(accounts.path.parent.resolve(), engine, vault, accounts.data_key)
        return make_backup(source, folder, keep, self.now(), step)

    def _ask_backups(self, shelf: Shelf) -> bool:
        """Whether the newest backup knows events that the records do not have; it is said then."""
        if self.reading is not None:
            return False
        with self.unlocked.looking() as session:
            known = shelf.newest_head(self.unlocked.accounts.data_key)
            behind = self.unlocked.audit.compared(session, known)
        if behind:
            self._say(Alarm.WITNESS_AHEAD, 1)
        return bool(behind)

    def _say(self, alarm: Alarm, count: int) -> None:
        """Note that the records are older than they were, and hold what is queued."""
        with Session(self.unlocked.engine, autobegin=False) as session, session.begin():
            trail = self.trail(session)
            trail.note(AuditKind.ALARM, alarm=alarm.value, found=str(count))
            hold_notices(session, self.now())
            self.tell(tuple(open_alarms(session)[-1:]))
        self.unlocked.audit.anchor.move(trail.head)

    def _look_after_rows(self) -> Findings:
        """Look for rows that are older than the audit log says, all of them; where there are any,
        say so, there too, and make them safe.
        """
        if self.reading is not None:
            return {}
        unlocked = self.unlocked
        try:
            with unlocked.looking() as session:
                if not unlocked.seals.findings(session.connection()):
                    return {}
        except (StoreDamaged, MemoryError):
            # `check` names it. Nobody may write by a connection that has met a damaged page.
            unlocked.engine.dispose()
            return {}
        with Session(unlocked.engine, autobegin=False) as session, session.begin():
            older = unlocked.seals.findings(session.connection())
            trail = self.trail(session)
            look_after(session, unlocked.seals, trail, older, self.now())
            alarm = open_alarms(session)[-1:]
        unlocked.audit.anchor.move(trail.head)
        self.tell(tuple(alarm))
        return older


def _nowhere(_name: str) -> bytes | None:
    """There is no other copy to look in."""
    return None
