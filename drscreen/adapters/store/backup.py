"""Making a backup while others work: the database as of one moment, and what is new of the vault.

Where it lies is told in `clinic_folder`. A vault's file is never changed after it was written and
its name is random, so a file of that name and hash on the shelf is the file: a nightly backup
copies only what is new. All of it is ciphertext, and it may lie anywhere, on a network share too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TextIO

from sqlalchemy import Engine

from drscreen.adapters.store.clinic_folder import COPIED, ClinicFolder, own_folder
from drscreen.adapters.store.copying import copy_database, pinned
from drscreen.adapters.store.engine import keyed_connection
from drscreen.adapters.store.files import write_durably
from drscreen.adapters.store.key_file import KEY_FILE_MAX, read_key_file
from drscreen.adapters.store.keys import DataKey
from drscreen.adapters.store.lock_file import Occupied, locked
from drscreen.adapters.store.manifest import (
    DATABASE,
    FILES,
    KEY_FILE,
    FileEntry,
    Manifest,
    read_manifest,
    write_manifest,
)
from drscreen.adapters.store.shelf import shelf_errors
from drscreen.adapters.store.strays import put_strays_aside
from drscreen.adapters.store.vault import Stored, Vault
from drscreen.adapters.store.vault_care import Recorded, current_name
from drscreen.domain.backup import BackupReport
from drscreen.domain.errors import BackupError, BackupRunning, PhotographLost, StoreDamaged
from drscreen.domain.image import Laterality
from drscreen.domain.integrity import PhotographProblem
from drscreen.regular_files import read_regular

_LOCK = "backup.lock"
_RECORDED = """
    SELECT p.vault_name, p.sealed_key, p.uuid, p.sha256, t.mrn, e.day, p.eye
    FROM photographs p JOIN exams e ON e.id = p.exam_id JOIN patients t ON t.id = e.patient_id
    ORDER BY p.id
"""


@dataclass(frozen=True, slots=True)
class Source:
    """An open store as a backup needs it."""

    folder: Path
    engine: Engine
    vault: Vault
    data_key: DataKey


def make_backup(
    source: Source, named: Path, keep: int, moment: datetime, step: Callable[[], None]
) -> BackupReport:
    """Copy the store to its own folder in the one that is named, read back what was written, then
    let go of the oldest.

    `step` is called after each photograph. A killed backup leaves the others whole and what it had
    copied for the next one. Raises `BackupError`, `StoreDamaged`, `StoreUnwritable`, `DBAPIError`.
    """
    if source.folder in (named.resolve(), *named.resolve().parents):
        raise BackupError("A backup inside the records' own folder would be lost together with it.")
    with shelf_errors(), _alone(source.folder):
        database_id = source.data_key.database_id
        shelf = own_folder(named, database_id)
        shelf.shrink_unfinished(database_id)
        put_strays_aside(source.engine, source.vault)
        name = shelf.next_name(moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"), database_id)
        building = shelf.begin(name, database_id)
        try:
            schema = _copy_database(source, building)
            with (building / COPIED).open("x", encoding="ascii") as copied:
                photographs = _Photographs(source, shelf, copied)
                for one in _recorded(building / DATABASE, source.data_key):
                    photographs.copy(one)
                    step()
            files = {file: FileEntry.of_file(building / file) for file in sorted(FILES)}
            manifest = Manifest(database_id, moment, schema, files, photographs.entries)
            write_manifest(building, manifest)
            shelf.finish(building)
        except BaseException:
            with suppress(OSError):
                shelf.shrink_unfinished(database_id)
            raise
        read_manifest(shelf.place(name))
        return BackupReport(
            manifest.backup(name),
            photographs.copied,
            photographs.copied_bytes,
            shelf.keep_newest(keep, database_id),
            tuple(photographs.problems),
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time; a program that dies lets go (SQLite's lock is the system's own)."""
    try:
        with locked(folder / _LOCK, 0):
            yield
    except Occupied as error:
        raise BackupRunning("Another window is making a backup.") from error


def _copy_database(source: Source, building: Path) -> str:
    """Key file and database as of one moment: both are changed only under the write lock.

    Returns the schema.
    """
    with ExitStack() as stack:
        with source.engine.begin():
            reading = stack.enter_context(pinned(source.folder / DATABASE, source.data_key))
            write_durably(building / KEY_FILE, read_regular(source.folder / KEY_FILE, KEY_FILE_MAX))
        if read_key_file(building / KEY_FILE).database_id != source.data_key.database_id:
            raise StoreDamaged("The records and their key file do not belong together.")
        copy_database(reading, building / DATABASE, source.data_key)
        (schema,) = reading.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(schema)


def _recorded(database: Path, data_key: DataKey) -> Iterator[Recorded]:
    """Every photograph that the copy of the database knows."""
    with closing(
        keyed_connection(database, data_key.database_key(), data_key.database_id)
    ) as reading:
        for name, sealed_key, photograph, sha256, mrn, day, eye in reading.execute(_RECORDED):
            yield Recorded(
                Stored(name, sealed_key, photograph, sha256),
                mrn,
                date.fromisoformat(day),
                Laterality(eye),
            )


class _Photographs:
    """The vault's part of a backup: what lies on the shelf already, and what must be copied."""

    def __init__(self, source: Source, shelf: ClinicFolder, copied: TextIO) -> None:
        self._source = source
        self._shelf = shelf
        self._list = copied
        self._known = shelf.known_photographs()
        self.entries: dict[str, FileEntry] = {}
        self.problems: list[PhotographProblem] = []
        self.copied = 0
        self.copied_bytes = 0

    def copy(self, one: Recorded) -> None:
        """See to it that the photograph lies on the shelf. Raises `BackupError`, `OSError`."""
        name = one.stored.name
        known = self._known.get(name)
        if known is not None and self._shelf.has(name, known):
            self.entries[name] = known
            return
        try:
            content = self._source.vault.content(name)
            # Read once more as a photograph: what cannot be shown is not worth keeping as a copy.
            self._source.vault.opened(one.stored, content)
        except PhotographLost as error:
            self._lost(one, error)
            return
        # Listed first: were it copied first and the program killed, nobody would remove it.
        self._list.write(name + "\n")
        self._list.flush()
        self.entries[name] = self._shelf.put(name, content)
        self.copied += 1
        self.copied_bytes += len(content)

    def _lost(self, one: Recorded, error: PhotographLost) -> None:
        now = current_name(self._source.engine, one.stored.photograph_id)
        if now == one.stored.name:
            self.problems.append(one.problem(error.fault))
        elif now is not None:
            raise BackupError("Photographs were being encrypted anew. Make the backup again.")
