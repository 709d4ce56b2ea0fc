"""What SQLite and the operating system report, as errors a nurse understands.

The texts are our own: a database's or system's message may hold values or paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from sqlalchemy.exc import DBAPIError

from drscreen.domain.errors import (
    StoreBlocked,
    StoreDamaged,
    StoreError,
    StoreFull,
    StorePathTooLong,
    StoreReadOnly,
    StoreRightMissing,
    StoreUnwritable,
)
from drscreen.domain.errors.disk import DiskReason, reason_of


class _Code(IntEnum):
    """SQLite's primary result codes, https://www.sqlite.org/rescode.html."""

    ERROR = 1
    PERM = 3
    BUSY = 5
    LOCKED = 6
    READONLY = 8
    IOERR = 10
    CORRUPT = 11
    FULL = 13
    CANTOPEN = 14
    NOTADB = 26


#: Extended codes that speak of writing alone, as on a disk that became read-only or met its quota:
#: IOERR_WRITE, _FSYNC, _DIR_FSYNC, _TRUNCATE, _DELETE, _SHMOPEN, _SHMSIZE, _SHMLOCK, _SHMMAP.
_NOT_WRITTEN = frozenset(_Code.IOERR | n << 8 for n in (3, 4, 5, 6, 10, 18, 19, 20, 21))


def from_database(error: DBAPIError) -> StoreError:
    """The store error that says what the database's means."""
    return from_driver(error.orig)


def from_driver(error: BaseException | None) -> StoreError:
    """The same for an error of the driver itself."""
    code = getattr(error, "sqlite_errorcode", 0)
    # The low byte of an extended code is its primary code.
    match _Code.READONLY if code in _NOT_WRITTEN else code & 0xFF:
        case _Code.FULL:
            return StoreFull(_FULL)
        case _Code.PERM | _Code.READONLY | _Code.CANTOPEN:
            return StoreUnwritable("The records cannot be written; nothing was saved.")
        case _Code.ERROR | _Code.CORRUPT | _Code.NOTADB:
            return StoreDamaged("The records do not read back as they were written.")
        case _Code.IOERR:
            return StoreDamaged("The disk reported a fault while the records were in use.")
        case _Code.BUSY | _Code.LOCKED:
            return StoreError("The records are in use by another window. Try again in a moment.")
        case _:
            return StoreError("The records refused the change.")


_FULL = "The disk is full; the record was not saved."
_BY_REASON: dict[DiskReason, tuple[type[StoreError], str]] = {
    DiskReason.FULL: (StoreFull, _FULL),
    DiskReason.NO_SHARE_LEFT: (StoreFull, "Your share of the disk is used up; nothing was saved."),
    DiskReason.TOO_LONG: (
        StorePathTooLong,
        "The path of the records' folder is too long for this system.",
    ),
    DiskReason.NOT_A_FOLDER: (
        StoreBlocked,
        "A file stands where the folder of the records belongs.",
    ),
    DiskReason.THERE_ALREADY: (
        StoreBlocked,
        "A file stands where the folder of the records belongs.",
    ),
    DiskReason.IS_A_FOLDER: (
        StoreBlocked,
        "A folder stands where a file of the records belongs.",
    ),
    DiskReason.NOT_ALLOWED: (
        StoreRightMissing,
        "The right to read or write the folder of the records is missing.",
    ),
    DiskReason.READ_ONLY: (
        StoreReadOnly,
        "The disk of the records can only be read, not written.",
    ),
}


def from_disk(error: OSError) -> StoreError:
    """The store error that says what the operating system's means."""
    reason = reason_of(error)
    kind, told = _BY_REASON.get(reason, (StoreUnwritable, ""))
    return kind(told or f"The folder of the records cannot be read or written. {reason}")


@contextmanager
def database_errors() -> Iterator[None]:
    """Within: SQLAlchemy's database errors become store errors."""
    try:
        yield
    except DBAPIError as error:
        raise from_database(error) from error


@contextmanager
def disk_errors() -> Iterator[None]:
    """Within: the operating system's errors become store errors."""
    try:
        yield
    except OSError as error:
        raise from_disk(error) from error
