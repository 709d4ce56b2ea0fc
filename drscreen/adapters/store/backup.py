"""Making a backup while others work: the database as of one moment, and what is new of the vault.

    <shelf>/photographs/ab/ab...      the vault's files, each once, whatever backup needs it
    <shelf>/20261125T020000Z/         one backup: records.db, keys.json, manifest.json

A vault's file is never changed after it was written and its name is random, so a file of that name
and hash on the shelf is the file: a nightly backup copies only what is new. All of it is
ciphertext, and the shelf may lie anywhere, on a network share too.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from drscreen.adapters.store.copying import copy_database, pinned
from drscreen.adapters.store.engine import keyed_connection
from drscreen.adapters.store.files import UNFINISHED, sync_folder, write_durably
from drscreen.adapters.store.key_file import read_key_file
from drscreen.adapters.store.keys import DataKey
from drscreen.adapters.store.manifest import (
    DATABASE,
    FILES,
    KEY_FILE,
    FileEntry,
    Manifest,
    write_manifest,
)
from drscreen.adapters.store.shelf import Shelf, shelf_errors
from drscreen.adapters.store.vault import Stored, Vault
from drscreen.adapters.store.vault_care import Recorded, current_name, put_strays_aside
from drscreen.domain.backup import BackupReport
from drscreen.domain.errors import BackupError, BackupRunning, PhotographLost, StoreDamaged
from drscreen.domain.image import Laterality
from drscreen.domain.integrity import PhotographProblem

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
    source: Source, shelf: Shelf, keep: int, moment: datetime, step: Callable[[], None]
) -> BackupReport:
    """Copy the store to the shelf, read back what was written, then let go of the oldest.

    `step` is called after each photograph. A killed backup leaves the shelf's others whole and
    what it had copied for the next one. Raises `BackupError`, `StoreDamaged`,
    `StoreUnwritable`, `DBAPIError`.
    """
    if source.folder in (shelf.folder.resolve(), *shelf.folder.resolve().parents):
        raise BackupError("A backup inside the records' own folder would be lost together with it.")
    with shelf_errors(), _alone(source.folder):
        shelf.prepare()
        put_strays_aside(source.engine, source.vault)
        name = shelf.next_name(moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"))
        building = shelf.folder / (name + UNFINISHED)
        building.mkdir(mode=0o700)
        try:
            schema = _copy_database(source, building)
            photographs = _Photographs(source, shelf)
            for one in _recorded(building / DATABASE, source.data_key):
                photographs.copy(one)
                step()
            files = {file: FileEntry.of_file(building / file) for file in sorted(FILES)}
            manifest = Manifest(
                source.data_key.database_id, moment, schema, files, photographs.entries
            )
            write_manifest(building, manifest)
            building.rename(shelf.folder / name)
            sync_folder(shelf.folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        shelf.manifest(name)
        return BackupReport(
            manifest.backup(name),
            photographs.copied,
            photographs.copied_bytes,
            shelf.keep_newest(keep),
            tuple(photographs.problems),
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time; a program that dies lets go (SQLite's lock is the system's own)."""
    lock = folder / _LOCK
    with closing(sqlite3.connect(lock, timeout=0)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BackupRunning("Another window is making a backup.") from error
        yield


def _copy_database(source: Source, building: Path) -> str:
    """Key file and database as of one moment: both are changed only under the write lock.

    Returns the schema.
    """
    with ExitStack() as stack:
        with source.engine.begin():
            reading = stack.enter_context(pinned(source.folder / DATABASE, source.data_key))
            write_durably(building / KEY_FILE, (source.folder / KEY_FILE).read_bytes())
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

    def __init__(self, source: Source, shelf: Shelf) -> None:
        self._source = source
        self._shelf = shelf
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
        self.entries[name] = self._shelf.put(name, content)
        self.copied += 1
        self.copied_bytes += len(content)

    def _lost(self, one: Recorded, error: PhotographLost) -> None:
        now = current_name(self._source.engine, one.stored.photograph_id)
        if now == one.stored.name:
            self.problems.append(one.problem(error.fault))
        elif now is not None:
            raise BackupError("Photographs were being encrypted anew. Make the backup again.")
