"""A disk that is full, or may not be written, as a small tmpfs; needs the right to mount."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.errors import DrscreenError, StoreFull, StoreUnwritable
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import MONDAY, made_store, referred, unlocked
from tests.torture.forked import Tally


@contextmanager
def small_disk(place: Path, megabytes: int, options: str = "") -> Iterator[Path]:
    """A file system of that size. Raises `PermissionError` where mounting is not allowed."""
    place.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m{options}", "none", str(place)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise PermissionError(ran.stderr.strip())
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def full(place: Path, count: int, chance: random.Random) -> Tally:
    """Photographs of random sizes until there is no room; then some room, and on it goes."""
    tally = Tally("full disk")
    with small_disk(place / "disk", 4) as disk:
        made_store(disk / "home")
        ballast = disk / "ballast"
        saved: dict[str, bytes] = {}
        opened = unlocked(disk / "home")
        while tally.runs < count:
            tally.runs += 1
            with suppress(OSError):
                ballast.write_bytes(bytes(chance.randrange(100_000, 900_000)))
            try:
                for n in range(1000):
                    data = chance.randbytes(chance.randrange(500, 90_000))
                    number = f"{tally.runs}-{n}"
                    saved[_save(opened, number, data)] = data
                    tally.acknowledged += 1
                    if chance.random() < 0.2:
                        _erase_one(opened, saved)
            except StoreFull:
                tally.reported += 1
            except DrscreenError as error:
                tally.faults.append(f"told as {error.code}")
            ballast.unlink()
            _all_there(opened, saved, tally)
            for _ in range(6):
                _erase_one(opened, saved)
        opened.close()
        again = unlocked(disk / "home")
        _all_there(again, saved, tally)
        if again.alarms or again.verify_audit().faults:
            tally.faults.append("the audit log is not whole")
        again.close()
    return tally


def filled_up(disk: Path) -> None:
    """Leave no byte."""
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def remount(disk: Path, mode: str) -> None:
    """Make the disk `ro` or `rw`."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)


def read_only(place: Path) -> Tally:
    """A disk that has become read-only: read all the same and said so, nothing changed."""
    tally = Tally("read-only disk", runs=1)
    with small_disk(place / "disk", 4) as disk:
        made_store(disk / "home")
        opened = unlocked(disk / "home")
        photograph = _save(opened, "1", b"kept")
        opened.close()
        for mode in ("ro", "rw"):
            remount(disk, mode)
            try:
                again = unlocked(disk / "home")
            except DrscreenError as error:
                tally.faults.append(f"told as {error.code}")
                continue
            if again.is_read_only != (mode == "ro"):
                tally.faults.append("not told as what it is")
            if mode == "ro":
                try:
                    _save(again, "2", b"not kept")
                except StoreUnwritable:
                    tally.reported += 1
            with again.transaction(Action.EDIT_PATIENTS) as records:
                if records.photograph_bytes(photograph) != b"kept":
                    tally.faults.append("a photograph differs")
            again.close()
    return tally


def _save(opened: SqlCipherOpenStore, mrn: str, data: bytes) -> str:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient(mrn))
        return records.save_photograph(
            mrn, Laterality.OD, data, referred(data), recorded_at=MONDAY
        ).id


def _erase_one(opened: SqlCipherOpenStore, saved: dict[str, bytes]) -> None:
    """Make room; a full disk may refuse that too, and then everything is as before."""
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        rows = records.search_patients("", 0, 1)
    if not rows:
        return
    number = rows[0].patient.mrn
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        gone = [p.id for exam in records.exams(number) for p in exam.photographs]
        records.erase_patient(number)
    for photograph in gone:
        del saved[photograph]


def _all_there(opened: SqlCipherOpenStore, saved: dict[str, bytes], tally: Tally) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for photograph, data in saved.items():
            if records.photograph_bytes(photograph) != data:
                tally.faults.append("a photograph differs")
        if records.count_patients("") != len(saved):
            tally.faults.append("patients without their photograph, or the other way round")
