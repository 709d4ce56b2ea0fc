"""The passwords that are tried first, from a file that comes with drscreen."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def common_passwords(path: Path) -> frozenset[str]:
    """One a line, folded; lines with # in front are comments. Raises `OSError`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line.casefold() for line in lines if line and not line.startswith("#"))
