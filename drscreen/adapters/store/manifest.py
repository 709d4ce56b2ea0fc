"""A backup's manifest: what belongs to it, byte for byte. Nothing of a patient, no secret."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drscreen.adapters.store.files import write_durably
from drscreen.domain.backup import Backup
from drscreen.domain.errors import BackupDamaged, BackupMissing
from drscreen.regular_files import (
    LargerThanPossible,
    NotRegular,
    is_regular,
    open_regular,
    read_regular,
)

FORMAT = "drscreen-backup"
VERSION = 1
MANIFEST = "manifest.json"
DATABASE = "records.db"
KEY_FILE = "keys.json"
#: What lies in a backup's own folder besides the manifest.
FILES = {DATABASE, KEY_FILE}
#: The list of over a million photographs.
_MANIFEST_MAX = 160_000_000


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as it was written."""

    size: int
    sha256: str

    @staticmethod
    def of(content: bytes) -> FileEntry:
        """The entry of a file with that content."""
        return FileEntry(len(content), hashlib.sha256(content).hexdigest())

    @staticmethod
    def of_file(path: Path) -> FileEntry:
        """The entry of a file that may be large. Raises `OSError`."""
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            return FileEntry(size, hashlib.file_digest(file, "sha256").hexdigest())

    def fits(self, path: Path) -> bool:
        """Whether a file of this size lies there; it is not read. Raises `OSError`."""
        return is_regular(path) and path.lstat().st_size == self.size

    def describes(self, path: Path) -> bool:
        """Whether this very file lies there. Nothing is read of one of another size or kind.

        Raises `OSError`.
        """
        try:
            with open_regular(path) as file:
                return (
                    os.fstat(file.fileno()).st_size == self.size
                    and hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
                )
        except (FileNotFoundError, NotADirectoryError, NotRegular):
            return False


@dataclass(frozen=True, slots=True)
class Manifest:
    """`photographs` by vault name, which lie on the shelf; `files` in the backup's own folder."""

    database_id: bytes
    created: datetime
    schema: str
    files: Mapping[str, FileEntry]
    photographs: Mapping[str, FileEntry]

    def backup(self, name: str) -> Backup:
        """What a person wants to know of it."""
        return Backup(
            name,
            self.created,
            self.schema,
            len(self.photographs),
            sum(entry.size for entry in self.files.values()),
        )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Durably. Raises `OSError`."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "database": manifest.database_id.hex(),
        "created": manifest.created.astimezone(UTC).isoformat(),
        "schema": manifest.schema,
        "files": _listed(manifest.files),
        "photographs": _listed(manifest.photographs),
    }
    write_durably(folder / MANIFEST, _rendered(content))


def read_manifest(folder: Path) -> Manifest:
    """Raises `BackupMissing`, `BackupDamaged`, `OSError`; any changed byte is damage."""
    try:
        data = read_regular(folder / MANIFEST, _MANIFEST_MAX)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BackupMissing("There is no backup of that name in this folder.") from error
    except (NotRegular, LargerThanPossible) as error:
        raise _damaged() from error
    try:
        content = json.loads(data)
        intact = _rendered(content) == data and content["format"] == FORMAT
        if not intact:
            raise ValueError
        if content["version"] != VERSION:
            raise BackupDamaged("The backup was made by a newer drscreen.")
        if set(content["files"]) != FILES or not all(map(is_vault_name, content["photographs"])):
            raise ValueError  # a name that leads elsewhere
        return Manifest(
            bytes.fromhex(content["database"]),
            datetime.fromisoformat(content["created"]),
            content["schema"],
            {name: FileEntry(*entry) for name, entry in content["files"].items()},
            {name: FileEntry(*entry) for name, entry in content["photographs"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged() from error


def _damaged() -> BackupDamaged:
    return BackupDamaged("The list of what belongs to the backup is damaged.")


def is_vault_name(name: str) -> bool:
    """Whether files of the vault are called so; anything else could lead elsewhere."""
    return len(name) == 32 and set(name) <= set("0123456789abcdef")


def _listed(entries: Mapping[str, FileEntry]) -> dict[str, list[object]]:
    return {name: [entry.size, entry.sha256] for name, entry in entries.items()}


def _rendered(content: dict[str, Any]) -> bytes:
    body = {name: value for name, value in dict(content).items() if name != "sha256"}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    body["sha256"] = hashlib.sha256(canonical).hexdigest()
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"
