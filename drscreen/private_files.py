"""What people are given to read, for its owner alone from the first byte on, whatever the umask."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def make_private_folder(path: Path, *, exist_ok: bool = False) -> None:
    """Make a folder that its owner alone can open, and the folders above it that are not there.

    Raises `OSError`, `FileExistsError` where it is there unless `exist_ok`.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=exist_ok)


def write_privately(path: Path, data: bytes) -> None:
    """Put `data` at `path` for its owner alone. A file that is there is replaced, and not what it
    allowed to others. Whole or not at all. Raises `OSError`.
    """
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def new_private_file(path: Path) -> int:
    """Open a file that must not be there yet, to be written by its owner alone; a descriptor.

    Raises `OSError`.
    """
    binary = getattr(os, "O_BINARY", 0)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, 0o600)
