"""The folder of backups: list, verify, restore. No password: all of it is ciphertext."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from drscreen.adapters.store.clinic_folder import ClinicFolder, clinic_folders
from drscreen.adapters.store.faults import from_disk
from drscreen.adapters.store.files import UNFINISHED, sync_file, sync_folder, write_durably
from drscreen.adapters.store.key_file import read_key_file
from drscreen.adapters.store.keys import DATABASE_ID_BYTES, DataKey
from drscreen.adapters.store.manifest import (
    DATABASE,
    KEY_FILE,
    FileEntry,
    Manifest,
    read_manifest,
)
from drscreen.adapters.store.place import refuse_long_path, refuse_network_share
from drscreen.adapters.store.vault import FILE_MAX
from drscreen.domain.audit import AuditHead
from drscreen.domain.backup import Backup, BackupCheck
from drscreen.domain.errors import (
    BackupDamaged,
    BackupError,
    BackupFolderUnclear,
    BackupMissing,
    BackupUnwritable,
    StoreDamaged,
    StoreExists,
    StoreFull,
    StoreNewer,
)
from drscreen.domain.errors.disk import reason_of
from drscreen.regular_files import LargerThanPossible, NotRegular, open_regular, read_regular

STORE = "store"
VAULT = "vault"


class Shelf:
    """The backups in the folder that a person named: a clinic's own folder, or the one it lies in.
    One thread. With a `database_id` those of that store alone.
    """

    def __init__(self, folder: Path, database_id: bytes | None = None) -> None:
        self.folder = folder
        self._database_id = database_id

    def backups(self) -> list[Backup]:
        """All that are finished, newest first; one whose list is damaged is left out.

        Raises `BackupFolderUnclear`, `BackupUnwritable`.
        """
        found = []
        with shelf_errors():
            clinics = self._clinics()
            if not clinics:
                return []
            for name, place in self._only(clinics).places().items():
                try:
                    found.append(read_manifest(place).backup(name))
                except BackupError:
                    continue
        return found

    def verify(
        self, name: str, step: Callable[[], None], *, every_byte: bool = True
    ) -> BackupCheck:
        """Read every byte of a backup, or of its photographs their sizes; `step` is called after
        each photograph.

        An empty name means the newest. Raises `BackupMissing`, `BackupDamaged`,
        `BackupFolderUnclear`, `BackupUnwritable`.
        """
        with shelf_errors():
            clinic = self._holding(name)
            place = clinic.place(name)
            manifest = read_manifest(place)
            for file, entry in manifest.files.items():
                if not entry.describes(place / file):
                    raise _damaged(file)
            _check_belonging(place, manifest)
            damaged = 0
            for photograph, entry in manifest.photographs.items():
                path = clinic.photograph(photograph)
                damaged += not (entry.describes(path) if every_byte else entry.fits(path))
                step()
        return BackupCheck(manifest.backup(place.name), damaged)

    def newest_head(self, data_key: DataKey) -> AuditHead | None:
        """The newest event that the newest backup knows of; None where there is no backup under
        this data key. What somebody else wrote there, or an older key sealed, witnesses nothing.
        """
        with suppress(BackupError, StoreDamaged, StoreNewer, OSError), shelf_errors():
            keys = read_key_file(self._holding("").place("") / KEY_FILE)
            keys.check(data_key)
            return keys.head if keys.database_id == data_key.database_id else None
        return None

    def restore(
        self, name: str, home: Path, *, without_damaged: bool, step: Callable[[], None]
    ) -> BackupCheck:
        """Put a backup into a home that holds nothing yet, every byte checked on its way.

        There is a whole store afterwards or none. Damaged photographs are refused, or left out
        where the caller says so. Raises `BackupMissing`, `BackupDamaged`, `BackupFolderUnclear`,
        `StoreExists`, `StoreOnNetwork`, `BackupUnwritable`.
        """
        with shelf_errors():
            clinic = self._holding(name)
            place = clinic.place(name)
            manifest = read_manifest(place)
            refuse_long_path(home)
            refuse_network_share(home)
            if home.exists() and any(home.iterdir()):
                raise StoreExists("The folder to restore into is not empty.")
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            building = Path(tempfile.mkdtemp(prefix=f".{STORE}-", suffix=UNFINISHED, dir=home))
            try:
                _check_belonging(place, manifest)
                damaged = _fill(building, clinic, place, manifest, step)
                if damaged and not without_damaged:
                    raise BackupDamaged(
                        f"{damaged} photographs of the backup are not as they were written."
                    )
                building.rename(home / STORE)
                sync_folder(home)
            finally:
                shutil.rmtree(building, ignore_errors=True)
        return BackupCheck(manifest.backup(place.name), damaged)

    def spare(self, photograph: str) -> bytes | None:
        """The file of that name, as it lies here; None where there is none.

        Raises `BackupUnwritable`.
        """
        with shelf_errors():
            for clinic in self._clinics():
                with suppress(FileNotFoundError, NotRegular, LargerThanPossible):
                    return read_regular(clinic.photograph(photograph), FILE_MAX)
        return None

    def _holding(self, name: str) -> ClinicFolder:
        """The clinic's folder that holds the backup of that name, the only one for an empty name.

        Raises `BackupMissing`, `BackupFolderUnclear`.
        """
        clinics = self._clinics()
        if not clinics:
            raise BackupMissing("There is no backup in this folder.")
        if name:
            clinics = [clinic for clinic in clinics if name in clinic.places()]
            if not clinics:
                raise BackupMissing("There is no backup of that name in this folder.")
        return self._only(clinics)

    def _clinics(self) -> list[ClinicFolder]:
        found = clinic_folders(self.folder)
        if self._database_id is None:
            return found
        return [clinic for clinic in found if clinic.database_id() == self._database_id]

    def _only(self, clinics: list[ClinicFolder]) -> ClinicFolder:
        if len(clinics) > 1:
            own = [clinic.folder.name for clinic in clinics if clinic.folder != self.folder]
            others = " and older ones beside them" if len(own) < len(clinics) else ""
            raise BackupFolderUnclear(
                f"This folder holds the backups of several clinics: {', '.join(own)}{others}."
            )
        return clinics[0]


def _check_belonging(place: Path, manifest: Manifest) -> None:
    try:
        keys = read_key_file(place / KEY_FILE)
    except (StoreDamaged, FileNotFoundError) as error:
        raise _damaged(KEY_FILE) from error
    try:
        with open_regular(place / DATABASE) as database:
            head = database.read(DATABASE_ID_BYTES)
    except (FileNotFoundError, NotRegular) as error:
        raise _damaged(DATABASE) from error
    if not head == keys.database_id == manifest.database_id:
        raise _damaged(DATABASE)


def _fill(
    building: Path,
    clinic: ClinicFolder,
    place: Path,
    manifest: Manifest,
    step: Callable[[], None],
) -> int:
    for file, entry in manifest.files.items():
        if not _restore_file(place / file, entry, building / file):
            raise _damaged(file)
    vault = building / VAULT
    for folder in (vault, vault / "unfinished"):
        folder.mkdir(mode=0o700)
    damaged = 0
    for photograph, entry in manifest.photographs.items():
        target = vault / photograph[:2] / photograph
        target.parent.mkdir(mode=0o700, exist_ok=True)
        damaged += not _restore_photograph(clinic.photograph(photograph), entry, target)
        step()
    for folder in (building, vault, *vault.iterdir()):
        sync_folder(folder)
    return damaged


def _restore_file(source: Path, entry: FileEntry, target: Path) -> bool:
    try:
        with open_regular(source) as reading, target.open("xb") as writing:
            if os.fstat(reading.fileno()).st_size != entry.size:
                return False
            shutil.copyfileobj(reading, writing)
    except (FileNotFoundError, NotRegular):
        return False
    target.chmod(0o600)
    sync_file(target)
    return entry.describes(target)


def _restore_photograph(source: Path, entry: FileEntry, target: Path) -> bool:
    try:
        content = read_regular(source, entry.size)
    except (FileNotFoundError, NotADirectoryError, NotRegular, LargerThanPossible):
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
        raise BackupUnwritable(
            f"The folder of the backups cannot be read or written. {reason_of(error)}"
        ) from error


def _damaged(file: str) -> BackupDamaged:
    words = {DATABASE: "database", KEY_FILE: "key file"}
    return BackupDamaged(f"The {words[file]} of the backup is not as it was written.")
