"""A file to send to whoever mends drscreen: versions, a self-test, the logs. Nobody's data."""

from __future__ import annotations

import json
import os
import platform
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from drscreen.adapters.system.logging import ALLOWED, Log
from drscreen.adapters.system.running import left_behind
from drscreen.private_files import new_private_file
from drscreen.regular_files import read_regular

_LOG_MAX = 64_000_000

#: Whose versions matter when something does not work.
PACKAGES = (
    "drscreen",
    "PySide6-Essentials",
    "torch",
    "torchvision",
    "sqlcipher3",
    "sqlalchemy",
    "alembic",
    "cryptography",
    "pillow",
    "numpy",
    "safetensors",
)


def versions() -> dict[str, str]:
    """Of drscreen, of what it stands on, of the system. No names of the machine or its user."""
    told = {"python": platform.python_version(), "system": platform.system()}
    told |= {"release": platform.release(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            told[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            told[package] = "not installed"
    return told


def write_bundle(path: Path, log: Log, selftest: Sequence[str]) -> None:
    """Write the zip; nothing that is there is overwritten. Raises `OSError`.

    A line of the log is taken only as the log itself would write it, whatever somebody put there.
    """
    with (
        os.fdopen(new_private_file(path), "wb") as zipped,
        zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as bundle,
    ):
        bundle.writestr("versions.json", json.dumps(versions(), indent=1) + "\n")
        bundle.writestr("selftest.txt", "\n".join(selftest) + "\n")
        ends = [asdict(end) for end in left_behind(log)]
        if ends:
            bundle.writestr("unclean_ends.json", json.dumps(ends, indent=1) + "\n")
        for file in log.files():
            bundle.writestr(f"logs/{file.name}.jsonl", "".join(_clean(file)))


def _clean(file: Path) -> list[str]:
    kept = []
    for line in read_regular(file, _LOG_MAX).decode("ascii", "replace").splitlines():
        try:
            content = json.loads(line)
            if set(content) <= ALLOWED | {"at", "event"}:
                kept.append(line + "\n")
        except (ValueError, TypeError):
            continue
    return kept
