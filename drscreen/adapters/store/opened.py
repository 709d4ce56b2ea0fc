"""A store unlocked by a user."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.accounts import Accounts, account_row
from drscreen.adapters.store.audit import AuditChain, AuditTrail, head_of, open_alarms
from drscreen.adapters.store.audit_check import verify_chain
from drscreen.adapters.store.backup import Source, make_backup
from drscreen.adapters.store.door import Door
from drscreen.adapters.store.engine import NOT_WAITING, READING, checkpoint, open_engine
from drscreen.adapters.store.faults import database_errors, disk_errors, from_database
from drscreen.adapters.store.key_change import change_key, finish, forget_old_key
from drscreen.adapters.store.keys import DataKey, account_key
from drscreen.adapters.store.older_rows import hold_notices, look_after
from drscreen.adapters.store.reading import Reading, ReadingTrail
from drscreen.adapters.store.records import SqlRecords
from drscreen.adapters.store.seals import Findings, RowSeals
from drscreen.adapters.store.shelf import Shelf
from drscreen.adapters.store.strays import put_strays_aside
from drscreen.adapters.store.tables import ClinicRow, UserRow
from drscreen.adapters.store.upgrade_copies import UpgradeCopies
from drscreen.adapters.store.vault import Vault
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
from drscreen.domain.errors import (
    AccountRemoved,
    KeyChangeRefused,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnwritable,
)
from drscreen.domain.integrity import Finding, IntegrityReport, Part
from drscreen.domain.permissions import Action, require
from drscreen.domain.sign_in import Proof
from drscreen.domain.users import Role, User


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What holds key material; forgotten as one when the store is closed."""

    engine: Engine
    vault: Vault
    accounts: Accounts
    audit: AuditChain
    seals: RowSeals

    @property
    def database(self) -> Path:
        """Where the encrypted database lies."""
        return self.accounts.path.with_name("records.db")


class SqlCipherOpenStore:
    """`drscreen.domain.ports.OpenStore`. Threads may share it."""

    def __init__(
        self,
        unlocked: Unlocked,
        user: User,
        clinic: str,
        now: Callable[[], datetime],
        alarms: tuple[AuditEvent, ...] = (),
        *,
        door: Door,
        reading: Reading | None = None,
    ) -> None:
        """`reading` where the records cannot be written."""
        self._door = door
        self._reading = reading
        self._unlocked: Unlocked | None = unlocked
        self._user = user
        self._clinic = clinic
        self._now = now
        self._alarms = alarms
        self._guard = threading.Lock()
        self._running = 0
        self._closing = False

    @property
    def user(self) -> User:
        """Who unlocked it."""
        return self._user

    @property
    def clinic(self) -> str:
        """The clinic's name."""
        return self._clinic

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be saved; see the port."""
        return self._reading is not None

    @property
    def alarms(self) -> tuple[AuditEvent, ...]:
        """What must be said loudly; see the port."""
        return self._alarms

    def require(self, action: Action) -> None:
        """Raise where the account may not do that now; see the port. Takes no lock."""
        with self._in_use() as unlocked:
            self._judge(unlocked, action)

    def reenter(self, action: Action, password: str) -> Proof:
        """The password once more, for one act; see the port."""
        with self._in_use() as unlocked, disk_errors():
            self._judge(unlocked, action)
            return self._door.proof(
                action,
                self._user.name,
                self._now(),
                lambda: self._is_password(unlocked, password),
                lambda: self._tell_wrong_password(action),
            )

    def _is_password(self, unlocked: Unlocked, password: str) -> bool:
        with self._looking(unlocked) as session:
            return unlocked.accounts.is_password(session, self._user.name, password)

    def _tell_wrong_password(self, action: Action) -> None:
        with self.transaction(Action.SEE_OWN_SESSION) as records:
            records.note(AuditKind.SIGN_IN_FAILED, details={"again": action.name.lower()})

    @contextmanager
    def transaction(self, action: Action, proof: Proof | None = None) -> Iterator[SqlRecords]:
        """All or nothing; see the port. Takes the write lock at once, and waits up to
        `engine.BUSY_TIMEOUT_MS` for it. Raises `StoreError` where the store is closed.
        """
        with self._in_use() as unlocked:
            # The error is translated outermost: undo and rollback come before it leaves here.
            with (
                database_errors(),
                self._refused(),
                Session(unlocked.engine, autobegin=False) as session,
            ):
                session.begin()
                session.connection()
                self._check_account(session, unlocked.seals, action)
                self._door.check(action, proof)
                trail = self._trail(unlocked, session)
                with ExitStack() as undo:
                    records = SqlRecords(
                        session,
                        vault=unlocked.vault,
                        accounts=unlocked.accounts,
                        user=self._user,
                        now=self._now,
                        undo=undo,
                        audit=trail,
                        seals=unlocked.seals,
                    )
                    before = _changes(session)
                    yield records
                    unlocked.accounts.record(session)
                    only_looked = _changes(session) - before == trail.looked
                    if not _commit(session, undo, only_looked=only_looked):
                        return
            if trail.head is not None:
                unlocked.audit.anchor.move(trail.head)
            if records.saved_photographs:
                checkpoint(unlocked.engine)
            if records.erased:
                _shred(unlocked, records.erased_files)

    def _trail(self, unlocked: Unlocked, session: Session) -> AuditTrail:
        about = (unlocked.audit, session, self._user.name, self._now())
        if self._reading is not None:
            return ReadingTrail(*about, self._reading.refusal)
        return AuditTrail(*about)

    def _refused(self) -> AbstractContextManager[None]:
        return nullcontext() if self._reading is None else self._reading.refused()

    def _refuse_where_read_only(self) -> None:
        if self._reading is not None:
            raise self._reading.refusal()

    def _judge(self, unlocked: Unlocked, action: Action) -> None:
        with self._looking(unlocked) as session:
            self._check_account(session, unlocked.seals, action)

    @contextmanager
    def _looking(self, unlocked: Unlocked) -> Iterator[Session]:
        with (
            database_errors(),
            unlocked.engine.connect().execution_options(**READING) as connection,
            Session(connection) as session,
        ):
            yield session

    def _check_account(self, session: Session, seals: RowSeals, action: Action) -> None:
        """What an administrator changed elsewhere holds here at once."""
        if self._reading is None and seals.wrong(session.connection(), UserRow.__tablename__):
            raise StoreDamaged("The accounts are older than the audit log says. Sign in again.")
        row = account_row(session, self._user.name)
        if row is None:
            raise AccountRemoved("Your account was removed.")
        self._user = rows.user_of(row)
        require(self._user, action)

    def check_photographs(
        self, step: Callable[[], None] = lambda: None, backups: Path | None = None
    ) -> IntegrityReport:
        """Read every photograph; see the port."""
        with self._in_use() as unlocked, database_errors():
            self._judge(unlocked, Action.CHECK_STORE)
            spare = _nowhere if backups is None else Shelf(backups).spare
            engine, database = unlocked.engine, self._database(unlocked)
            found = check_database(engine, database, is_read_only=self.is_read_only)
            found += check_audit(engine, unlocked.audit)
            try:
                if not found and self._look_after_rows(unlocked):
                    sentence = Alarm.ROWS_BEHIND.sentence
                    found += [Finding(Part.RECORDS, sentence)]
                report = check_photographs(engine, unlocked.vault, step, spare)
                if report.unnamed:
                    self._say(unlocked, Alarm.PHOTOGRAPHS_UNNAMED, report.unnamed)
                    found += [Finding(Part.RECORDS, Alarm.PHOTOGRAPHS_UNNAMED.sentence)]
            except (StoreDamaged, StoreUnwritable, DBAPIError, MemoryError):
                if not found:
                    raise
                said = "Which photographs belong to the records cannot be read."
                return IntegrityReport(0, (), 0, findings=(*found, Finding(Part.RECORDS, said)))
            return replace(report, findings=tuple(found))

    def check_backup(self, folder: Path, *, every_byte: bool = False) -> BackupCheck:
        """Look at the newest backup of this store; see the port."""
        with self._in_use() as unlocked, database_errors():
            self._judge(unlocked, Action.CHECK_STORE)
            shelf = Shelf(folder, unlocked.audit.database_id)
            is_ahead = self._ask_backups(unlocked, shelf)
            found = shelf.verify("", lambda: None, every_byte=every_byte)
            return replace(found, is_ahead=is_ahead)

    def _database(self, unlocked: Unlocked) -> Path:
        """The file that is read: the original, or its copy in memory."""
        return unlocked.database if self._reading is None else self._reading.database

    def verify_audit(
        self, printed: AuditHead | None = None, step: Callable[[int], None] = lambda _seen: None
    ) -> AuditReport:
        """Check every link of the audit chain; see the port."""
        with self._in_use() as unlocked, database_errors(), disk_errors():
            self._judge(unlocked, Action.READ_AUDIT)
            report = verify_chain(unlocked.engine, unlocked.audit, printed, step)
            older = self._look_after_rows(unlocked)
        problems = tuple(AuditProblem(AuditFault.ROWS_BEHIND, 0) for _table in older)
        return replace(
            report,
            faults=report.faults + len(problems),
            problems=report.problems + problems,
        )

    def _ask_backups(self, unlocked: Unlocked, shelf: Shelf) -> bool:
        """Whether the newest backup knows events that the records do not have; it is said then."""
        if self._reading is not None:
            return False
        with self._looking(unlocked) as session:
            known = shelf.newest_head(unlocked.accounts.data_key)
            behind = unlocked.audit.compared(session, known)
        if behind:
            self._say(unlocked, Alarm.WITNESS_AHEAD, 1)
        return bool(behind)

    def _say(self, unlocked: Unlocked, alarm: Alarm, count: int) -> None:
        """Note that the records are older than they were, and hold what is queued."""
        with Session(unlocked.engine, autobegin=False) as session, session.begin():
            trail = self._trail(unlocked, session)
            trail.note(AuditKind.ALARM, alarm=alarm.value, found=str(count))
            hold_notices(session, self._now())
            self._alarms += tuple(open_alarms(session)[-1:])
        unlocked.audit.anchor.move(trail.head)

    def _look_after_rows(self, unlocked: Unlocked) -> Findings:
        """Look for rows that are older than the audit log says, all of them; where there are any,
        say so, there too, and make them safe.
        """
        if self._reading is not None:
            return {}
        try:
            with self._looking(unlocked) as session:
                if not unlocked.seals.findings(session.connection()):
                    return {}
        except (StoreDamaged, MemoryError):
            # `check` names it. Nobody may write by a connection that has met a damaged page.
            unlocked.engine.dispose()
            return {}
        with Session(unlocked.engine, autobegin=False) as session, session.begin():
            older = unlocked.seals.findings(session.connection())
            trail = AuditTrail(unlocked.audit, session, self._user.name, self._now())
            look_after(session, unlocked.seals, trail, older, self._now())
            alarm = open_alarms(session)[-1:]
        unlocked.audit.anchor.move(trail.head)
        self._alarms += tuple(alarm)
        return older

    def back_up(
        self,
        folder: Path,
        keep: int,
        step: Callable[[], None] = lambda: None,
        action: Action = Action.BACK_UP,
    ) -> BackupReport:
        """Make a backup; see the port."""
        self._refuse_where_read_only()
        with self._in_use() as unlocked, database_errors():
            self._judge(unlocked, action)
            self._look_after_rows(unlocked)
            if lost := put_strays_aside(unlocked.engine, unlocked.vault).lost:
                self._say(unlocked, Alarm.PHOTOGRAPHS_UNNAMED, lost)
            self._ask_backups(unlocked, Shelf(folder, unlocked.audit.database_id))
            accounts = unlocked.accounts
            source = Source(
                accounts.path.parent.resolve(), unlocked.engine, unlocked.vault, accounts.data_key
            )
            return make_backup(source, folder, keep, self._now(), step)

    def change_data_key(
        self, action: Action = Action.CHANGE_DATA_KEY, proof: Proof | None = None
    ) -> None:
        """Put the records under a new data key; see the port.

        No transaction may run, and none begins before it is done.
        """
        self._refuse_where_read_only()
        with self._guard:
            unlocked = self._unlocked
            if unlocked is None or self._closing:
                raise StoreError("The records are locked. Sign in again.")
            if self._running:
                raise KeyChangeRefused("The records are in use in this window.")
            self._unlocked = None
        usable: Unlocked | None = unlocked
        accounts, old = unlocked.accounts, unlocked.accounts.data_key
        try:
            self._judge(unlocked, action)
            self._door.check(action, proof)
            unlocked.engine.dispose()
            with database_errors(), disk_errors():
                UpgradeCopies(unlocked.database, old).remove()  # they are under the old key
                new = change_key(
                    unlocked.database, accounts.path, old, partial(self._judge_alone, action)
                )
                usable = None  # whatever happens now: the old key opens nothing any more
                usable = self._resealed(unlocked, new)
        finally:
            with self._guard:
                self._unlocked = usable
                self._closing = self._closing or usable is None
            self._forget_when_idle()

    def _judge_alone(self, action: Action, connection: Any) -> None:
        """Once more where nobody else can write, before the first byte is changed."""
        found = connection.execute(
            "SELECT role FROM users WHERE account = ? AND removed IS NULL",
            (account_key(self._user.name),),
        ).fetchone()
        if found is None:
            raise AccountRemoved("Your account was removed.")
        require(replace(self._user, role=Role(found[0])), action)

    def _resealed(self, unlocked: Unlocked, new: DataKey) -> Unlocked:
        """The rest of a change of the data key, as a sign-in would do it after a kill."""
        accounts, old = unlocked.accounts, unlocked.accounts.data_key
        engine = open_engine(unlocked.database, new.database_key(), new.database_id)
        fresh = Unlocked(
            engine,
            Vault(unlocked.vault.folder, new.vault_key()),
            accounts.under(new),
            unlocked.audit,
            RowSeals(engine),
        )
        fresh.seals.unlock(unlocked.audit.key)
        with ExitStack() as on_failure:
            on_failure.callback(fresh.engine.dispose)
            with fresh.engine.begin() as connection, Session(connection) as session:
                clinic = session.scalars(select(ClinicRow)).one()
                trail = AuditTrail(unlocked.audit, session, self._user.name, self._now())
                if finish(session, clinic, new, old):
                    trail.note(AuditKind.DATA_KEY_CHANGED)
                session.flush()
            unlocked.audit.anchor.move(trail.head)
            forget_old_key(fresh.engine, accounts.path, new)
            on_failure.pop_all()
        return fresh

    def close(self) -> None:
        """Refuse new transactions, drop the keys, close every connection. Idempotent.

        Never waits: a transaction still running in another thread ends as it would have, and the
        last one to end drops the keys.
        """
        with self._guard:
            self._closing = True
        self._forget_when_idle()

    @contextmanager
    def _in_use(self) -> Iterator[Unlocked]:
        with self._guard:
            unlocked = self._unlocked
            if unlocked is None or self._closing:
                raise StoreError("The records are locked. Sign in again.")
            self._running += 1
        try:
            if self._reading is not None:
                self._reading.check_current()
            yield unlocked
        finally:
            with self._guard:
                self._running -= 1
            self._forget_when_idle()

    def _forget_when_idle(self) -> None:
        with self._guard:
            if not self._closing or self._running:
                return
            unlocked, self._unlocked = self._unlocked, None
        if unlocked is None:
            return
        if self._reading is None:
            _let_key_file_know(unlocked)
            checkpoint(unlocked.engine)
        unlocked.engine.dispose()
        if self._reading is not None:
            self._reading.end()


def _let_key_file_know(unlocked: Unlocked) -> None:
    """Name where the audit chain ended in the key file, so that a database and its anchor that are
    put back together are older than what it names. The anchor goes first (`AuditChain.alarms`).

    Never raises and never waits: where another window is writing, that one will do it.
    """
    # MemoryError: what SQLCipher answers to some damaged pages.
    with (
        suppress(StoreError, OSError, DBAPIError, MemoryError),
        Session(unlocked.engine) as session,
    ):
        session.connection(execution_options=NOT_WAITING)
        head = head_of(session)
        unlocked.audit.anchor.move(head, durably=True)
        if unlocked.audit.anchor.read() != head:
            return
        unlocked.accounts.write_head(head)
        unlocked.accounts.record(session)
        session.commit()


def _nowhere(_name: str) -> bytes | None:
    """There is no other copy to look in."""
    return None


def _shred(unlocked: Unlocked, names: list[str]) -> None:
    """Remove what an erasure has left outside the database's pages: files of the vault, the
    write-ahead log, a copy from before an upgrade.
    """
    for name in names:
        unlocked.vault.remove(name)
    checkpoint(unlocked.engine, wait=True)
    UpgradeCopies(unlocked.database, unlocked.accounts.data_key).remove()


def _changes(session: Session) -> int:
    """How many rows this connection has written."""
    driver: Any = session.connection().connection.driver_connection
    return int(driver.total_changes)


def _commit(session: Session, undo: ExitStack, *, only_looked: bool) -> bool:
    """Commit, and undo only where the database says that it did not. False where that somebody
    looked could not be noted for want of room, which keeps nobody from looking.

    Anything else that interrupts here (Ctrl-C) may come after the commit, when taking back a
    photograph would lose one that was acknowledged.
    """
    pending = undo.pop_all()
    try:
        session.commit()
    except DBAPIError as error:
        pending.close()
        if only_looked and isinstance(from_database(error), StoreFull | StoreUnwritable):
            return False
        raise
    return True
