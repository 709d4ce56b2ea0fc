"""Programs that guess at once: as many tries are counted and told as were heard."""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import SignInFailed
from drscreen.domain.permissions import Action
from tests.adapters.store.outbox import noted
from tests.adapters.store.samples import PASSWORD, made_store, store_at, unlocked
from tests.torture.forked import Tally

PROGRAMS = 8
Door = Callable[[Path, Callable[[], None]], None]


def guesses(place: Path, count: int, chance: random.Random) -> Tally:
    """`count` times eight programs try at one moment, at the sign-in and at the second door; in
    every fourth round one of them is killed within its try.
    """
    tally = Tally("simultaneous guesses")
    home = place / "home"
    made_store(home)
    told_before = 0
    for number in range(count):
        doors: list[Door] = [
            _signs_in if chance.random() < 0.5 else _types_again for _ in range(PROGRAMS)
        ]
        victim = chance.randrange(PROGRAMS) if number % 4 == 3 else None
        heard, killed = _round(home, place / f"go{number}", doors, victim, chance.uniform(0, 0.2))
        opened = unlocked(home)
        told = len(noted(opened, AuditKind.SIGN_IN_FAILED))
        intact = opened.verify_audit().intact
        opened.close()
        tally.runs += 1
        tally.acknowledged += heard
        tally.reported += told - told_before
        if not heard <= told - told_before <= heard + killed or not intact:
            tally.faults.append(f"round {number}: {heard} heard, {told - told_before} told")
        told_before = told
    return tally


def _round(
    home: Path, barrier: Path, doors: list[Door], victim: int | None, after: float
) -> tuple[int, int]:
    """How many were told no, and how many were killed."""
    reading, writing = os.pipe()
    children = [_child(home, barrier, door, writing) for door in doors]
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as said:
        for _ in children:
            said.read(1)
        barrier.touch()
        if victim is not None:
            time.sleep(after)
            os.kill(children[victim], signal.SIGKILL)
        answers = b"".join(iter(lambda: said.read(64), b""))
    for child in children:
        os.waitpid(child, 0)
    return answers.count(b"n"), int(victim is not None)


def _child(home: Path, barrier: Path, door: Door, writing: int) -> int:
    """A program that is ready, waits for the barrier, tries once, and says what it heard."""
    child = os.fork()
    if child:
        return child

    def wait() -> None:
        os.write(writing, b".")
        while not barrier.exists():
            time.sleep(0.001)

    try:
        door(home, wait)
    except SignInFailed:
        os.write(writing, b"n")
    except BaseException:  # noqa: BLE001 - the child must never return into the parent's stack
        traceback.print_exc()
    finally:
        os._exit(0)


def _signs_in(home: Path, wait: Callable[[], None]) -> None:
    store = store_at(home)
    wait()
    store.open("Nora", "wrong")


def _types_again(home: Path, wait: Callable[[], None]) -> None:
    opened = store_at(home).open("Nora", PASSWORD)
    wait()
    opened.reenter(Action.CHANGE_OWN_PASSWORD, "wrong")
