"""The encrypted store of one home folder: made, found, unlocked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from drscreen.adapters.store.accounts import is_outdated
from drscreen.adapters.store.attempts import Attempts, Try
from drscreen.adapters.store.audit import AuditTrail
from drscreen.adapters.store.faults import database_errors, disk_errors
from drscreen.adapters.store.key_file import RECOVERY
from drscreen.adapters.store.keys import KeyCost, account_key
from drscreen.adapters.store.making import make_store
from drscreen.adapters.store.migrate import bring_up_to_date
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.place import refuse_long_path, refuse_network_share
from drscreen.adapters.store.seals import RowSeals
from drscreen.adapters.store.signing_in import Found, SignIn, refuse_outdated
from drscreen.adapters.store.store_folder import ATTEMPTS, StoreFolder
from drscreen.adapters.store.tables import ClinicRow
from drscreen.adapters.store.unrecorded import UnrecordedTries
from drscreen.adapters.store.upgrade_copies import UpgradeCopies
from drscreen.adapters.store.uptime import uptime
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import (
    SignInFailed,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreMissing,
    StoreUnwritable,
    UserUnknown,
)
from drscreen.domain.sign_in import Patience, Uptime
from drscreen.domain.users import Role, User

#: A try that could not be written down (`UnrecordedTries`).
_UNCOUNTED = Try(0, sys.maxsize)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlCipherStore:
    """`drscreen.domain.ports.Store`: `<home>/store` with database, key file and vault. Any thread.

    `machine` is a folder of this machine for what it remembers of the store outside of it, where
    there is one besides the home itself. `cost` is what new envelopes cost to open; `now` stamps
    what callers bring no moment for; `patience` is how long somebody waits who mistypes, by
    `clock`, which nobody can set.
    """

    def __init__(
        self,
        home: Path,
        *,
        cost: KeyCost | None = None,
        now: Callable[[], datetime] = _utc_now,
        patience: Patience | None = None,
        clock: Callable[[], Uptime] = uptime,
        machine: Path | None = None,
    ) -> None:
        self._folder = StoreFolder(home, machine, cost or KeyCost())
        self._now = now
        self._clock = clock
        self._unrecorded = UnrecordedTries(self._folder.path, patience or Patience())
        self._attempts = Attempts(self._folder.path / ATTEMPTS, patience or Patience(), clock)

    def exists(self) -> bool:
        """Whether a store stands here, be it whole or not; see the port."""
        return self._folder.exists()

    def create(self, clinic: str, user: str, display_name: str, role: Role, password: str) -> None:
        """Make the store with its first account; see the port."""
        first = User(user, role, display_name)
        make_store(self._folder, clinic, first, password, self._now)

    def open(self, user: str, password: str) -> SqlCipherOpenStore:
        """Unlock; see the port. Takes as long as Argon2id does, whatever is wrong with the two."""
        with self._one_try(account_key(user)) as begun:
            data_key = begun.keys.unlock(user, password)
            found = self._right(begun)
        with self._refused_later(found):
            try:
                settled_key = self._folder.settled(found.keys, data_key)
                return self._sign_in(found, user).opened(password, settled_key)
            except (StoreFull, StoreUnwritable, StoreDamaged) as error:
                opened = self._sign_in(found, user).only_reading(data_key, error)
        self._unrecorded.forgive(account_key(user))
        with suppress(OSError, StoreError), self._attempts.alone():
            self._attempts.forgive(account_key(user), found.tried.number)
        return opened

    def recover(self, code: str, user: str, password: str) -> SqlCipherOpenStore:
        """Give an account a new password by the recovery code, and open; see the port."""
        with self._one_try(RECOVERY) as begun:
            data_key = begun.keys.recover(code)
            found = self._right(begun)
        data_key = self._folder.settled(found.keys, data_key)
        with self._refused_later(found), ExitStack() as ending:
            engine = self._folder.engine(data_key)
            ending.callback(engine.dispose)
            seals = RowSeals(engine)
            accounts = self._folder.accounts(data_key)
            ending.enter_context(database_errors())
            connection = ending.enter_context(engine.begin())
            session = ending.enter_context(Session(connection))
            copies = UpgradeCopies(self._folder.database, data_key)
            upgraded = bring_up_to_date(connection, copies.keep)
            with ExitStack() as undo:
                clinic = session.scalars(select(ClinicRow)).one()
                chain = self._folder.chain(clinic, data_key)
                seals.unlock(chain.key)
                if upgraded:
                    session.flush()
                    seals.seal_all(connection)
                if is_outdated(clinic.recovery_generation, found.keys.recovery):
                    refuse_outdated(connection, session, chain, found.moment)
                row = accounts.set_password(session, user, password, undo)
                trail = AuditTrail(chain, session, row.name, found.moment)
                trail.note(AuditKind.PASSWORD_RECOVERED, row.name)
                accounts.record(session)
                undo.pop_all()
        with disk_errors(), self._attempts.alone():
            self._attempts.forgive(RECOVERY, found.tried.number)
        return self.open(user, password)

    @contextmanager
    def _one_try(self, account: str) -> Iterator[Found]:
        """What stands here, for a try that is counted before it is made; nobody else tries
        within.
        """
        if not self.exists():
            raise StoreMissing("There is no store in this folder yet.")
        refuse_long_path(self._folder.home)
        refuse_network_share(self._folder.path)
        with ExitStack() as turn:
            try:
                turn.enter_context(self._attempts.alone())
                is_alone = True
            except OSError:
                is_alone = False
            keys, said = self._folder.checked_key_file()
            moment, tried = self._now(), _UNCOUNTED
            known = account in keys.envelopes
            try:
                tried = self._attempts.begin(account, moment, known=known)
            except OSError:
                is_alone = False
            if not is_alone:
                self._unrecorded.wait(account)
            yield Found(keys, said, moment, tried)

    @contextmanager
    def _refused_later(self, found: Found) -> Iterator[None]:
        """Within: what is refused though the secret was right counts as a failure."""
        try:
            yield
        except (SignInFailed, UserUnknown):
            with suppress(OSError, StoreError):
                self._attempts.refused(found.tried.number)
            raise

    def _right(self, found: Found) -> Found:
        """The secret was right; what failed before it is known now, while nobody else tries."""
        with suppress(OSError):
            self._attempts.opened(found.tried.number)
            return replace(found, others=self._attempts.others(found.tried.number))
        return found

    def _sign_in(self, found: Found, user: str) -> SignIn:
        return SignIn(self._folder, self._attempts, self._clock, self._now, found, user)
