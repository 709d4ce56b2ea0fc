"""Other people's files in folders of backups: all there afterwards, and every backup whole."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from pathlib import Path

from drscreen.adapters.store.clinic_folder import MARK
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.errors import Cancelled, DrscreenError
from drscreen.domain.permissions import Action
from tests.adapters.store.backups import save
from tests.adapters.store.samples import made_store, unlocked
from tests.torture.forked import Tally

#: Folders and files as people, other programs and drscreen itself call them.
_FOLDERS = (
    *("", "photographs", "photographs/ab", "photographs/2026-11", "holiday.part"),
    *("20200101T000000Z", "20990101T000000Z", "20200102T000000Z.part", "drscreen-00000000"),
)
_FILES = ("ab" * 16, "IMG_1.jpg", "records.db", "keys.json", "manifest.json", "film.part", MARK)


def foreign(place: Path, count: int, chance: random.Random) -> list[Tally]:
    """`count` backups of two clinics into one folder, each after somebody has put files there."""
    tally = Tally("other people's files in a folder of backups")
    shelf = place / "shelf"
    shelf.mkdir(parents=True)
    clinics = []
    for name in ("one", "two"):
        made_store(place / name)
        clinics.append(unlocked(place / name))
        save(clinics[-1], "first", name.encode() * 100)
    laid: dict[Path, bytes] = {}
    made: dict[int, list[str]] = {0: [], 1: []}
    while tally.runs < count:
        tally.runs += 1
        _lay(chance.choice([shelf, *shelf.glob("drscreen-*")]), laid, chance)
        which = chance.randrange(2)
        clinic, keep = clinics[which], chance.randrange(1, 4)
        save(clinic, f"{tally.runs}", chance.randbytes(500))
        if chance.random() < 0.3:
            with clinic.transaction(Action.EDIT_PATIENTS) as records:
                records.erase_patient(records.search_patients("", 0, 1)[0].patient.mrn)
        steps = chance.randrange(1, 6) if chance.random() < 0.2 else 10**9

        def step() -> None:
            nonlocal steps
            steps -= 1
            if not steps:
                raise Cancelled

        try:
            name = clinic.back_up(shelf, keep, step).backup.name
            made[which] = [*made[which], name][-keep:]
            tally.acknowledged += 1
        except Cancelled:
            pass
        except DrscreenError as error:
            tally.faults.append(f"refused as {error.code}")
        _all_there(shelf, laid, made, tally)
    for clinic in clinics:
        clinic.close()
    return [tally]


def _lay(folder: Path, laid: dict[Path, bytes], chance: random.Random) -> None:
    path = folder / chance.choice(_FOLDERS) / chance.choice(_FILES)
    if path.exists() or path.is_symlink() or (path.name == MARK and path.parent == folder):
        return
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        match chance.randrange(8):
            case 0:
                os.mkfifo(path)
            case 1:
                path.symlink_to("/dev/zero")
            case _:
                path.write_bytes(chance.randbytes(chance.randrange(40)))
                laid[path] = path.read_bytes()
                return
        laid[path] = b""


def _all_there(
    shelf: Path, laid: dict[Path, bytes], made: dict[int, list[str]], tally: Tally
) -> None:
    for path, data in laid.items():
        if not (path.exists() or path.is_symlink()):
            tally.faults.append(f"removed: {path.relative_to(shelf)}")
        elif data and path.read_bytes() != data:
            tally.faults.append(f"changed: {path.relative_to(shelf)}")
    names = [name for kept in made.values() for name in kept]
    for name in set(names):
        with suppress(DrscreenError):
            if names.count(name) == 1 and Shelf(shelf).verify(name, _silent).damaged:
                tally.faults.append("a kept backup is damaged")


def _silent() -> None:
    """Nobody watches."""
