"""Records, photographs and backups on the disk."""

from __future__ import annotations

from drscreen.domain.errors.base import DrscreenError
from drscreen.domain.integrity import PhotographFault


class StoreError(DrscreenError):
    """The encrypted store refused."""

    code = "store"


class StoreMissing(StoreError):
    """There is no store in that folder yet."""

    code = "store_missing"
    advice = "Make one with 'drscreen init', or name the right folder."


class StoreExists(StoreError):
    """There is a store in that folder already."""

    code = "store_exists"
    advice = "Sign in to it, or name another folder."


class StoreForeign(StoreError):
    """A file stands where the database should be, and it is not ours."""

    code = "store_foreign"
    advice = "Move the file elsewhere, or name another folder."


class StoreDamaged(StoreError):
    """The store is ours and does not read back as written."""

    code = "store_damaged"
    advice = "Do not delete anything; restore the last backup into an empty folder."


class PhotographLost(StoreDamaged):
    """A recorded photograph is not in the vault as it was written; its result is untouched."""

    code = "photograph_lost"
    kept = "The result is in the records; the photograph itself cannot be shown."
    advice = "Run 'drscreen check --mend-from' with the folder of the backups to fetch it back."

    def __init__(self, fault: PhotographFault) -> None:
        super().__init__(_LOST[fault])
        self.fault = fault


_LOST = {
    PhotographFault.MISSING: "The file of this photograph is missing from the vault.",
    PhotographFault.SWAPPED: "In the place of this photograph lies another one's file.",
    PhotographFault.DAMAGED: "The file of this photograph does not read back as it was written.",
}


class StoreNewer(StoreError):
    """The database was written by a newer drscreen."""

    code = "store_newer"
    advice = "Install the newest drscreen on this machine."


class StoreFull(StoreError):
    """The disk has no room for what was to be written."""

    code = "store_full"
    advice = "Free some room on the disk, then save again."


class StoreUnwritable(StoreError):
    """The folder does not let us write."""

    code = "store_unwritable"
    advice = "Check that the folder exists and that you may write to it."


class StorePathTooLong(StoreUnwritable):
    """The folder's path is longer than the system, or the database, takes."""

    code = "store_path_too_long"
    advice = "Choose a folder with a shorter path, nearer to the root of the disk."


class StoreBlocked(StoreUnwritable):
    """A file stands where a folder belongs, or a folder where a file does."""

    code = "store_blocked"
    advice = "Move it elsewhere, or name another folder."


class StoreRightMissing(StoreUnwritable):
    """This account of the computer has no right to the folder."""

    code = "store_right_missing"
    advice = "Ask whoever looks after the computer for the right to it, or name another folder."


class StoreReadOnly(StoreUnwritable):
    """The disk takes no changes at all."""

    code = "store_read_only"
    advice = "Name a folder on another disk, or ask whoever looks after the computer."


class StoreOnNetwork(StoreError):
    """The folder lies on another machine's disk, where SQLite's locks and syncs do not hold."""

    code = "store_on_network"
    advice = "Name a folder on a disk of this machine. Backups may well lie on the share."


class BackupError(DrscreenError):
    """A backup that cannot be made, read or restored."""

    code = "backup"
    kept = "The records themselves were not touched."


class BackupMissing(BackupError):
    """No backup of that name in that folder."""

    code = "backup_missing"
    advice = "List them with 'drscreen backup list', or name another folder."


class BackupDamaged(BackupError):
    """A backup whose files are not the ones that were written."""

    code = "backup_damaged"
    advice = "Use an older backup; make a new one soon, best on another disk."


class BackupUnwritable(BackupError):
    """A backup, or what is restored from one, has no room or may not be written."""

    code = "backup_unwritable"
    advice = "Free some room there, or name another folder."


class BackupForeign(BackupError):
    """What lies in the place of this store's backups is somebody else's, or is not proved ours."""

    code = "backup_foreign"
    kept = "Nothing in it was touched."
    advice = "Name another folder, or the one in which the folder of these backups lies."


class BackupFolderUnclear(BackupError):
    """A folder that holds the backups of several clinics."""

    code = "backup_folder_unclear"
    kept = "Nothing was read or written."
    advice = "Name the clinic's own folder in it, or a backup by its name."


class BackupRunning(BackupError):
    """Another window is making a backup."""

    code = "backup_running"
    advice = "Wait until it has ended."
