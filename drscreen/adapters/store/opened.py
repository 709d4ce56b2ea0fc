"""A store unlocked by a user."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.accounts import account_row
from drscreen.adapters.store.audit import AuditTrail
from drscreen.adapters.store.door import Door
from drscreen.adapters.store.engine import checkpoint
from drscreen.adapters.store.faults import database_errors, disk_errors, from_database
from drscreen.adapters.store.key_change import change_key, reseal
from drscreen.adapters.store.keys import account_key
from drscreen.adapters.store.reading import Reading, ReadingTrail
from drscreen.adapters.store.records import SqlRecords
from drscreen.adapters.store.seals import RowSeals
from drscreen.adapters.store.tables import UserRow
from drscreen.adapters.store.unlocked import Unlocked
from drscreen.adapters.store.upgrade_copies import UpgradeCopies
from drscreen.adapters.store.whole_store import WholeStore
from drscreen.domain.audit import AuditEvent, AuditHead, AuditKind, AuditReport
from drscreen.domain.backup import BackupCheck, BackupReport
from drscreen.domain.errors import (
    AccountRemoved,
    KeyChangeRefused,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnwritable,
)
from drscreen.domain.integrity import IntegrityReport
from drscreen.domain.permissions import Action, require
from drscreen.domain.sign_in import Proof
from drscreen.domain.users import Role, User


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
        with unlocked.looking() as session:
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
                unlocked.shred(records.erased_files)

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
        with unlocked.looking() as session:
            self._check_account(session, unlocked.seals, action)

    def _check_account(self, session: Session, seals: RowSeals, action: Action) -> None:
        """What an administrator changed elsewhere holds here at once."""
        if self._reading is None and seals.wrong(session.connection(), UserRow.__tablename__):
            raise StoreDamaged("The accounts are older than the audit log says. Sign in again.")
        row = account_row(session, self._user.name)
        if row is None:
            raise AccountRemoved("Your account was removed.")
        self._user = rows.user_of(row)
        require(self._user, action)

    # --- the whole store ---------------------------------------------------------------------

    def check_photographs(
        self, step: Callable[[], None] = lambda: None, backups: Path | None = None
    ) -> IntegrityReport:
        """Read every photograph; see the port."""
        with self._in_use() as unlocked, database_errors():
            return self._whole(unlocked, Action.CHECK_STORE).check(step, backups)

    def check_backup(self, folder: Path, *, every_byte: bool = False) -> BackupCheck:
        """Look at the newest backup of this store; see the port."""
        with self._in_use() as unlocked, database_errors():
            whole = self._whole(unlocked, Action.CHECK_STORE)
            return whole.check_backup(folder, every_byte=every_byte)

    def verify_audit(
        self, printed: AuditHead | None = None, step: Callable[[int], None] = lambda _seen: None
    ) -> AuditReport:
        """Check every link of the audit chain; see the port."""
        with self._in_use() as unlocked, database_errors(), disk_errors():
            return self._whole(unlocked, Action.READ_AUDIT).verify_audit(printed, step)

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
            return self._whole(unlocked, action).back_up(folder, keep, step)

    def _whole(self, unlocked: Unlocked, action: Action) -> WholeStore:
        self._judge(unlocked, action)
        trail = partial(self._trail, unlocked)
        return WholeStore(unlocked, self._reading, trail, self._now, self._add_alarms)

    def _add_alarms(self, alarms: tuple[AuditEvent, ...]) -> None:
        self._alarms += alarms

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
                usable = reseal(unlocked, new, self._user.name, self._now)
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

    # --- in use and closed -------------------------------------------------------------------

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
            unlocked.let_key_file_know()
            checkpoint(unlocked.engine)
        unlocked.engine.dispose()
        if self._reading is not None:
            self._reading.end()


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
