"""The folder of one store's backups, inside the folder that a person named.

    <named>/drscreen-1a2b3c4d/drscreen-backups.json      whose it is
    <named>/drscreen-1a2b3c4d/photographs/ab/ab...        the vault's files
    <named>/drscreen-1a2b3c4d/20261125T020000Z/           a backup
    <named>/drscreen-1a2b3c4d/20261125T020000Z.part/      one that is unfinished, or being let go of

Nothing is removed but what is proved to be this store's: a backup by its manifest, an unfinished
one by the mark that is written into it first, photographs by the manifests and lists of these two.
Names alone prove nothing, and whatever else lies there stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from drscreen.adapters.store.files import (
    UNFINISHED,
    is_unfinished,
    sync_folder,
    write_durably,
)
from drscreen.adapters.store.keys import DATABASE_ID_BYTES
from drscreen.adapters.store.manifest import (
    DATABASE,
    KEY_FILE,
    MANIFEST,
    FileEntry,
    is_vault_name,
    read_manifest,
)
from drscreen.domain.errors import (
    BackupDamaged,
    BackupError,
    BackupForeign,
    BackupMissing,
    BackupUnwritable,
)
from drscreen.regular_files import is_folder, is_regular, open_regular, read_regular

MARK = "drscreen-backups.json"
PHOTOGRAPHS = "photographs"
#: In an unfinished backup: the names of the photographs that it has put on the shelf.
COPIED = "copied.txt"
_FORMAT = "drscreen-backups"
_MARK_MAX = 4096
_COPIED_MAX = 64_000_000
_NAME = re.compile(r"\d{8}T\d{6}Z(-\d{4})?")
_OWN = re.compile(r"drscreen-[0-9a-f]{8}")


def folder_name(database_id: bytes) -> str:
    """What the folder of that store's backups is called."""
    return f"drscreen-{database_id.hex()[:8]}"


class ClinicFolder:
    """The backups in `folder`; `older` may hold more of the same store, directly, as drscreen put
    them before each store had a folder of its own. One thread. Everything raises `OSError`.
    """

    def __init__(self, folder: Path, older: Path | None = None) -> None:
        self.folder = folder
        self._older = older

    # --- reading ------------------------------------------------------------------------------

    def places(self) -> dict[str, Path]:
        """Where each finished backup lies, by name, newest first."""
        found = {path.name: path for path in _dated(self.folder)}
        if self._older is not None and (mine := self.database_id()) is not None:
            for path in _dated(self._older):
                if _belongs(path, mine):
                    found.setdefault(path.name, path)
        return dict(sorted(found.items(), reverse=True))

    def database_id(self) -> bytes | None:
        """Whose backups these are; None where neither mark nor manifest says so."""
        marked = marked_for(self.folder)
        if marked is not None:
            return marked
        for path in sorted(_dated(self.folder), reverse=True):
            with suppress(BackupError):
                return read_manifest(path).database_id
        return None

    def place(self, name: str) -> Path:
        """Where that backup lies, the newest for an empty name. Raises `BackupMissing`."""
        places = self.places()
        if not places:
            raise BackupMissing("There is no backup in this folder.")
        name = name or next(iter(places))
        if name not in places:
            raise BackupMissing("There is no backup of that name in this folder.")
        return places[name]

    def photograph(self, name: str) -> Path:
        """Where a photograph's file lies, or belongs."""
        path = self._photograph(self.folder, name)
        if self._older is not None and not is_regular(path):
            older = self._photograph(self._older, name)
            return older if is_regular(older) else path
        return path

    # --- making -------------------------------------------------------------------------------

    def next_name(self, name: str, database_id: bytes) -> str:
        """The name, or one behind the newest where that would not sort behind it: made within the
        same second, or after the clock was put back. What sorts first is let go of first.
        """
        known = [*_dated(self.folder), *_unfinished(self.folder)]
        taken = (path.name for path in known if _is_of(path, database_id))
        newest = max((name.removesuffix(UNFINISHED) for name in taken), default="")
        if newest < name:
            return name
        stamp, _, number = newest.partition("-")
        return f"{stamp}-{int(number or 1) + 1:04}"

    def begin(self, name: str, database_id: bytes) -> Path:
        """The folder of an unfinished backup, marked as this store's before all else."""
        building = self.folder / (name + UNFINISHED)
        building.mkdir(mode=0o700)
        write_durably(building / MARK, _rendered(database_id))
        return building

    def finish(self, building: Path) -> None:
        """Give an unfinished backup that has its manifest its name."""
        (building / COPIED).unlink(missing_ok=True)
        (building / MARK).unlink(missing_ok=True)
        building.rename(building.with_name(building.name.removesuffix(UNFINISHED)))
        sync_folder(self.folder)

    def known_photographs(self) -> Mapping[str, FileEntry]:
        """What the newest backup that can be read says of the photographs on the shelf."""
        for path in self.places().values():
            with suppress(BackupError):
                return read_manifest(path).photographs
        return {}

    def has(self, photograph: str, entry: FileEntry) -> bool:
        """Whether a file of that name and size lies on the shelf; its bytes are not read."""
        path = self._photograph(self.folder, photograph)
        return is_folder(path.parent) and entry.fits(path)

    def put(self, photograph: str, content: bytes) -> FileEntry:
        """Write a photograph's file and read it back. Raises `BackupDamaged`, `BackupForeign`."""
        path = self._photograph(self.folder, photograph)
        _make_folder(path.parent)
        write_durably(path, content)
        if read_regular(path, len(content)) != content:
            raise BackupDamaged("The disk of the backup does not give back what was written to it.")
        return FileEntry.of(content)

    # --- letting go ---------------------------------------------------------------------------

    def keep_newest(self, count: int, database_id: bytes) -> tuple[str, ...]:
        """Let go of all but the newest `count`, and of photographs that only what is let go of, or
        was never finished, has named. Returns the names of what was let go.

        Keeps everything where a list is damaged: it could not say what it needs.
        """
        own = [path for path in _dated(self.folder) if _is_of(path, database_id)]
        own.sort(reverse=True)
        kept, gone = own[: max(count, 1)], own[max(count, 1) :]
        try:
            needed = {name for path in kept for name in read_manifest(path).photographs}
        except BackupError:
            return ()
        for path in gone:
            if not _belongs(path, database_id):  # its list is damaged and goes with it
                write_durably(path / MARK, _rendered(database_id))
            path.rename(path.with_name(path.name + UNFINISHED))
        for left in _unfinished(self.folder):
            if _belongs(left, database_id):
                self._remove(left, needed)
        return tuple(path.name for path in gone)

    def shrink_unfinished(self, database_id: bytes) -> None:
        """Make room: remove what a killed or failed backup has left, but for the list of what it
        copied, which is still to be used, or to be removed with the next that is finished.
        """
        for left in _unfinished(self.folder):
            if not _belongs(left, database_id):
                continue
            for file in _written(left):
                if file.name not in {MARK, COPIED, MANIFEST}:
                    file.unlink(missing_ok=True)

    def _remove(self, left: Path, needed: set[str]) -> None:
        """An unfinished backup of ours with the photographs that only it names; what proves it to
        be ours goes last, so that a kill leaves nothing that nobody may remove.
        """
        for name in _named(left) - needed:
            path = self._photograph(self.folder, name)
            if is_folder(path.parent) and is_regular(path):
                path.unlink()
                with suppress(OSError):
                    path.parent.rmdir()
        files = sorted(_written(left), key=lambda file: file.name in {MARK, MANIFEST})
        for file in files:
            file.unlink(missing_ok=True)
        with suppress(OSError):  # something else lies in it
            left.rmdir()

    @staticmethod
    def _photograph(folder: Path, name: str) -> Path:
        return folder / PHOTOGRAPHS / name[:2] / name


def clinic_folders(named: Path) -> list[ClinicFolder]:
    """Where there are backups in a folder that somebody named: in it, or in the clinics' own
    folders inside. Raises `OSError`.
    """
    if not named.is_dir():
        return []
    own = [path for path in sorted(named.iterdir()) if _OWN.fullmatch(path.name)]
    found = [ClinicFolder(path, named) for path in own if is_folder(path)]
    found = [one for one in found if one.places()]
    direct = ClinicFolder(named)
    unclaimed = set(direct.places().values())
    for one in found:
        unclaimed -= set(one.places().values())
    if found:
        unclaimed = {path for path in unclaimed if _is_readable(path)}
    return [*found, direct] if unclaimed else found


def own_folder(named: Path, database_id: bytes) -> ClinicFolder:
    """The folder of that store's backups in a folder that somebody named, or that one itself.

    The named folder must be there: made anew it would hide that its disk is not connected, and fill
    the one with the records. Backups of this store that an earlier drscreen put into it are moved
    into their own folder. Raises `BackupUnwritable`, `BackupForeign`, `OSError`.
    """
    named = named.resolve()
    if not named.is_dir():
        raise BackupUnwritable("The folder of the backups is not there. Is its disk connected?")
    own = named
    if marked_for(named) != database_id and named.name != folder_name(database_id):
        if (named / MARK).exists() or (named / MARK).is_symlink():
            raise BackupForeign("This folder holds the backups of other records.")
        own = named / folder_name(database_id)
    _claim(own, database_id)
    _make_folder(own / PHOTOGRAPHS)
    if own != named:
        _adopt(named, own, database_id)
    return ClinicFolder(own)


def marked_for(folder: Path) -> bytes | None:
    """The id of the database whose backups a folder is marked for; None where no mark is read."""
    try:
        content = json.loads(read_regular(folder / MARK, _MARK_MAX))
        if content["format"] != _FORMAT:
            return None
        return bytes.fromhex(content["database"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _rendered(database_id: bytes) -> bytes:
    content = {"format": _FORMAT, "version": 1, "database": database_id.hex()}
    return json.dumps(content, sort_keys=True).encode("ascii") + b"\n"


def _claim(folder: Path, database_id: bytes) -> None:
    """Make the folder this store's, or see that it is. Raises `BackupForeign`."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        sync_folder(folder.parent)
    if not is_folder(folder):
        raise BackupForeign("In the place of the folder of these backups lies something else.")
    marked = marked_for(folder)
    if marked is None:
        owners = [_owner(path) for path in _dated(folder)]
        is_ours = bool(owners) and all(owner == database_id for owner in owners)
        if not is_ours and any(folder.iterdir()):
            raise BackupForeign("Nothing proves that this folder holds the backups of the records.")
        write_durably(folder / MARK, _rendered(database_id))
    elif marked != database_id:
        raise BackupForeign("This folder holds the backups of other records.")


def _adopt(named: Path, own: Path, database_id: bytes) -> None:
    """Move what manifests prove to be this store's: the photographs first, for until its manifest
    follows a backup is read with both folders (`ClinicFolder.photograph`).
    """
    shelf = named / PHOTOGRAPHS
    if not is_folder(shelf) and (shelf.exists() or shelf.is_symlink()):
        return  # it leads elsewhere: what lies there is read, and stays
    for path in _dated(named):
        if not _belongs(path, database_id) or (own / path.name).exists():
            continue
        for name, entry in read_manifest(path).photographs.items():
            old, new = shelf / name[:2] / name, own / PHOTOGRAPHS / name[:2] / name
            if is_folder(old.parent) and entry.fits(old):
                _make_folder(new.parent)
                old.rename(new)
                with suppress(OSError):  # other files lie in it
                    old.parent.rmdir()
        sync_folder(own / PHOTOGRAPHS)
        path.rename(own / path.name)
        sync_folder(own)
    with suppress(OSError):
        shelf.rmdir()


def _dated(folder: Path) -> list[Path]:
    """Folders that are called as a finished backup is."""
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and is_folder(path)]


def _unfinished(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.iterdir()
        if path.name.endswith(UNFINISHED)
        and _NAME.fullmatch(path.name.removesuffix(UNFINISHED))
        and is_folder(path)
    ]


def _owner(backup: Path) -> bytes | None:
    marked = marked_for(backup)
    if marked is not None:
        return marked
    try:
        return read_manifest(backup).database_id
    except (BackupError, OSError):
        return None


def _belongs(backup: Path, database_id: bytes) -> bool:
    return _owner(backup) == database_id


def _is_of(backup: Path, database_id: bytes) -> bool:
    """Whether it is that store's, though its list may be damaged: each database of a store begins
    with its id.
    """
    if _belongs(backup, database_id):
        return True
    try:
        with open_regular(backup / DATABASE) as file:
            return file.read(DATABASE_ID_BYTES) == database_id
    except OSError:
        return False


def _is_readable(backup: Path) -> bool:
    return _owner(backup) is not None


def _named(left: Path) -> set[str]:
    """The photographs that an unfinished backup has named."""
    names: set[str] = set()
    with suppress(BackupError):
        names |= set(read_manifest(left).photographs)
    with suppress(OSError, UnicodeDecodeError):
        names |= set(read_regular(left / COPIED, _COPIED_MAX).decode("ascii").split())
    return set(filter(is_vault_name, names))


def _written(left: Path) -> Iterator[Path]:
    """The files that drscreen puts into a backup's folder, as far as they are there."""
    for path in list(left.iterdir()):
        known = {MARK, COPIED, MANIFEST, DATABASE, KEY_FILE, DATABASE + UNFINISHED}
        if (path.name in known or is_unfinished(path.name)) and not is_folder(path):
            yield path


def _make_folder(folder: Path) -> None:
    """Raises `BackupForeign` where something else lies there, a link above all: it would lead the
    photographs, and what is let go of, elsewhere.
    """
    if is_folder(folder):
        return
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise BackupForeign("In the folder of the backups lies something else.") from error
    sync_folder(folder.parent)
