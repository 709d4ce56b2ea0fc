"""What this machine remembers of a store outside of its folder.

Everything in the folder can be exchanged for an earlier copy of itself together; only something
else can tell then. Two files do, of the anchor's kind: one in the settings folder, and one in the
user's own folder of the machine. The latter is bound to the place of the store, so that a copy for
a drill elsewhere on the machine neither silences nor disturbs it.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from pathlib import Path

from drscreen.adapters.store.files import write_durably

_FOLDER = "witness"
_MACHINE = "machine"
_DIGITS = 32


def witnesses(home: Path, machine: Path | None, database_id: bytes) -> list[Path]:
    """Where the witnesses of the store in `home` lie; `machine` is the user's folder for it."""
    name = database_id.hex()
    found = [home / _FOLDER / f"{name}.head"]
    if machine is not None:
        found.append(machine / _FOLDER / f"{name}-{_digest(str(home.resolve()))}.head")
    return found


def place(home: Path, machine: Path | None) -> str:
    """What stands for this folder on this machine; empty where the machine has no folder to know
    itself by.
    """
    if machine is None:
        return ""
    name = machine / _MACHINE
    with suppress(OSError):
        if not name.exists():
            machine.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(name, secrets.token_hex(_DIGITS // 2).encode("ascii"))
        return _digest(name.read_text("ascii")[:_DIGITS] + str(home.resolve()))
    return ""


def _digest(text: str) -> str:
    told = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[:_DIGITS]
