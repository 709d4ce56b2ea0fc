"""One bit flipped at a random place: reported, or without effect; never served as truth."""

from __future__ import annotations

import random
import shutil
import signal
from pathlib import Path
from typing import Any

from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.errors import DrscreenError
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import PASSWORD, made_store, store_at, unlocked
from tests.fixtures.freeze import content, fill
from tests.torture.forked import BEGUN, Say, Tally, killed

KINDS = ("database", "log", "key file", "anchor", "vault", "backup")


def flips(place: Path, count: int, chance: random.Random) -> list[Tally]:
    """`count` flips in each kind of file of a store that was left by a kill, its log not empty."""
    home, shelf = place / "home", place / "shelf"
    before = _left_by_a_kill(home, shelf)
    tallies = [Tally(f"a flipped bit: {kind}") for kind in KINDS]
    for kind, tally in zip(KINDS, tallies, strict=True):
        while tally.runs < count:
            tally.runs += 1
            trial = place / "trial"
            shutil.rmtree(trial, ignore_errors=True)
            shutil.copytree(home, trial / "home")
            shutil.copytree(shelf, trial / "shelf")
            where = _flip(chance.choice(_files(kind, trial)), chance)
            try:
                told = _read_all(trial, kind)
            except DrscreenError:
                told = None
            if told is None:
                tally.reported += 1
            elif told == before:
                tally.harmless += 1
            else:
                tally.faults.append(f"served as truth: {where}")
    return tallies


def _left_by_a_kill(home: Path, shelf: Path) -> dict[str, Any]:
    shelf.mkdir()
    made_store(home)
    opened = unlocked(home)
    fill(opened)
    opened.back_up(shelf, 3)
    opened.close()

    def work(say: Say) -> None:
        opened = unlocked(home)
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            patient = records.find_patient("B-2")
            if patient is not None:
                records.change_patient(patient)
        say(BEGUN)
        signal.pause()

    killed(work, 0.1)
    if not (home / "store" / "records.db-wal").stat().st_size:
        raise RuntimeError("the log is empty")
    copy = home.with_name("untouched")
    shutil.copytree(home, copy)
    opened = unlocked(copy)
    if opened.alarms:
        raise RuntimeError("an alarm before anything was flipped")
    before = content(opened)
    opened.close()
    return before


def _files(kind: str, trial: Path) -> list[Path]:
    store, shelf = trial / "home" / "store", trial / "shelf"
    match kind:
        case "database":
            return [store / "records.db"]
        case "log":
            return [store / "records.db-wal"]
        case "key file":
            return [store / "keys.json"]
        case "anchor":
            return [store / "audit.head"]
        case "vault":
            return [path for path in (store / "vault").rglob("*") if path.is_file()]
        case _:
            return [path for path in shelf.rglob("*") if path.is_file()]


def _flip(path: Path, chance: random.Random) -> str:
    data = bytearray(path.read_bytes())
    position = chance.randrange(len(data))
    data[position] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return f"{path.name} at {position}"


def _read_all(trial: Path, kind: str) -> dict[str, Any] | None:
    """Everything that the store tells; None where it says that something is wrong."""
    home = trial / "home"
    if kind == "backup":
        check = Shelf(trial / "shelf").verify("", lambda: None)
        if check.damaged:
            return None
        home = trial / "restored"
        Shelf(trial / "shelf").restore("", home, without_damaged=False, step=lambda: None)
    opened = store_at(home).open("Nora", PASSWORD)
    try:
        if kind != "backup" and (opened.alarms or opened.verify_audit().faults):
            return None
        if opened.check_photographs().problems:
            return None
        return content(opened)
    finally:
        opened.close()
