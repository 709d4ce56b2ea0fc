"""SIGKILL at random moments: what was acknowledged is there and whole afterwards."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.errors import DrscreenError, SignInFailed
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.screening import SaveTo, ScreeningRequest
from drscreen.domain.users import Role, User
from drscreen.services.screening import ScreeningService
from tests.adapters.store.samples import MONDAY, made_store, referred, store_at, unlocked
from tests.adapters.store.test_frozen import OLDEST, expected, holds, thawed
from tests.fakes.screening import PNG, FakeClock, FakeGate, FakePredictor, FakeReader
from tests.fixtures.freeze import content, fill
from tests.torture.forked import BEGUN, Say, Tally, killed

Scenario = Callable[[Path, int, random.Random], Tally]


def writing(place: Path, kills: int, chance: random.Random) -> Tally:
    """Patients, photographs and changes recorded as fast as it goes; the store copied as the kill
    left it, and the copy opened.
    """
    tally = Tally("heavy writing, then a copy")
    home = place / "home"
    made_store(home)
    everything: dict[str, str] = {}
    while tally.runs < kills:
        start = tally.runs * 100_000

        def work(say: Say, start: int = start) -> None:
            opened = unlocked(home)
            say(BEGUN)
            for n in range(start, start + 100_000):
                data = _bytes_of(n)
                with opened.transaction(Action.EDIT_PATIENTS) as records:
                    added = records.add_patient(Patient(str(n)))
                    saved = records.save_photograph(
                        str(n), Laterality.OD, data, referred(data), recorded_at=MONDAY
                    )
                say(f"{n} {saved.id}")
                with opened.transaction(Action.EDIT_PATIENTS) as records:
                    records.change_patient(replace(added, phone="1234"))
                say(f"{n} changed")

        said, was_killed = killed(work, chance.uniform(0, 0.4))
        if not was_killed:
            continue
        tally.runs += 1
        tally.acknowledged += len(said)
        copy = place / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy)
        recorded = [line.split() for line in said if "changed" not in line]
        now = {photograph: number for number, photograph in recorded}
        everything |= now
        opened = opened_after_kill(copy, tally)
        if opened is None:
            continue
        changed = [line.split()[0] for line in said if "changed" in line]
        _check_photographs(opened, now, tally)
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            for number in changed:
                found = records.find_patient(number)
                if found is None or found.phone != "1234":
                    tally.faults.append(f"change of {number} lost")
        opened.close()
    opened = unlocked(home)
    _check_photographs(opened, everything, tally)
    _check_whole(opened, tally)
    opened.close()
    return tally


def screening(place: Path, kills: int, chance: random.Random) -> Tally:
    """The screening service itself: read, judge, grade, record."""
    tally = Tally("screening")
    home, photograph = place / "home", place / "photograph.jpg"
    made_store(home)
    data = PNG + b"a photograph" * 9000
    photograph.write_bytes(data)
    while tally.runs < kills:

        def work(say: Say, run: int = tally.runs) -> None:
            opened = unlocked(home)
            say(BEGUN)
            service = ScreeningService(
                FakeReader(), FakeGate(), FakePredictor(), FakeClock(), opened
            )
            for n in range(100_000):
                target = SaveTo(f"{run}-{n}", Laterality.OS)
                result = service.screen(ScreeningRequest(photograph, target, again=True))
                say(f"{result.record}")

        said, was_killed = killed(work, chance.uniform(0, 0.4))
        if not was_killed:
            continue
        tally.runs += 1
        tally.acknowledged += len(said)
        opened = opened_after_kill(home, tally)
        if opened is None:
            return tally
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            for photograph_id in said:
                if records.photograph_bytes(photograph_id) != data:
                    tally.faults.append("a screened photograph differs")
        opened.close()
    return tally


def backup(place: Path, kills: int, chance: random.Random) -> Tally:
    """Backups one after the other while a photograph is recorded between them."""
    tally = Tally("backup")
    home, shelf = place / "home", place / "shelf"
    shelf.mkdir()
    made_store(home)
    opened = unlocked(home)
    fill(opened)
    opened.close()
    while tally.runs < kills:

        def work(say: Say, run: int = tally.runs) -> None:
            opened = unlocked(home)
            say(BEGUN)
            for n in range(100_000):
                _save(opened, f"{run}-{n}", _bytes_of(n))
                say(opened.back_up(shelf, 3).backup.name)

        said, was_killed = killed(work, chance.uniform(0, 0.4))
        if not was_killed:
            continue
        tally.runs += 1
        tally.acknowledged += len(said)
        found = Shelf(shelf).backups()
        if said and said[-1] not in [one.name for one in found]:
            tally.faults.append("an acknowledged backup is gone")
        for one in found:
            if Shelf(shelf).verify(one.name, _silent).damaged:
                tally.faults.append(f"backup {one.name} is not whole")
        again = place / "restored"
        shutil.rmtree(again, ignore_errors=True)
        if found:
            Shelf(shelf).restore("", again, without_damaged=False, step=_silent)
            restored = unlocked(again)
            _check_whole(restored, tally, alarms=False)
            restored.close()
    return tally


def migration(place: Path, kills: int, chance: random.Random) -> Tally:
    """The upgrade of the oldest frozen store."""
    tally = Tally("migration")
    told = expected(OLDEST)
    while tally.runs < kills:
        home = thawed(OLDEST, place / f"home{tally.runs}")

        def work(say: Say, home: Path = home) -> None:
            say(BEGUN)
            for _ in range(2):  # the second one leaves the vault's first format
                unlocked(home).close()
            say("upgraded")

        said, was_killed = killed(work, chance.uniform(0, 0.4))
        if not was_killed:
            shutil.rmtree(home)
            continue
        tally.runs += 1
        tally.acknowledged += len(said)
        for _ in range(2):
            opened = opened_after_kill(home, tally, alarms=False)
            if opened is not None:
                if not holds(content(opened), told):
                    tally.faults.append("the records differ after an upgrade")
                opened.close()
        left = [path.name for path in (home / "store").glob("*") if "before-upgrade" in path.name]
        if left:
            tally.faults.append(f"left behind: {left}")
        shutil.rmtree(home)
    return tally


def password(place: Path, kills: int, chance: random.Random) -> Tally:
    """Password changes of one account."""
    tally = Tally("password change")
    home = place / "home"
    made_store(home)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "password number 0")
    opened.close()
    last = 0
    while tally.runs < kills:

        def work(say: Say, start: int = last) -> None:
            opened = unlocked(home)
            say(BEGUN)
            for n in range(start + 1, start + 100_000):
                with opened.transaction(Action.EDIT_PATIENTS) as records:
                    records.set_password("tess", f"password number {n}")
                say(str(n))

        said, was_killed = killed(work, chance.uniform(0, 0.4))
        if not was_killed:
            continue
        tally.runs += 1
        tally.acknowledged += len(said)
        last = int(said[-1]) if said else last
        # Killed between the change and its acknowledgement, the next one may hold already.
        for number in (last, last + 1):
            try:
                store_at(home).open("tess", f"password number {number}").close()
                last = number
                break
            except SignInFailed:
                continue
        else:
            tally.faults.append("no password opens the account")
        opened = unlocked(home)
        _check_whole(opened, tally)
        opened.close()
    return tally


def rotation(place: Path, kills: int, chance: random.Random) -> Tally:
    """Changes of the data key."""
    tally = Tally("change of the data key")
    home = place / "home"
    made_store(home)
    opened = unlocked(home)
    fill(opened)
    before = content(opened)
    opened.close()
    while tally.runs < kills:

        def work(say: Say) -> None:
            opened = unlocked(home)
            say(BEGUN)
            for n in range(100_000):
                opened.change_data_key()
                say(str(n))

        said, was_killed = killed(work, chance.uniform(0, 0.4))
        if not was_killed:
            continue
        tally.runs += 1
        tally.acknowledged += len(said)
        again = opened_after_kill(home, tally)
        if again is None:
            return tally
        if content(again) != before:
            tally.faults.append("the records differ after a change of the key")
        _check_whole(again, tally)
        again.close()
    return tally


def erasure(place: Path, kills: int, chance: random.Random) -> Tally:
    """Patients erased one after the other."""
    tally = Tally("erasure")
    home = place / "home"
    made_store(home)
    while tally.runs < kills:
        opened = unlocked(home)
        numbers = [f"{tally.runs}-{n}" for n in range(12)]
        for number in numbers:
            _save(opened, number, number.encode() * 2000)
        opened.close()

        def work(say: Say, numbers: list[str] = numbers) -> None:
            opened = unlocked(home)
            say(BEGUN)
            for number in numbers:
                with opened.transaction(Action.EDIT_PATIENTS) as records:
                    records.erase_patient(number)
                say(number)

        said, was_killed = killed(work, chance.uniform(0, 0.15))
        if not was_killed:
            continue
        tally.runs += 1
        tally.acknowledged += len(said)
        opened = unlocked(home)
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            if any(records.find_patient(number) for number in said):
                tally.faults.append("an erased patient is back")
            for number in numbers[len(said) + 1 :]:
                (exam,) = records.exams(number)
                records.photograph_bytes(exam.photographs[0].id)
        _check_whole(opened, tally)
        opened.close()
    return tally


SCENARIOS: dict[str, Scenario] = {
    "writing": writing,
    "screening": screening,
    "backup": backup,
    "migration": migration,
    "password": password,
    "rotation": rotation,
    "erasure": erasure,
}


def _silent() -> None:
    pass


def _bytes_of(n: int) -> bytes:
    return str(n).encode() * 12_000


def _save(opened: SqlCipherOpenStore, mrn: str, data: bytes) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient(mrn))
        records.save_photograph(mrn, Laterality.OD, data, referred(data), recorded_at=MONDAY)


def opened_after_kill(
    home: Path, tally: Tally, *, alarms: bool = True
) -> SqlCipherOpenStore | None:
    """The store as a kill left it; a fault where it does not open, or raises an alarm."""
    try:
        opened = unlocked(home)
    except DrscreenError as error:
        tally.faults.append(f"does not open: {error.code}")
        return None
    if alarms and opened.alarms:
        tally.faults.append(f"alarm after a kill: {opened.alarms[0].details}")
    return opened


def _check_photographs(opened: SqlCipherOpenStore, numbers: dict[str, str], tally: Tally) -> None:
    """`numbers` by photograph."""
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for photograph, number in numbers.items():
            try:
                whole = records.photograph_bytes(photograph) == _bytes_of(int(number))
            except DrscreenError as error:
                tally.faults.append(f"photograph of {number}: {error.code}")
                continue
            found = records.find_photograph(photograph)
            if not whole or found is None or found.grading is None:
                tally.faults.append(f"photograph of {number} differs")


def _check_whole(opened: SqlCipherOpenStore, tally: Tally, *, alarms: bool = True) -> None:
    """The chain of the audit log, and every photograph that any row names."""
    if opened.check_photographs().problems:
        tally.faults.append("a recorded photograph is not whole")
    if alarms and opened.verify_audit().faults:
        tally.faults.append("the audit log is not whole")
