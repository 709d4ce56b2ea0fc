"""Files that are whole or not there: written beside their place, synced, then renamed into it."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from drscreen.regular_files import is_regular

#: Ends the name of every file that is not finished yet; such a file is never read.
UNFINISHED = ".part"
_PREFIX = ".drscreen-"
_UNFINISHED_NAME = re.compile(r"\.drscreen-[0-9a-z_]{8,32}\.part")
#: Writing takes milliseconds: what is unfinished for so long belongs to a program that was killed.
_ABANDONED_AFTER = timedelta(hours=1)


def write_durably(path: Path, data: bytes, workplace: Path | None = None) -> None:
    """Put `data` at `path`, readable by its owner alone, so that a crash leaves old or new.

    `workplace` is a folder of the same disk for the unfinished file (else `path`'s own folder).
    When it returns, name and content are on the disk. Raises `OSError`; nothing is left behind.
    """
    folder = workplace or path.parent
    handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=UNFINISHED, dir=folder)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def unfinished_name() -> str:
    """A fresh name for a file that is written by other means than `write_durably`."""
    return f"{_PREFIX}{secrets.token_hex(8)}{UNFINISHED}"


def is_unfinished(name: str) -> bool:
    """Whether that is how an unfinished file of ours is called; a mere `.part` is anybody's."""
    return _UNFINISHED_NAME.fullmatch(name) is not None


def sync_file(path: Path) -> None:
    """Make a file's content survive a power cut. Raises `OSError`."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the folder's list of names survive a power cut."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows has no such call; NTFS journals its names.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_unfinished(folder: Path) -> None:
    """Remove what a killed program left unfinished an hour ago or more. At any moment: a younger
    file may be another program's, which is about to rename it. Raises `OSError`.
    """
    abandoned = time.time() - _ABANDONED_AFTER.total_seconds()
    if not folder.is_dir():
        return  # of a copy of the records that lacks it
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if is_unfinished(path.name) and is_regular(path) and path.stat().st_mtime < abandoned:
                path.unlink()
