"""Reading what somebody else may have put there: regular files of a bounded size, nothing else.

Opening a FIFO waits for a writer that may never come, a device has no end, a link may lead to
either, and a sparse file of a terabyte takes no room until it is read.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

# Windows knows neither; there, files of these kinds have no names in a folder.
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class NotRegular(OSError):
    """A folder, link, FIFO, device or socket where a file belongs."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "not a regular file", str(path))


class LargerThanPossible(OSError):
    """A file that is larger than any that belongs there."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "larger than possible", str(path))


def is_regular(path: Path) -> bool:
    """Whether a regular file, and no link to one, lies there."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder, and no link to one, lies there."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def open_regular(path: Path, *, through_links: bool = False) -> io.BufferedReader:
    """Open for reading, without ever waiting. Raises `NotRegular`, `OSError`."""
    # Looked at before it is opened too: opening some devices does something.
    found = path.stat() if through_links else path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular(path)
    flags = os.O_RDONLY | _NO_WAITING | _BINARY | (0 if through_links else _NO_LINKS)
    handle = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotRegular(path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def append_regular(path: Path, data: bytes) -> None:
    """Add to the end of a file, made where there is none, readable by its owner alone; never waits.

    Raises `NotRegular`, `OSError`.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_WAITING | _NO_LINKS | _BINARY
    handle = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotRegular(path)
        os.write(handle, data)
    finally:
        os.close(handle)


def read_regular(path: Path, at_most: int, *, through_links: bool = False) -> bytes:
    """The whole content, of `at_most` bytes. Raises `NotRegular`, `LargerThanPossible`, `OSError`.

    Nothing is read of a file that says it is larger.
    """
    with open_regular(path, through_links=through_links) as file:
        if os.fstat(file.fileno()).st_size > at_most:
            raise LargerThanPossible(path)
        content = file.read(at_most + 1)
    if len(content) > at_most:
        raise LargerThanPossible(path)
    return content
