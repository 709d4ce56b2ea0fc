"""Another data key for the same records, so that whoever knew the old one reads nothing new.

The steps, and what a kill between them leaves:

1. Nobody else has the database open, and nobody can open it (exclusive lock, no write-ahead log).
2. The key file gives everybody the new key, and with it the old one. Killed after this: the
   database is still under the old key; the next sign-in goes back to it.
3. SQLCipher re-encrypts the database in one transaction of its own. Killed within: its journal
   takes it back, under the old key. Killed after: the next sign-in goes on with step 4.
4. In one transaction the photographs' keys and the audit chain's key are sealed anew and the
   change is noted. Whether this was done is told by the chain's key: it opens under the new one.
5. The key file forgets the old key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from sqlcipher3 import dbapi2 as sqlcipher

from drscreen.adapters.store.audit import AuditTrail, reseal_chain_key
from drscreen.adapters.store.engine import keyed_connection, open_engine
from drscreen.adapters.store.faults import disk_errors, from_driver
from drscreen.adapters.store.key_file import KeyFile, read_key_file, write_key_file
from drscreen.adapters.store.keys import DataKey
from drscreen.adapters.store.photograph_keys import rewrap
from drscreen.adapters.store.seals import RowSeals
from drscreen.adapters.store.tables import ClinicRow
from drscreen.adapters.store.unlocked import Unlocked
from drscreen.adapters.store.vault import Vault
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import KeyChangeRefused, StoreDamaged


def change_key(
    database: Path, key_path: Path, old: DataKey, judge: Callable[[Any], None]
) -> DataKey:
    """Steps 1 to 3; `finish` does the rest. Returns the new data key.

    `judge` is handed the driver's connection once nobody else can write, and raises where the
    change may not be made.

    Raises `KeyChangeRefused` where somebody else has the records open or an account has not
    signed in since the first format; `StoreFull` and others where SQLCipher fails, after which
    everything is as before.
    """
    with _alone(database, old) as connection, disk_errors():
        judge(connection)
        keys = read_key_file(key_path)
        keys.check(old)
        _refuse_first_format(keys)
        new = DataKey.successor(old)
        write_key_file(key_path, keys.resealed(new, previous=old), new)
        try:
            connection.execute(
                f"PRAGMA rekey = \"x'{(new.database_key() + new.database_id).hex()}'\""
            )
        except sqlcipher.Error:
            write_key_file(key_path, keys, old)
            raise
    return new


def settled(database: Path, key_path: Path, keys: KeyFile, data_key: DataKey) -> DataKey:
    """The data key that the database is under, where a change was broken off; goes back to the
    old key if the database never left it. Raises a `StoreError`, `OSError`.
    """
    old = keys.previous_key(data_key)
    if old is None:
        return data_key
    # The old key first: with a journal left behind by a kill, opening is what rolls it back, and
    # only the old key reads it.
    if not _opens(database, old):
        return data_key
    with _alone(database, old):
        write_key_file(key_path, keys.resealed(old), old)
    return old


def finish(session: Session, clinic: ClinicRow, new: DataKey, old: DataKey) -> bool:
    """Step 4, within a transaction; False where it was done before. Raises `StoreError`."""
    try:
        reseal_chain_key(clinic, old, new)
    except InvalidTag:
        return False
    rewrap(session, old.vault_key(), new.vault_key())
    session.flush()
    return True


def forget_old_key(engine: Engine, key_path: Path, new: DataKey) -> None:
    """Step 5, under the write lock. Raises `OSError`, `DBAPIError`."""
    with engine.begin() as connection:
        connection.execute(select(1))
        keys = read_key_file(key_path)
        keys.check(new)
        write_key_file(key_path, keys.resealed(new), new)


def reseal(unlocked: Unlocked, new: DataKey, user: str, now: Callable[[], datetime]) -> Unlocked:
    """Steps 4 and 5 in a store that is open, as a sign-in would do them after a kill. Returns it
    under the new key. Raises `StoreError`, `OSError`, `DBAPIError`.
    """
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
            trail = AuditTrail(unlocked.audit, session, user, now())
            if finish(session, clinic, new, old):
                trail.note(AuditKind.DATA_KEY_CHANGED)
            session.flush()
        unlocked.audit.anchor.move(trail.head)
        forget_old_key(fresh.engine, accounts.path, new)
        on_failure.pop_all()
    return fresh


@contextmanager
def _alone(database: Path, key: DataKey) -> Iterator[Any]:
    """A connection that nobody can open another one beside. Raises `KeyChangeRefused`."""
    try:
        with closing(keyed_connection(database, key.database_key(), key.database_id)) as connection:
            _take(connection)
            yield connection
    except sqlcipher.Error as error:
        raise from_driver(error) from error


def _take(connection: Any) -> None:
    refused = KeyChangeRefused("The records are open in another window or program.")
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Leaving the write-ahead log takes every other connection's consent.
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode != "delete":
            raise refused
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")  # the lock outlives it in this locking mode
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    except sqlcipher.OperationalError as error:
        if "locked" in str(error):
            raise refused from error
        raise
    if mode != "delete":
        raise refused


def _opens(database: Path, key: DataKey) -> bool:
    with closing(keyed_connection(database, key.database_key(), key.database_id)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlcipher.OperationalError as error:
            # Somebody is changing the key right now: not a word about which one it is under.
            raise from_driver(error) from error
        except sqlcipher.DatabaseError:
            return False
    return True


def _refuse_first_format(keys: KeyFile) -> None:
    waiting = sorted(name for name, one in keys.envelopes.items() if one.is_first_format)
    if waiting:
        raise KeyChangeRefused(
            "These accounts must sign in once, or be given a new password, before the key can be "
            f"changed: {', '.join(waiting)}."
        )
    if keys.previous:
        raise StoreDamaged("A change of the key is under way already.")
