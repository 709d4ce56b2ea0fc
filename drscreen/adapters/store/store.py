"""The encrypted store of one home folder: made, found, unlocked."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.accounts import Accounts, account_row, is_outdated, user_row
from drscreen.adapters.store.anchor import Anchor
from drscreen.adapters.store.attempts import Attempts, Collected, Try
from drscreen.adapters.store.audit import (
    AuditChain,
    AuditTrail,
    Finding,
    chain_key,
    head_of,
    key_change_due,
    note_sign_in,
    open_alarms,
    seen_alarms,
)
from drscreen.adapters.store.door import Door
from drscreen.adapters.store.engine import checkpoint, open_engine
from drscreen.adapters.store.envelope import sealed_for
from drscreen.adapters.store.faults import database_errors, disk_errors
from drscreen.adapters.store.files import UNFINISHED, sync_folder
from drscreen.adapters.store.key_change import finish, forget_old_key, settled
from drscreen.adapters.store.key_file import (
    RECOVERY,
    KeyFile,
    read_or_copy,
    sign_in_failed,
    write_key_file,
)
from drscreen.adapters.store.keys import DATABASE_ID_BYTES, DataKey, KeyCost, account_key
from drscreen.adapters.store.migrate import bring_up_to_date, migrate
from drscreen.adapters.store.older_rows import hold_notices, look_after
from drscreen.adapters.store.opened import SqlCipherOpenStore, Unlocked
from drscreen.adapters.store.place import refuse_long_path, refuse_network_share
from drscreen.adapters.store.reading import ReadingAccounts, ReadingVault, open_for_reading
from drscreen.adapters.store.seals import RowSeals
from drscreen.adapters.store.tables import ClinicRow, SealRow
from drscreen.adapters.store.unrecorded import UnrecordedTries
from drscreen.adapters.store.upgrade_copies import UpgradeCopies
from drscreen.adapters.store.uptime import uptime
from drscreen.adapters.store.vault import Vault
from drscreen.adapters.store.vault_care import leave_first_format
from drscreen.adapters.store.witness import place, witnesses
from drscreen.domain.audit import BEHIND, Alarm, AuditKind
from drscreen.domain.errors import (
    SignInFailed,
    StoreDamaged,
    StoreError,
    StoreExists,
    StoreForeign,
    StoreFull,
    StoreMissing,
    StoreUnwritable,
    UserUnknown,
)
from drscreen.domain.notice import Reason
from drscreen.domain.sign_in import Patience, Uptime
from drscreen.domain.users import Role, User
from drscreen.regular_files import NotRegular, is_regular, open_regular

FOLDER = "store"
DATABASE = "records.db"
KEY_FILE = "keys.json"
VAULT = "vault"
ANCHOR = "audit.head"
ATTEMPTS = "attempts.json"

#: What every SQLite file that is not encrypted begins with (https://www.sqlite.org/fileformat.html).
_PLAIN_SQLITE = b"SQLite format 3\0"


def _utc_now() -> datetime:
    return datetime.now(UTC)


#: A try that could not be written down (`UnrecordedTries`), and others that could not be read.
_UNCOUNTED = Try(0, sys.maxsize)
_NO_OTHERS = Collected((), 0, anew=False, writes=0, newest=0)


@dataclass(frozen=True, slots=True)
class _Found:
    """The key file as a try to sign in found it, what is to be said of it, when that was, and the
    try that was counted.
    """

    keys: KeyFile
    said: Alarm | None
    moment: datetime
    tried: Try
    others: Collected = _NO_OTHERS

    def findings(self, clinic: ClinicRow) -> list[Finding]:
        """What is to be said of the key file, by what the records know of it."""
        said = self.said
        if self.keys.writes < clinic.key_writes:
            said = Alarm.KEY_FILE_BEHIND
        return [] if said is None else [(said, {})]


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
        self._home = home
        self._machine = machine
        self._cost = cost or KeyCost()
        self._now = now
        self._clock = clock
        self._unrecorded = UnrecordedTries(self._folder, patience or Patience())
        self._attempts = Attempts(self._folder / ATTEMPTS, patience or Patience(), clock)

    @property
    def _folder(self) -> Path:
        return self._home / FOLDER

    def exists(self) -> bool:
        """Whether a database or a key file stands here, be it whole or not.

        Raises `StoreUnwritable` where the folder may not be looked into.
        """
        with disk_errors():
            return (self._folder / DATABASE).exists() or (self._folder / KEY_FILE).exists()

    def create(self, clinic: str, user: str, display_name: str, role: Role, password: str) -> None:
        """Make the store with its first account; see the port.

        Everything is built in a folder beside its place, which gets its name last: so there is
        either a whole store or none, and an older one is never touched.
        """
        refuse_long_path(self._home)
        refuse_network_share(self._home)
        if self.exists():
            raise _exists()
        with disk_errors(), ExitStack() as on_failure:
            self._make_home(on_failure)
            building = Path(
                tempfile.mkdtemp(prefix=f".{FOLDER}-", suffix=UNFINISHED, dir=self._home)
            )
            on_failure.callback(shutil.rmtree, building, ignore_errors=True)
            data_key = DataKey.new()
            self._build(building, data_key, clinic, User(user, role, display_name))
            account = account_key(user)
            envelope = sealed_for(data_key, account, password, self._cost)
            keys = KeyFile(data_key.database_id).with_envelope(account, envelope)
            write_key_file(building / KEY_FILE, keys, data_key)
            Attempts(building / ATTEMPTS, Patience()).start()
            try:
                building.rename(self._folder)
            except OSError:
                if self.exists():  # another window was faster
                    raise _exists() from None
                raise
            on_failure.pop_all()
            sync_folder(self._home)

    def open(self, user: str, password: str) -> SqlCipherOpenStore:
        """Unlock; see the port. Takes as long as Argon2id does, whatever is wrong with the two."""
        with self._one_try(account_key(user)) as begun:
            data_key = begun.keys.unlock(user, password)
            found = self._right(begun)
        with self._refused_later(found):
            try:
                settled_key = self._settled(found.keys, data_key)
                return self._opened(found, user, password, settled_key)
            except (StoreFull, StoreUnwritable, StoreDamaged) as error:
                return self._reading(found, user, data_key, error)

    def recover(self, code: str, user: str, password: str) -> SqlCipherOpenStore:
        """Give an account a new password by the recovery code, and open; see the port."""
        with self._one_try(RECOVERY) as begun:
            data_key = begun.keys.recover(code)
            found = self._right(begun)
        data_key = self._settled(found.keys, data_key)
        with self._refused_later(found), ExitStack() as ending:
            engine = self._engine(data_key)
            ending.callback(engine.dispose)
            seals = RowSeals(engine)
            accounts = self._accounts(data_key)
            ending.enter_context(database_errors())
            connection = ending.enter_context(engine.begin())
            session = ending.enter_context(Session(connection))
            copies = UpgradeCopies(self._folder / DATABASE, data_key)
            upgraded = bring_up_to_date(connection, copies.keep)
            with ExitStack() as undo:
                clinic = session.scalars(select(ClinicRow)).one()
                chain = self._chain(clinic, data_key)
                seals.unlock(chain.key)
                if upgraded:
                    session.flush()
                    seals.seal_all(connection)
                if is_outdated(clinic.recovery_generation, found.keys.recovery):
                    self._refuse_outdated(connection, session, chain, found)
                row = accounts.set_password(session, user, password, undo)
                trail = AuditTrail(chain, session, row.name, found.moment)
                trail.note(AuditKind.PASSWORD_RECOVERED, row.name)
                accounts.record(session)
                undo.pop_all()
        with disk_errors(), self._attempts.alone():
            self._attempts.forgive(RECOVERY, found.tried.number)
        return self.open(user, password)

    # --- unlocking ---------------------------------------------------------------------------

    @contextmanager
    def _one_try(self, account: str) -> Iterator[_Found]:
        """What stands here, for a try that is counted before it is made; nobody else tries
        within.
        """
        if not self.exists():
            raise StoreMissing("There is no store in this folder yet.")
        refuse_long_path(self._home)
        refuse_network_share(self._folder)
        with ExitStack() as turn:
            try:
                turn.enter_context(self._attempts.alone())
                is_alone = True
            except OSError:
                is_alone = False
            keys, said = self._checked_key_file()
            moment, tried = self._now(), _UNCOUNTED
            known = account in keys.envelopes
            try:
                tried = self._attempts.begin(account, moment, known=known)
            except OSError:
                is_alone = False
            if not is_alone:
                self._unrecorded.wait(account)
            yield _Found(keys, said, moment, tried)

    @contextmanager
    def _refused_later(self, found: _Found) -> Iterator[None]:
        """Within: what is refused though the secret was right counts as a failure."""
        try:
            yield
        except (SignInFailed, UserUnknown):
            with suppress(OSError, StoreError):
                self._attempts.refused(found.tried.number)
            raise

    def _right(self, found: _Found) -> _Found:
        """The secret was right; what failed before it is known now, while nobody else tries."""
        with suppress(OSError):
            self._attempts.opened(found.tried.number)
            return replace(found, others=self._attempts.others(found.tried.number))
        return found

    def _settled(self, keys: KeyFile, data_key: DataKey) -> DataKey:
        with disk_errors():
            return settled(self._folder / DATABASE, self._folder / KEY_FILE, keys, data_key)

    def _engine(self, data_key: DataKey) -> Engine:
        return open_engine(self._folder / DATABASE, data_key.database_key(), data_key.database_id)

    def _accounts(self, data_key: DataKey) -> Accounts:
        return Accounts(self._folder / KEY_FILE, data_key, self._cost)

    def _opened(
        self, found: _Found, user: str, password: str, data_key: DataKey
    ) -> SqlCipherOpenStore:
        with ExitStack() as on_failure:
            engine = self._engine(data_key)
            on_failure.callback(engine.dispose)
            opened = self._signed_in(found, engine, user, password, data_key)
            on_failure.pop_all()
            return opened

    def _reading(
        self, found: _Found, user: str, data_key: DataKey, cause: StoreError
    ) -> SqlCipherOpenStore:
        """Signed in to records that cannot be written; nothing is changed, nothing noted.

        Raises `cause` where that is not what is wrong.
        """
        database = self._folder / DATABASE
        reading = open_for_reading(database, found.keys, data_key, cause)
        with ExitStack() as on_failure:
            on_failure.callback(reading.end)
            on_failure.callback(reading.engine.dispose)
            key, seals = reading.data_key, RowSeals(reading.engine, only_read=True)
            with (
                database_errors(),
                disk_errors(),
                reading.engine.begin() as connection,
                Session(connection, autoflush=False) as session,
            ):
                account = account_row(session, user)
                if account is None:
                    raise sign_in_failed()
                clinic = session.scalars(select(ClinicRow)).one_or_none()
                if clinic is None or clinic.database_id != key.database_id.hex():
                    raise StoreDamaged("The records and their key file do not belong together.")
                if is_outdated(account.envelope, found.keys.envelopes.get(account.account)):
                    raise sign_in_failed()
                signed_in, name = rows.user_of(account), clinic.name
                chain = self._chain(clinic, key)
                seals.unlock(chain.key)
                findings = chain.alarms(session, found.keys.head) + found.findings(clinic)
                alarms = seen_alarms(session, findings, user, found.moment)
            on_failure.pop_all()
        self._unrecorded.forgive(account_key(user))
        with suppress(OSError, StoreError), self._attempts.alone():
            self._attempts.forgive(account_key(user), found.tried.number)
        vault = ReadingVault(self._folder / VAULT, key.vault_key(), reading.refusal)
        accounts = ReadingAccounts(self._accounts(key), reading.refusal)
        unlocked = Unlocked(reading.engine, vault, accounts, chain, seals)
        alarms = (reading.event(user, found.moment), *alarms)
        door = Door(self._attempts, self._clock)
        return SqlCipherOpenStore(
            unlocked, signed_in, name, self._now, alarms, door=door, reading=reading
        )

    # --- making ------------------------------------------------------------------------------

    def _make_home(self, on_failure: ExitStack) -> None:
        missing = [folder for folder in (self._home, *self._home.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
            on_failure.callback(_remove_if_empty, folder)

    def _build(self, folder: Path, data_key: DataKey, clinic: str, user: User) -> None:
        Vault(folder / VAULT, data_key.vault_key()).make_folders()
        database = folder / DATABASE
        database.touch(mode=0o600)
        engine = open_engine(database, data_key.database_key(), data_key.database_id)
        moment, seals = self._now(), RowSeals(engine)
        try:
            with database_errors(), engine.begin() as connection, Session(connection) as session:
                migrate(connection)
                row = ClinicRow(
                    id=1, name=clinic, database_id=data_key.database_id.hex(), created=moment
                )
                key = chain_key(row, data_key)
                chain = AuditChain(key, data_key.database_id, Anchor(folder / ANCHOR, key))
                seals.unlock(chain.key)
                seals.seal_all(connection)
                session.add_all([row, user_row(user, moment)])
                trail = AuditTrail(chain, session, user.name, moment)
                trail.note(AuditKind.STORE_MADE)
                trail.note(AuditKind.USER_ADDED, user.name, role=user.role.value)
                session.flush()
            checkpoint(engine)
            chain.anchor.move(trail.head, durably=True)
        finally:
            engine.dispose()

    # --- opening -----------------------------------------------------------------------------

    def _checked_key_file(self) -> tuple[KeyFile, Alarm | None]:
        """The key file of the database that stands here. No password is needed to tell whether
        they belong together: the database's first bytes are the id that the key file names.
        """
        database = self._folder / DATABASE
        with disk_errors():
            head = _first_bytes(database)
            _refuse_odd_companions(database)
            if head is not None and head == _PLAIN_SQLITE:
                raise StoreForeign("Another program's database stands in the place of the records.")
            try:
                keys, said = read_or_copy(self._folder / KEY_FILE)
            except FileNotFoundError:
                raise StoreDamaged("The key file of the records is missing.") from None
        if head is None:
            raise StoreDamaged("The database of the records is missing.")
        if head != keys.database_id:
            raise StoreForeign("The file in the place of the records is not their database.")
        return keys, said

    def _signed_in(
        self, found: _Found, engine: Engine, user: str, password: str, data_key: DataKey
    ) -> SqlCipherOpenStore:
        vault = Vault(self._folder / VAULT, data_key.vault_key())
        accounts = self._accounts(data_key)
        copies = UpgradeCopies(self._folder / DATABASE, data_key)
        old_key = found.keys.previous_key(data_key) if self._changing() else None
        seals = RowSeals(engine)
        with database_errors(), disk_errors(), engine.begin() as connection:
            upgraded = bring_up_to_date(connection, copies.keep)
            with Session(connection) as session:
                clinic = session.scalars(select(ClinicRow)).one_or_none()
                if clinic is None or clinic.database_id != data_key.database_id.hex():
                    raise StoreDamaged("The records and their key file do not belong together.")
                chain = self._chain(clinic, data_key, old_key)
                seals.unlock(chain.key)
                changed = old_key is not None and finish(session, clinic, data_key, old_key)
                committed = head_of(session)
                findings = chain.alarms(session, found.keys.head) + found.findings(clinic)
                findings += self._arrived(clinic)
                trail = AuditTrail(chain, session, user, self._now())
                self._make_safe(session, seals, trail, findings, upgraded=upgraded)
                account = account_row(session, user)
                if account is None:
                    raise sign_in_failed()
                trail.actor = account.name
                if is_outdated(account.envelope, found.keys.envelopes.get(account.account)):
                    self._refuse_outdated(connection, session, chain, found)
                accounts.sweep(session, committed)
                accounts.renew(account, password)
                accounts.record(session)
                vault.sweep()
                signed_in = rows.user_of(account)
                note_sign_in(trail, findings, found.others, found.tried)
                if changed:
                    trail.note(AuditKind.DATA_KEY_CHANGED)
                alarms = tuple(open_alarms(session))
                if signed_in.role is Role.ADMINISTRATOR:
                    alarms += tuple(key_change_due(session))
                session.flush()
            if not upgraded:
                copies.remove()
        chain.anchor.move(trail.head, durably=True)
        with database_errors(), disk_errors():
            self._attempts.clear(account_key(user), found.tried.number, found.others)
            if old_key is not None:
                forget_old_key(engine, self._folder / KEY_FILE, data_key)
            if not upgraded:
                # Not before the copy is gone: its photographs are the vault's files as they were.
                leave_first_format(engine, vault)
        unlocked = Unlocked(engine, vault, accounts, chain, seals)
        door = Door(self._attempts, self._clock)
        return SqlCipherOpenStore(unlocked, signed_in, clinic.name, self._now, alarms, door=door)

    def _make_safe(
        self,
        session: Session,
        seals: RowSeals,
        trail: AuditTrail,
        findings: list[Finding],
        *,
        upgraded: bool,
    ) -> None:
        """Seal the rows after an upgrade, else look whether one is older than it was; hold the
        notices where the records may be.
        """
        said = {alarm for alarm, _numbers in findings}
        older = {} if upgraded else seals.findings_at_sign_in()
        if said & {Alarm.DATABASE_BEHIND, Alarm.HISTORY_REPLACED}:
            # That the sums do not agree with the log is the same finding.
            upgraded |= older.pop(SealRow.__tablename__, None) is not None
        if older:
            look_after(session, seals, trail, older, self._now())
        elif upgraded:
            session.flush()
            seals.seal_all(session.connection())
        if Alarm.RECORDS_MOVED in said:
            hold_notices(session, self._now(), Reason.RECORDS_MOVED)
        elif said & BEHIND:
            hold_notices(session, self._now())

    def _arrived(self, clinic: ClinicRow) -> list[Finding]:
        """Remember where the records are opened, and say that they were elsewhere."""
        here, before = place(self._home, self._machine), clinic.place
        if not here or here == before:
            return []
        clinic.place = here
        return [(Alarm.RECORDS_MOVED, {})] if before else []

    def _refuse_outdated(
        self,
        connection: Connection,
        session: Session,
        chain: AuditChain,
        found: _Found,
    ) -> NoReturn:
        """An older key file was put back, and somebody tries a password or code of then. It opens
        nothing, and is said to whoever signs in next, once.
        """
        trail = AuditTrail(chain, session, "", found.moment)
        if Alarm.KEY_FILE_BEHIND not in {one.details.get("alarm") for one in open_alarms(session)}:
            trail.note(AuditKind.ALARM, alarm=Alarm.KEY_FILE_BEHIND.value)
        session.flush()
        connection.commit()
        chain.anchor.move(trail.head, durably=True)
        raise sign_in_failed()

    def _chain(
        self, clinic: ClinicRow, data_key: DataKey, former: DataKey | None = None
    ) -> AuditChain:
        key = chain_key(clinic, data_key, former)
        outside = witnesses(self._home, self._machine, data_key.database_id)
        anchor = Anchor(self._folder / ANCHOR, key, outside)
        return AuditChain(key, data_key.database_id, anchor)

    def _changing(self) -> bool:
        """Whether the key file still names an old data key."""
        return bool(read_or_copy(self._folder / KEY_FILE)[0].previous)


def _first_bytes(path: Path) -> bytes | None:
    try:
        with open_regular(path) as file:
            return file.read(DATABASE_ID_BYTES)
    except FileNotFoundError:
        return None
    except NotRegular as error:
        raise StoreDamaged("In the place of the records lies something that is no file.") from error


def _refuse_odd_companions(database: Path) -> None:
    """SQLite opens its log and journal itself, and would wait for a FIFO for ever."""
    for part in ("-wal", "-shm", "-journal"):
        path = database.with_name(database.name + part)
        if (path.exists() or path.is_symlink()) and not is_regular(path):
            raise StoreDamaged("Beside the records lies something that is no file of theirs.")


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _exists() -> StoreExists:
    return StoreExists("There is a store in this folder already.")
