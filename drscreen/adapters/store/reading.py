"""Records whose disk is full or cannot be written: opened for reading, and nothing is changed.

Nobody may be locked out of a patient's record by a full disk. Where the database can be opened as
it lies, it is. Where it cannot (its write-ahead log needs a file beside it that there is no room
for, or an earlier program's schema must be upgraded first) a copy of it, log included, is read in
memory: reading the database without its log would serve what was true some time ago.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from drscreen.adapters.store.accounts import Accounts
from drscreen.adapters.store.audit import LOOKING, AuditChain, AuditTrail
from drscreen.adapters.store.engine import open_engine, reading_engine
from drscreen.adapters.store.faults import from_disk
from drscreen.adapters.store.files import unfinished_name
from drscreen.adapters.store.key_file import KeyFile
from drscreen.adapters.store.keys import DataKey
from drscreen.adapters.store.migrate import HEAD, bring_up_to_date
from drscreen.adapters.store.vault import Stored, Vault
from drscreen.domain.audit import Alarm, AuditEvent, AuditKind
from drscreen.domain.errors import StoreDamaged, StoreError, StoreFull, StoreUnwritable

#: A database with its log and, where a change of the key was broken off, its journal.
_PARTS = ("", "-wal", "-journal")
_PROBE = bytes(65_536)
#: Where the system keeps files in memory, if it does.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a private folder is made in it, for ciphertext


@dataclass(frozen=True, slots=True)
class Reading:
    """How records are read that cannot be written. `is_full` says why.

    `end` lets go of a copy; `is_current` is false once the original was changed behind it.
    """

    engine: Engine = field(repr=False)
    data_key: DataKey = field(repr=False)
    database: Path
    is_full: bool
    is_current: Callable[[], bool]
    end: Callable[[], None]

    @property
    def alarm(self) -> Alarm:
        """What is said loudly, at sign-in and for as long as it lasts."""
        return Alarm.DISK_FULL if self.is_full else Alarm.DISK_UNWRITABLE

    def refusal(self) -> StoreError:
        """Why nothing is saved."""
        if self.is_full:
            return StoreFull("The disk is full. The records are open for reading only now.")
        return StoreUnwritable(
            "The disk cannot be written. The records are open for reading only now."
        )

    def event(self, user: str, moment: datetime) -> AuditEvent:
        """The alarm, which is in no chain."""
        details = {"alarm": self.alarm.value}
        return AuditEvent(0, moment, user, AuditKind.ALARM.value, "", details)

    @contextmanager
    def refused(self) -> Iterator[None]:
        """Within: what SQLite refuses to change is refused as what it is."""
        try:
            yield
        except DBAPIError as error:
            if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == 8:  # SQLITE_READONLY
                raise self.refusal() from error
            raise

    def check_current(self) -> None:
        """Raise `StoreError` where others have written since: older data is never shown as new."""
        if not self.is_current():
            raise StoreError("The disk can be written again, and was. Sign in again.")


def open_for_reading(
    database: Path, keys: KeyFile, data_key: DataKey, cause: StoreError
) -> Reading:
    """Open what a sign-in could not, because of `cause`.

    SQLite says of some failures to write that the disk has a fault, and not every folder that
    cannot be used lies on a disk that cannot be written: a probe tells. Raises `cause`, also where
    there is no room for a copy in memory; `StoreDamaged`.
    """
    refused = unwritable(database.parent)
    if refused is None and not isinstance(cause, StoreFull) and os.access(database, os.W_OK):
        raise cause
    is_full = isinstance(cause, StoreFull) or isinstance(refused, StoreFull)
    previous = keys.previous_key(data_key)
    candidates = [key for key in (previous, data_key) if key is not None]
    for key in candidates:
        engine = reading_engine(database, key.database_key(), key.database_id)
        if _is_usable(engine):
            return Reading(engine, key, database, is_full, lambda: True, _nothing)
        engine.dispose()
    return _copied(database, candidates, cause, is_full=is_full)


def unwritable(folder: Path) -> StoreError | None:
    """Why nothing can be written into a folder; None where it can."""
    probe = folder / unfinished_name()
    try:
        with probe.open("xb") as file:
            file.write(_PROBE)
    except OSError as error:
        return from_disk(error)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def _is_usable(engine: Engine) -> bool:
    try:
        with engine.begin() as connection:
            return connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [
                HEAD
            ]
    except DBAPIError:
        return False


def _copied(
    database: Path, candidates: list[DataKey], cause: StoreError, *, is_full: bool
) -> Reading:
    place = _room(database, cause)
    try:
        state = _copy(database, Path(place.name))
        copy = Path(place.name) / database.name
        for key in candidates:
            engine = open_engine(copy, key.database_key(), key.database_id)
            try:
                with engine.begin() as connection:
                    bring_up_to_date(connection, lambda _schema: None)
            except DBAPIError:
                engine.dispose()
                continue
            engine.dispose()
            return Reading(
                reading_engine(copy, key.database_key(), key.database_id),
                key,
                copy,
                is_full,
                lambda: _state(database) == state,
                place.cleanup,
            )
        raise StoreDamaged("The records do not read back as they were written.")
    except BaseException:
        place.cleanup()
        raise


def _room(database: Path, cause: StoreError) -> tempfile.TemporaryDirectory[str]:
    """A private folder for the copy; what is in it is as encrypted as the original."""
    needed = 2 * sum(_size(database, part) for part in _PARTS)
    for folder in (_MEMORY, None):
        with suppress(OSError):
            place = Path(folder or tempfile.gettempdir())
            if shutil.disk_usage(place).free > needed:
                return tempfile.TemporaryDirectory(prefix="drscreen-reading-", dir=place)
    raise cause


def _copy(database: Path, place: Path) -> list[tuple[int, int] | None]:
    """Copy the database with its log, as of one moment; that moment's `_state`."""
    for _ in range(20):
        before = _state(database)
        try:
            for part in _PARTS:
                source = database.with_name(database.name + part)
                if source.exists():
                    shutil.copyfile(source, place / source.name)
        except OSError as error:
            raise from_disk(error) from error
        if _state(database) == before:
            return before
        time.sleep(0.1)
    raise StoreError("The records are in use by another window. Try again in a moment.")


def _state(database: Path) -> list[tuple[int, int] | None]:
    """What changes when somebody writes: sizes and times of the database's files."""
    found: list[tuple[int, int] | None] = []
    for part in _PARTS:
        try:
            status = database.with_name(database.name + part).stat()
            found.append((status.st_size, status.st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return found


def _size(database: Path, part: str) -> int:
    with suppress(OSError):
        return database.with_name(database.name + part).stat().st_size
    return 0


def _nothing() -> None:
    """There is no copy to let go of."""


class ReadingVault(Vault):
    """A vault that is read; what would be put into it or taken from it stays as it is."""

    def __init__(self, folder: Path, key: bytes, refusal: Callable[[], StoreError]) -> None:
        super().__init__(folder, key)
        self._refusal = refusal

    def put_back(self, name: str, content: bytes) -> None:
        """Raises the refusal."""
        raise self._refusal()

    def write_thumbnail(self, stored: Stored, data: bytes) -> None:
        """It is made again the next time."""

    def remove(self, name: str) -> None:
        """Nothing is removed."""

    def put_aside(self, names: set[str]) -> int:
        """Nothing is moved."""
        return 0

    def keep_apart(self, names: set[str]) -> int:
        """Nothing is moved, and so nothing said: it will be when the disk can be written."""
        return 0


class ReadingAccounts(Accounts):
    """Accounts whose key file is read alone."""

    def __init__(self, accounts: Accounts, refusal: Callable[[], StoreError]) -> None:
        super().__init__(accounts.path, accounts.data_key, accounts.cost)
        self._refusal = refusal

    def _write(self, keys: KeyFile) -> None:
        raise self._refusal()


class ReadingTrail(AuditTrail):
    """Notes nothing: what is only looked at goes on, what would change something is refused."""

    def __init__(
        self,
        chain: AuditChain,
        session: Session,
        actor: str,
        moment: datetime,
        refusal: Callable[[], StoreError],
    ) -> None:
        super().__init__(chain, session, actor, moment)
        self._refusal = refusal

    def note(self, kind: AuditKind, subject: str = "", **details: str) -> None:
        """Raises the refusal, unless somebody only looks."""
        if kind not in LOOKING:
            raise self._refusal()
