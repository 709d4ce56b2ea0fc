"""A SQLAlchemy engine over SQLCipher.

The plain SQLite dialect with sqlcipher3 as its module and our own `creator`: the dialect meant for
SQLCipher takes passphrases alone, and anything sent before the key makes the file unreadable.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlcipher3 import dbapi2 as sqlcipher

from drscreen.adapters.store.keys import DATABASE_ID_BYTES, KEY_BYTES

#: How long a transaction waits for another window's, in milliseconds. Ours take tens of them.
BUSY_TIMEOUT_MS = 5000
#: Pages kept decrypted by each connection: the lists and indices of a large clinic fit.
CACHE_KIB = 32 * 1024
#: How often it asks, in seconds.
_ASK_EVERY = 0.002
#: Execution options of a transaction that gives up at once where another window is writing.
NOT_WAITING = {"not_waiting": True}


def keyed_connection(path: Path, key: bytes, database_id: bytes, *, writable: bool = True) -> Any:
    """A driver's connection to the encrypted file at `path`, which must be there; may be empty.

    `database_id` is used as the file's salt, which is its first 16 bytes: so a file can be told
    to be ours before any key is known. Raises the driver's errors.
    """
    _check_lengths(key, database_id)
    connection = sqlcipher.connect(
        f"{path.absolute().as_uri()}?mode={'rw' if writable else 'ro'}",
        uri=True,
        isolation_level=None,  # transactions are begun by `_begin`, not by the driver
        check_same_thread=False,  # the pool hands a connection to one thread at a time
    )
    try:
        # Failures reach the caller as errors; SQLCipher would print them as well.
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{(key + database_id).hex()}'\"")
    except sqlcipher.Error:
        connection.close()
        raise
    return connection


def open_engine(path: Path, key: bytes, database_id: bytes) -> Engine:
    """An engine on the database at `path`; see `keyed_connection`. Opens nothing yet; any thread.

    Each transaction begins IMMEDIATE, because one that reads first and writes later would fail
    where another wrote in between.
    """
    _check_lengths(key, database_id)
    return _engine(lambda: keyed_connection(path, key, database_id))


def reading_engine(path: Path, key: bytes, database_id: bytes) -> Engine:
    """The same for a database that cannot be written, or must not be: it sees what is committed,
    what only the write-ahead log holds too, and refuses to change anything.
    """
    _check_lengths(key, database_id)

    def connect() -> Any:
        connection = keyed_connection(path, key, database_id, writable=False)
        try:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA query_only = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        except sqlcipher.Error:
            connection.close()
            raise
        return connection

    engine = _created(connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    event.listen(engine, "checkin", _leave_clean)
    return engine


def plain_engine(path: Path) -> Engine:
    """The same without encryption, for measuring what encryption costs."""
    return _engine(
        lambda: sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False)
    )


def _engine(opened: Callable[[], Any]) -> Engine:
    def connect() -> Any:
        connection = opened()
        try:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            # What is erased shall not be read from a free page by whoever gets the key later.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        except sqlcipher.Error:
            connection.close()
            raise
        return connection

    engine = _created(connect)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkin", _leave_clean)
    return engine


def _created(connect: Callable[[], Any]) -> Engine:
    return create_engine(
        "sqlite+pysqlite:///records",  # never looked at: the creator knows the file
        module=sqlcipher,
        creator=connect,
        hide_parameters=True,
    )


def _check_lengths(key: bytes, database_id: bytes) -> None:
    if len(key) != KEY_BYTES or len(database_id) != DATABASE_ID_BYTES:
        # SQLCipher takes a raw key of another length for a passphrase, without a word.
        raise ValueError("a raw key has 32 bytes and its salt 16")


#: A connection with this execution option only reads: it takes no lock that others wait for.
READING = {"drscreen_reading": True}


def _begin(connection: Connection) -> None:
    """Take the write lock, asking for it often.

    SQLite's own waiting asks ten times a second: beside a window that records one photograph after
    the other, another one was refused after five seconds (measured) without ever finding the
    moment between two.
    """
    driver: Any = connection.connection.driver_connection
    options = connection.get_execution_options()
    if READING.items() <= options.items():
        driver.execute("BEGIN")
        return
    patience = 0 if options.get("not_waiting") else BUSY_TIMEOUT_MS
    deadline = time.monotonic() + patience / 1000
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < deadline:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlcipher.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlcipher.SQLITE_BUSY:
                    break
            time.sleep(_ASK_EVERY)
        # Once more by way of SQLAlchemy, for its errors.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _leave_clean(driver: Any, _record: object) -> None:
    """A COMMIT that fails leaves SQLite's transaction open, and SQLAlchemy takes it for ended: the
    next to get this connection could not begin, and no other window could write.
    """
    if driver is not None:
        driver.rollback()


def checkpoint(engine: Engine, *, wait: bool = False) -> None:
    """Move the write-ahead log into the database and empty it, if nobody else is using it.

    A flipped bit in the log can lose committed rows silently (measured), so it is kept short.
    Never raises: what it would have moved is committed already. Never waits, unless asked to, and
    then as long as a transaction does.
    """
    with suppress(DBAPIError), engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS if wait else 0}")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlcipher.Error:
            return
        finally:
            driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
