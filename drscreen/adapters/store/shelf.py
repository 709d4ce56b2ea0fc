"""The folder of backups: list, verify, restore, let go. No password: all of it is ciphertext."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from drscreen.adapters.store.faults import from_disk
from drscreen.adapters.store.files import UNFINISHED, sync_file, sync_folder, write_durably
from drscreen.adapters.store.key_file import read_key_file
from drscreen.adapters.store.keys import DATABASE_ID_BYTES
from drscreen.adapters.store.manifest import (
    DATABASE,
    KEY_FILE,
    FileEntry,
    Manifest,
    read_manifest,
)
from drscreen.adapters.store.place import refuse_network_share
from drscreen.domain.backup import Backup, BackupCheck
from drscreen.domain.errors import (
    BackupDamaged,
    BackupError,
    BackupMissing,
    BackupUnwritable,
    StoreDamaged,
    StoreExists,
    StoreFull,
)

STORE = "store"
VAULT = "vault"
_PHOTOGRAPHS = "photographs"
_NAME = re.compile(r"\d{8}T\d{6}Z(-\d{4})?")


class Shelf:
    """Backups under `folder`. One thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def backups(self) -> list[Backup]:
        """All that are finished, newest first; one whose list is damaged is left out.

        Raises `BackupUnwritable`.
        """
        found = []
        for name in self._names():
            try:
                found.append(self.manifest(name).backup(name))
            except BackupError:
                continue
        return found

    def verify(self, name: str, step: Callable[[], None]) -> BackupCheck:
        """Read every byte of a backup; `step` is called after each photograph.

        An empty name means the newest. Raises `BackupMissing`, `BackupDamaged`, `BackupUnwritable`.
        """
        name = name or self._newest()
        manifest = self.manifest(name)
        with shelf_errors():
            for file, entry in manifest.files.items():
                with _damage_named(file):
                    if FileEntry.of_file(self.folder / name / file) != entry:
                        raise ValueError
            self._check_belonging(name, manifest)
            damaged = 0
            for photograph, entry in manifest.photographs.items():
                damaged += not self._is_whole(photograph, entry)
                step()
        return BackupCheck(manifest.backup(name), damaged)

    def restore(
        self, name: str, home: Path, *, without_damaged: bool, step: Callable[[], None]
    ) -> BackupCheck:
        """Put a backup into a home that holds nothing yet, every byte checked on its way.

        There is a whole store afterwards or none. Damaged photographs are refused, or left out
        where the caller says so. Raises `BackupMissing`, `BackupDamaged`, `StoreExists`,
        `StoreOnNetwork`, `BackupUnwritable`.
        """
        name = name or self._newest()
        manifest = self.manifest(name)
        refuse_network_share(home)
        with shelf_errors():
            if home.exists() and any(home.iterdir()):
                raise StoreExists("The folder to restore into is not empty.")
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            building = Path(tempfile.mkdtemp(prefix=f".{STORE}-", suffix=UNFINISHED, dir=home))
            try:
                self._check_belonging(name, manifest)
                damaged = self._fill(building, name, manifest, step)
                if damaged and not without_damaged:
                    raise BackupDamaged(
                        f"{damaged} photographs of the backup are not as they were written."
                    )
                building.rename(home / STORE)
                sync_folder(home)
            finally:
                shutil.rmtree(building, ignore_errors=True)
        return BackupCheck(manifest.backup(name), damaged)

    def spare(self, photograph: str) -> bytes | None:
        """The file of that name, as it lies here; None where there is none.

        Raises `BackupUnwritable`.
        """
        with shelf_errors():
            try:
                return self._path(photograph).read_bytes()
            except FileNotFoundError:
                return None

    # --- for whoever makes a backup -----------------------------------------------------------

    def prepare(self) -> None:
        """Make the folder of photographs; sweep what a killed program left.

        The shelf itself must be there: made anew it would hide that its disk is not connected, and
        fill the one with the records. Raises `BackupUnwritable`, `OSError`.
        """
        if not self.folder.is_dir():
            raise BackupUnwritable("The folder of the backups is not there. Is its disk connected?")
        (self.folder / _PHOTOGRAPHS).mkdir(exist_ok=True)
        for left in self.folder.glob(f"*{UNFINISHED}"):
            shutil.rmtree(left, ignore_errors=True)

    def next_name(self, name: str) -> str:
        """The name, or one behind the newest where that would not sort behind it: made within the
        same second, or after the clock was put back. What sorts first is let go of first.
        """
        newest = next(iter(self._names()), "")
        if newest < name:
            return name
        stamp, _, number = newest.partition("-")
        return f"{stamp}-{int(number or 1) + 1:04}"

    def manifest(self, name: str) -> Manifest:
        """Of a finished backup. Raises `BackupMissing`, `BackupDamaged`, `BackupUnwritable`."""
        with shelf_errors():
            return read_manifest(self.folder / name)

    def known_photographs(self) -> Mapping[str, FileEntry]:
        """What the newest backup that can be read says of the photographs on the shelf."""
        for name in self._names():
            try:
                return self.manifest(name).photographs
            except BackupError:
                continue
        return {}

    def has(self, photograph: str, entry: FileEntry) -> bool:
        """Whether a file of that name and size lies on the shelf; its bytes are not read."""
        try:
            return self._path(photograph).stat().st_size == entry.size
        except FileNotFoundError:
            return False

    def put(self, photograph: str, content: bytes) -> FileEntry:
        """Write a photograph's file and read it back. Raises `BackupDamaged`, `OSError`."""
        path = self._path(photograph)
        if not path.parent.is_dir():
            path.parent.mkdir()
            sync_folder(path.parent.parent)
        write_durably(path, content)
        if path.read_bytes() != content:
            raise BackupDamaged("The disk of the backup does not give back what was written to it.")
        return FileEntry.of(content)

    def keep_newest(self, count: int) -> tuple[str, ...]:
        """Let go of all but the newest `count`, and of photographs that none of those needs.

        Keeps everything where a list is damaged: it could not say what it needs. Returns the names
        of what was let go. Raises `OSError`, `BackupUnwritable`.
        """
        names = self._names()
        kept, gone = names[: max(count, 1)], names[max(count, 1) :]
        try:
            needed = {photograph for name in kept for photograph in self.manifest(name).photographs}
        except BackupError:
            return ()
        for name in gone:
            shutil.rmtree(self.folder / name)
        for path in (self.folder / _PHOTOGRAPHS).rglob("*"):
            if path.is_file() and path.name not in needed:
                path.unlink()
        return tuple(gone)

    # --- inside -------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        with shelf_errors():
            if not self.folder.is_dir():
                return []
            found = (path.name for path in self.folder.iterdir() if path.is_dir())
            return sorted(filter(_NAME.fullmatch, found), reverse=True)

    def _newest(self) -> str:
        names = self._names()
        if not names:
            raise BackupMissing("There is no backup in this folder.")
        return names[0]

    def _path(self, photograph: str) -> Path:
        return self.folder / _PHOTOGRAPHS / photograph[:2] / photograph

    def _is_whole(self, photograph: str, entry: FileEntry) -> bool:
        try:
            return FileEntry.of_file(self._path(photograph)) == entry
        except FileNotFoundError:
            return False

    def _check_belonging(self, name: str, manifest: Manifest) -> None:
        with _damage_named(KEY_FILE):
            keys = read_key_file(self.folder / name / KEY_FILE)
        with _damage_named(DATABASE), (self.folder / name / DATABASE).open("rb") as database:
            head = database.read(DATABASE_ID_BYTES)
            if not head == keys.database_id == manifest.database_id:
                raise ValueError

    def _fill(self, building: Path, name: str, manifest: Manifest, step: Callable[[], None]) -> int:
        for file, entry in manifest.files.items():
            with _damage_named(file):
                shutil.copyfile(self.folder / name / file, building / file)
                if FileEntry.of_file(building / file) != entry:
                    raise ValueError
            (building / file).chmod(0o600)
            sync_file(building / file)
        vault = building / VAULT
        for folder in (vault, vault / "unfinished"):
            folder.mkdir(mode=0o700)
        damaged = 0
        for photograph, entry in manifest.photographs.items():
            target = vault / photograph[:2] / photograph
            target.parent.mkdir(mode=0o700, exist_ok=True)
            damaged += not self._restore_photograph(photograph, entry, target)
            step()
        for folder in (building, vault, *vault.iterdir()):
            sync_folder(folder)
        return damaged

    def _restore_photograph(self, photograph: str, entry: FileEntry, target: Path) -> bool:
        try:
            content = self._path(photograph).read_bytes()
        except FileNotFoundError:
            return False
        if FileEntry.of(content) != entry:
            return False
        write_durably(target, content)
        return True


@contextmanager
def shelf_errors() -> Iterator[None]:
    """Within: a disk that is full or cannot be used becomes `BackupUnwritable`."""
    try:
        yield
    except StoreFull as error:
        raise BackupUnwritable("There is no room for what was to be written.") from error
    except OSError as error:
        if isinstance(from_disk(error), StoreFull):
            raise BackupUnwritable("There is no room for what was to be written.") from error
        raise BackupUnwritable("The folder of the backups cannot be read or written.") from error


@contextmanager
def _damage_named(file: str) -> Iterator[None]:
    words = {DATABASE: "database", KEY_FILE: "key file"}
    try:
        yield
    except (ValueError, FileNotFoundError, StoreDamaged) as error:
        raise BackupDamaged(
            f"The {words.get(file, 'content')} of the backup is not as it was written."
        ) from error
