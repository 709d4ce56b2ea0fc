"""One program at a time, on any system: SQLite's own lock on an empty file, which the system takes
back from a program that dies.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from drscreen.regular_files import NotRegular, is_regular


class Occupied(Exception):
    """Another program has the lock, and did not let go in time."""


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock of the file at `path`, made where there is none; waits so long for it.

    Threads of one program keep each other out too. Not to be taken twice by one of them. Raises
    `Occupied`, and `OSError` where the file cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if not is_regular(path):
        raise NotRegular(path)
    with closing(sqlite3.connect(path, timeout=seconds, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise Occupied from error
            raise OSError(f"{path.name} cannot be locked") from error
        except sqlite3.DatabaseError as error:
            raise OSError(f"{path.name} is not a file to be locked") from error
        yield
