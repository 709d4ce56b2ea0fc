"""The encrypted store of one home folder: made, found, unlocked."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.accounts import Accounts, account_row, user_row
from drscreen.adapters.store.anchor import Anchor
from drscreen.adapters.store.audit import AuditChain, AuditTrail, chain_key, open_alarms
from drscreen.adapters.store.engine import checkpoint, open_engine
from drscreen.adapters.store.faults import database_errors, disk_errors
from drscreen.adapters.store.files import UNFINISHED, sync_folder
from drscreen.adapters.store.key_file import (
    KeyFile,
    read_key_file,
    sign_in_failed,
    write_key_file,
)
from drscreen.adapters.store.keys import DATABASE_ID_BYTES, DataKey, KeyCost, account_key
from drscreen.adapters.store.migrate import bring_up_to_date, migrate
from drscreen.adapters.store.opened import SqlCipherOpenStore, Unlocked
from drscreen.adapters.store.place import refuse_network_share
from drscreen.adapters.store.tables import ClinicRow
from drscreen.adapters.store.upgrade_copies import UpgradeCopies
from drscreen.adapters.store.vault import Vault
from drscreen.adapters.store.vault_care import leave_first_format
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import StoreDamaged, StoreExists, StoreForeign, StoreMissing
from drscreen.domain.users import Role, User

FOLDER = "store"
DATABASE = "records.db"
KEY_FILE = "keys.json"
VAULT = "vault"
ANCHOR = "audit.head"

#: What every SQLite file that is not encrypted begins with (https://www.sqlite.org/fileformat.html).
_PLAIN_SQLITE = b"SQLite format 3\0"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlCipherStore:
    """`drscreen.domain.ports.Store`: `<home>/store` with database, key file and vault. Any thread.

    `cost` is what new envelopes cost to open; `now` stamps what callers bring no moment for.
    """

    def __init__(
        self,
        home: Path,
        *,
        cost: KeyCost | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._home = home
        self._cost = cost or KeyCost()
        self._now = now

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
            envelope = data_key.sealed_for(account, password, self._cost)
            write_key_file(
                building / KEY_FILE, KeyFile(data_key.database_id).with_envelope(account, envelope)
            )
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
        if not self.exists():
            raise StoreMissing("There is no store in this folder yet.")
        refuse_network_share(self._folder)
        keys = self._checked_key_file()
        data_key = keys.unlock(user, password)
        with ExitStack() as on_failure:
            engine = open_engine(
                self._folder / DATABASE, data_key.database_key(), data_key.database_id
            )
            on_failure.callback(engine.dispose)
            opened = self._signed_in(engine, user, data_key)
            on_failure.pop_all()
            return opened

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
        moment = self._now()
        try:
            with database_errors(), engine.begin() as connection, Session(connection) as session:
                migrate(connection)
                row = ClinicRow(
                    id=1, name=clinic, database_id=data_key.database_id.hex(), created=moment
                )
                session.add_all([row, user_row(user, moment)])
                chain = _chain(folder, row, data_key)
                trail = AuditTrail(chain, session, user.name, moment)
                trail.note(AuditKind.STORE_MADE)
                trail.note(AuditKind.USER_ADDED, user.name, role=user.role.value)
                session.flush()
            checkpoint(engine)
            chain.anchor.move(trail.head, durably=True)
        finally:
            engine.dispose()

    # --- opening -----------------------------------------------------------------------------

    def _checked_key_file(self) -> KeyFile:
        """The key file of the database that stands here. No password is needed to tell whether
        they belong together: the database's first bytes are the id that the key file names.
        """
        database = self._folder / DATABASE
        with disk_errors():
            head = _first_bytes(database)
            if head is not None and head == _PLAIN_SQLITE:
                raise StoreForeign("Another program's database stands in the place of the records.")
            try:
                keys = read_key_file(self._folder / KEY_FILE)
            except FileNotFoundError:
                raise StoreDamaged("The key file of the records is missing.") from None
        if head is None:
            raise StoreDamaged("The database of the records is missing.")
        if head != keys.database_id:
            raise StoreForeign("The file in the place of the records is not their database.")
        return keys

    def _signed_in(self, engine: Engine, user: str, data_key: DataKey) -> SqlCipherOpenStore:
        vault = Vault(self._folder / VAULT, data_key.vault_key())
        accounts = Accounts(self._folder / KEY_FILE, data_key, self._cost)
        copies = UpgradeCopies(self._folder / DATABASE, data_key)
        with database_errors(), disk_errors(), engine.begin() as connection:
            upgraded = bring_up_to_date(connection, copies.keep)
            with Session(connection) as session:
                account = account_row(session, user)
                if account is None:
                    raise sign_in_failed()
                clinic = session.scalars(select(ClinicRow)).one_or_none()
                if clinic is None or clinic.database_id != data_key.database_id.hex():
                    raise StoreDamaged("The records and their key file do not belong together.")
                accounts.sweep(session)
                vault.sweep()
                signed_in = rows.user_of(account)
                chain = _chain(self._folder, clinic, data_key)
                trail = AuditTrail(chain, session, signed_in.name, self._now())
                for alarm, numbers in chain.alarms(session):
                    trail.note(AuditKind.ALARM, alarm=alarm.value, **numbers)
                trail.note(AuditKind.SIGNED_IN)
                alarms = tuple(open_alarms(session))
                session.flush()
            if not upgraded:
                copies.remove()
        chain.anchor.move(trail.head, durably=True)
        with database_errors():
            if not upgraded:
                # Not before the copy is gone: its photographs are the vault's files as they were.
                leave_first_format(engine, vault)
        unlocked = Unlocked(engine, vault, accounts, chain)
        return SqlCipherOpenStore(unlocked, signed_in, clinic.name, self._now, alarms)


def _chain(folder: Path, clinic: ClinicRow, data_key: DataKey) -> AuditChain:
    key = chain_key(clinic, data_key)
    return AuditChain(key, data_key.database_id, Anchor(folder / ANCHOR, key))


def _first_bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(DATABASE_ID_BYTES)
    except FileNotFoundError:
        return None


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _exists() -> StoreExists:
    return StoreExists("There is a store in this folder already.")
