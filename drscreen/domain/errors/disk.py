"""What the operating system says of a place, as a sentence that a nurse understands.

The texts are our own: a system's message may hold a path with a name in it.
"""

from __future__ import annotations

import errno
from enum import StrEnum

#: ERROR_FILENAME_EXCED_RANGE, which Python tells as "no such file".
_WINDOWS_NAME_TOO_LONG = 206


class DiskReason(StrEnum):
    """Why a file or folder cannot be read or written; values are sentences."""

    TOO_LONG = "The path is too long for this system."
    NOT_A_FOLDER = "A file stands where a folder belongs."
    IS_A_FOLDER = "A folder stands where a file belongs."
    THERE_ALREADY = "There is something of that name already."
    NOT_ALLOWED = "The right to do that is missing."
    READ_ONLY = "The disk can only be read, not written."
    FULL = "The disk is full."
    NO_SHARE_LEFT = "Your share of the disk is used up."
    TOO_MANY_OPEN = "Too many files are open at once."
    MISSING = "There is no such file or folder."
    IN_A_CIRCLE = "Links lead round in a circle."
    FAULT = "The disk reported a fault."
    OTHER = "The system refuses it."


_REASONS = {
    errno.ENAMETOOLONG: DiskReason.TOO_LONG,
    errno.ENOTDIR: DiskReason.NOT_A_FOLDER,
    errno.EISDIR: DiskReason.IS_A_FOLDER,
    errno.EEXIST: DiskReason.THERE_ALREADY,
    errno.EACCES: DiskReason.NOT_ALLOWED,
    errno.EPERM: DiskReason.NOT_ALLOWED,
    errno.EROFS: DiskReason.READ_ONLY,
    errno.ENOSPC: DiskReason.FULL,
    errno.EFBIG: DiskReason.FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): DiskReason.NO_SHARE_LEFT,
    errno.EMFILE: DiskReason.TOO_MANY_OPEN,
    errno.ENFILE: DiskReason.TOO_MANY_OPEN,
    errno.ENOENT: DiskReason.MISSING,
    errno.ELOOP: DiskReason.IN_A_CIRCLE,
    errno.EIO: DiskReason.FAULT,
}
#: Windows has no EDQUOT, and the entry above must not take the full disk's place.
_REASONS[errno.ENOSPC] = DiskReason.FULL


def reason_of(error: OSError) -> DiskReason:
    """The reason that an operating system's error stands for."""
    if getattr(error, "winerror", None) == _WINDOWS_NAME_TOO_LONG:
        return DiskReason.TOO_LONG
    return _REASONS.get(error.errno or 0, DiskReason.OTHER)
