"""Where a store may lie: on a disk of this machine.

A network file system promises neither the locks nor the syncs that SQLite stands on, and its
write-ahead log needs memory shared between the processes, which two machines do not have
(https://www.sqlite.org/wal.html, "All processes using a database must be on the same host").
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

from drscreen.domain.errors import StoreOnNetwork, StorePathTooLong

#: What is made below a home while a store is made or restored, with the longest ending that SQLite
#: gives to a file beside the database.
_LONGEST = ".store-12345678.part/records.db-journal"
#: SQLite's own limit (``MAX_PATHNAME`` of os_unix.c), and the usual one of Windows.
_PATH_MAX = 259 if sys.platform == "win32" else 511

#: File systems whose files lie on another machine, or on the host of this virtual one.
_REMOTE = {
    "9p",
    "afs",
    "afpfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "davfs2",
    "gfs",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "prl_fs",
    "smb2",
    "smb3",
    "smbfs",
    "vboxsf",
    "vmhgfs",
    "webdav",
}
#: FUSE names what is behind it: sshfs, s3fs, rclone, gvfsd-fuse and the like are all remote; these
#: are not.
_LOCAL_FUSE = {"fuse.ntfs-3g", "fuse.ntfs", "fuse.exfat", "fuse.encfs", "fuse.gocryptfs", "fuseblk"}


def refuse_network_share(folder: Path) -> None:
    """Raise `StoreOnNetwork` where `folder`, or what it would be made in, is no local disk's.

    A place that the system does not tell of is allowed.
    """
    kind = file_system(folder)
    if kind is not None and _is_remote(kind):
        raise StoreOnNetwork(
            f"The folder of the records lies on a network share ({kind}). Two machines writing "
            "there could destroy the records without noticing."
        )


def refuse_long_path(folder: Path) -> None:
    """Raise `StorePathTooLong` where the database in `folder` would have a longer name than SQLite
    takes. It would say no more than that it cannot open the file.
    """
    if len(os.fsencode(folder.absolute() / _LONGEST)) > _PATH_MAX:
        raise StorePathTooLong("The path of the records' folder is too long for the database.")


def file_system(folder: Path) -> str | None:
    """The kind of file system that `folder` lies on, in small letters; None where not known."""
    place = folder.absolute().resolve()
    if str(place).startswith("\\\\"):
        return "smb share"
    best: tuple[int, str] | None = None
    for mount in psutil.disk_partitions(all=True):
        point = Path(mount.mountpoint)
        if place == point or point in place.parents:
            kind = "smb share" if "remote" in mount.opts.split(",") else mount.fstype.lower()
            # Where one is mounted over another, the one named last is what is seen.
            if best is None or len(point.parts) >= best[0]:
                best = (len(point.parts), kind)
    return best[1] if best else None


def _is_remote(kind: str) -> bool:
    return (
        kind in _REMOTE
        or kind == "smb share"
        or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)
    )
