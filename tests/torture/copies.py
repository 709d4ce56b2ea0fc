"""Copies of the store's folder that were made while it was in use: files of several moments, half
ones, missing ones. Told at sign-in or by `check`, or of one moment and whole; never a mixture.
Each fifth copy is whole, and must open without a word.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.errors import DrscreenError
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.backups import save
from tests.adapters.store.samples import made_store, unlocked
from tests.torture.forked import Tally

#: How often the folder is copied whole while people record.
MOMENTS = 6
_STATE = dict[str, tuple[int, str]]


def torn(place: Path, count: int, chance: random.Random) -> list[Tally]:
    """`count` copies, each of files of random moments of one store's life."""
    tally = Tally("torn copy of the folder")
    states = _moments(place, chance)
    files = sorted(
        {
            path.relative_to(place / f"{n}")
            for n in range(MOMENTS)
            for path in (place / f"{n}").rglob("*")
            if path.is_file()
        }
    )
    while tally.runs < count:
        tally.runs += 1
        trial = place / "trial"
        shutil.rmtree(trial, ignore_errors=True)
        whole = tally.runs % 5 == 0
        if whole:  # a copy of one moment, which nothing is said of
            shutil.copytree(place / f"{chance.randrange(MOMENTS)}", trial)
        mixed = "" if whole else _mix(place, trial, files, chance)
        try:
            told = _told(trial)
        except DrscreenError:
            told = None
        if whole and told not in states:
            tally.faults.append("a whole copy was called torn")
        elif told is None:
            tally.reported += 1
        elif told in states:
            tally.harmless += 1
        else:
            tally.faults.append(f"a mixture was opened in silence: {mixed}")
    return [tally]


def _moments(place: Path, chance: random.Random) -> list[_STATE]:
    """A store's life, its folder copied between transactions, its log not empty."""
    home = place / "home"
    made_store(home)
    states: list[_STATE] = []
    opened = unlocked(home)
    for n in range(MOMENTS):
        for k in range(chance.randrange(1, 5)):
            number = f"{n}-{k}"
            if chance.random() < 0.4:
                save(opened, number, chance.randbytes(3000))
            else:
                _record(opened, number)
        _record(opened, f"{n}-last")
        shutil.copytree(home, place / f"{n}")
        states.append(_state(opened))
        if chance.random() < 0.5:
            opened.close()
            opened = unlocked(home)
    opened.close()
    return states


def _record(opened: SqlCipherOpenStore, number: str) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient(number, family_name="x" * 500))
        for row in records.search_patients("", 0, 3):
            records.change_patient(row.patient)


def _state(opened: SqlCipherOpenStore) -> _STATE:
    """Each patient with version and photographs."""
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return {
            row.patient.mrn: (
                row.patient.version,
                " ".join(p.id for exam in records.exams(row.patient.mrn) for p in exam.photographs),
            )
            for row in records.search_patients("", 0, 10_000)
        }


def _mix(place: Path, trial: Path, files: list[Path], chance: random.Random) -> str:
    """Lay the trial out; most copies have the files of two moments, as one that takes a while."""
    first, second = sorted(chance.sample(range(MOMENTS), 2))
    told = []
    for file in files:
        moment = chance.choice((first, second)) if chance.random() < 0.9 else chance.randrange(6)
        source = place / f"{moment}" / file
        kind = chance.random()
        if not source.exists() or kind < 0.03:
            continue
        target = trial / file
        target.parent.mkdir(parents=True, exist_ok=True)
        data = source.read_bytes()
        target.write_bytes(data[: len(data) // 2] if kind < 0.08 else data)
        if "vault" not in file.parts:
            told.append(f"{file.name} of {moment}{' half' if kind < 0.08 else ''}")
    return ", ".join(told)


def _told(home: Path) -> _STATE | None:
    """What the copy tells; None where it says that something is wrong."""
    opened = unlocked(home)
    try:
        if opened.alarms:
            return None
        report = opened.check_photographs()
        if report.problems or report.findings:
            return None
        return _state(opened)
    finally:
        opened.close()
