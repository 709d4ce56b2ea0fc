"""A copy of the database while it is in use: SQLite's online backup between keyed connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from drscreen.adapters.store.engine import BUSY_TIMEOUT_MS, keyed_connection
from drscreen.adapters.store.faults import from_driver
from drscreen.adapters.store.files import UNFINISHED, sync_file, sync_folder
from drscreen.adapters.store.keys import DataKey
from drscreen.domain.errors import StoreDamaged


@contextmanager
def pinned(source: Path, data_key: DataKey) -> Iterator[Any]:
    """A connection that goes on seeing `source` as it is committed now, whoever writes meanwhile.

    Raises `StoreDamaged`, `StoreUnwritable`.
    """
    try:
        reading = keyed_connection(source, data_key.database_key(), data_key.database_id)
        with closing(reading):
            reading.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield reading
    except sqlcipher.Error as error:
        raise from_driver(error) from error


def copy_database(reading: Any, target: Path, data_key: DataKey) -> None:
    """Put what a `pinned` connection sees at `target`, under the same key, read back and synced.

    Writers in other transactions are neither waited for nor held up. The target is whole or not
    there. Raises `StoreFull`, `StoreUnwritable`, `StoreDamaged`, `OSError`.
    """
    unfinished = target.with_name(target.name + UNFINISHED)
    # Half a copy, left by a kill, would be taken for a damaged database.
    unfinished.unlink(missing_ok=True)
    try:
        unfinished.touch(mode=0o600)
        _copy(reading, unfinished, data_key)
        check_database(unfinished, data_key)
        sync_file(unfinished)
        unfinished.replace(target)
    except sqlcipher.Error as error:
        raise from_driver(error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(target.parent)


def _copy(reading: Any, target: Path, data_key: DataKey) -> None:
    writing = keyed_connection(target, data_key.database_key(), data_key.database_id)
    with closing(writing):
        # Nobody reads the target before it is renamed: a journal of it would only be litter.
        writing.execute("PRAGMA journal_mode = OFF")
        writing.execute("PRAGMA synchronous = OFF")
        reading.backup(writing)


def check_database(path: Path, data_key: DataKey) -> None:
    """Read every page of a database that nobody else has open.

    Raises `StoreDamaged` or the driver's error.
    """
    with closing(keyed_connection(path, data_key.database_key(), data_key.database_id)) as reading:
        # A copy carries the original's journal mode, and a write-ahead log would be litter too.
        reading.execute("PRAGMA journal_mode = DELETE")
        if reading.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise StoreDamaged("The records do not read back as they were written.")
