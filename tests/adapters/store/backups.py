"""What the tests of backups do with a store and a folder of backups."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.errors import Cancelled
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import MONDAY, referred, unlocked


def silent() -> None:
    pass


def ended_at(step: int) -> Callable[[], None]:
    """A backup's `step` that somebody ends it at."""
    steps = count(1)

    def ended() -> None:
        if next(steps) == step:
            raise Cancelled

    return ended


def save(opened: SqlCipherOpenStore, mrn: str, data: bytes) -> str:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        if records.find_patient(mrn) is None:
            records.add_patient(Patient(mrn))
        return records.save_photograph(
            mrn, Laterality.OD, data, referred(data), recorded_at=MONDAY
        ).id


def kept_by_a_restore(told: dict[str, Any]) -> dict[str, Any]:
    """A store's `content`, but for what a restore does to notices: one that waited may have been
    sent since the backup was made, and is unknown.
    """
    changing = {"sentence", "reason", "due", "changed"}
    return told | {
        "notices": [
            {name: value for name, value in notice.items() if name not in changing}
            | {"state": notice["state"].replace("pending", "unknown")}
            for notice in told["notices"]
        ]
    }


def restored(folder: Path, home: Path, name: str = "") -> SqlCipherOpenStore:
    Shelf(folder).restore(name, home, without_damaged=False, step=silent)
    return unlocked(home)


def own(folder: Path) -> Path:
    """The one clinic's folder in a folder of backups."""
    (found,) = folder.glob("drscreen-????????")
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
