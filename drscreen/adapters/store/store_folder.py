"""Where the parts of a store lie below its home, and how each is looked at or opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from drscreen.adapters.store.accounts import Accounts
from drscreen.adapters.store.anchor import Anchor
from drscreen.adapters.store.audit import AuditChain, chain_key
from drscreen.adapters.store.engine import open_engine
from drscreen.adapters.store.faults import disk_errors
from drscreen.adapters.store.key_change import settled
from drscreen.adapters.store.key_file import KeyFile, read_or_copy
from drscreen.adapters.store.keys import DATABASE_ID_BYTES, DataKey, KeyCost
from drscreen.adapters.store.tables import ClinicRow
from drscreen.adapters.store.witness import witnesses
from drscreen.domain.audit import Alarm
from drscreen.domain.errors import StoreDamaged, StoreForeign
from drscreen.regular_files import NotRegular, is_regular, open_regular

FOLDER = "store"
DATABASE = "records.db"
KEY_FILE = "keys.json"
VAULT = "vault"
ANCHOR = "audit.head"
ATTEMPTS = "attempts.json"

#: What every SQLite file that is not encrypted begins with (https://www.sqlite.org/fileformat.html).
_PLAIN_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """`<home>/store`. `machine` is a folder outside the home for what this machine remembers of it;
    `cost` is what new envelopes cost to open.
    """

    home: Path
    machine: Path | None
    cost: KeyCost

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.home / FOLDER

    @property
    def database(self) -> Path:
        """The encrypted database."""
        return self.path / DATABASE

    @property
    def key_file(self) -> Path:
        """The envelopes of the data key."""
        return self.path / KEY_FILE

    @property
    def vault(self) -> Path:
        """The folder of the encrypted photographs."""
        return self.path / VAULT

    def exists(self) -> bool:
        """Whether a database or a key file stands here, be it whole or not.

        Raises `StoreUnwritable` where the folder may not be looked into.
        """
        with disk_errors():
            return self.database.exists() or self.key_file.exists()

    def checked_key_file(self) -> tuple[KeyFile, Alarm | None]:
        """The key file of the database that stands here. No password is needed to tell whether
        they belong together: the database's first bytes are the id that the key file names.
        """
        with disk_errors():
            head = _first_bytes(self.database)
            _refuse_odd_companions(self.database)
            if head is not None and head == _PLAIN_SQLITE:
                raise StoreForeign("Another program's database stands in the place of the records.")
            try:
                keys, said = read_or_copy(self.key_file)
            except FileNotFoundError:
                raise StoreDamaged("The key file of the records is missing.") from None
        if head is None:
            raise StoreDamaged("The database of the records is missing.")
        if head != keys.database_id:
            raise StoreForeign("The file in the place of the records is not their database.")
        return keys, said

    def settled(self, keys: KeyFile, data_key: DataKey) -> DataKey:
        """The data key that the database is under, where a change was broken off."""
        with disk_errors():
            return settled(self.database, self.key_file, keys, data_key)

    def engine(self, data_key: DataKey) -> Engine:
        """Connections to the database; nothing is opened yet."""
        return open_engine(self.database, data_key.database_key(), data_key.database_id)

    def accounts(self, data_key: DataKey) -> Accounts:
        """The key file's accounts, under that data key."""
        return Accounts(self.key_file, data_key, self.cost)

    def chain(
        self, clinic: ClinicRow, data_key: DataKey, former: DataKey | None = None
    ) -> AuditChain:
        """The audit chain, with all that remembers outside the database where it ended."""
        key = chain_key(clinic, data_key, former)
        outside = witnesses(self.home, self.machine, data_key.database_id)
        anchor = Anchor(self.path / ANCHOR, key, outside)
        return AuditChain(key, data_key.database_id, anchor)


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
