"""Tries at a secret that failed, in a file of its own: the records are closed while most happen.

One list for every door: sign-in, recovery code, and a password that is typed again in records that
are open. One lock around each try, counting and answer: so many are counted as were heard, however
many programs try at once.

It slows guessing down over restarts, and keeps what happened until the next sign-in chains it
into the audit log. It cannot be sealed, for nobody has the key then: whoever may write in this
folder can edit it. Removing it, or putting an older one back, is noticed: it is there from the
first day, each sign-in notes in the audit log how often it had been written, and a program that
goes on running remembers it. Names that are no account are never written down: people type
passwords there by mistake.
"""

from __future__ import annotations

import copy
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from drscreen.adapters.store.files import write_durably
from drscreen.adapters.store.lock_file import Occupied, locked
from drscreen.adapters.store.uptime import uptime
from drscreen.domain.errors import SignInThrottled, StoreError
from drscreen.domain.sign_in import Patience, Uptime
from drscreen.regular_files import LargerThanPossible, NotRegular, read_regular

_FORMAT = "drscreen-attempts"
#: How long a try waits for those before it, in seconds; one takes half a second.
_TURN = 30.0
#: Older failures are counted, not listed: the file must not grow with an attack.
_LISTED_MAX = 1000
_FILE_MAX = 4_000_000
_FORGOTTEN_AFTER = timedelta(days=1)
#: So many failures are supposed where the list was removed: what `Patience` leaves free.
_SUPPOSED = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that failed; `account` is empty where the name is nobody's. `number` counts all tries
    of this file, `is_right` marks one that turned out to be none.
    """

    number: int
    moment: datetime
    account: str
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """One that was begun. `writes` is how often the file had been written before it."""

    number: int
    writes: int


@dataclass(frozen=True, slots=True)
class Collected:
    """Failures since the last sign-in, how many more there were, whether the file was begun anew
    meanwhile because somebody removed or spoiled it, how often it was written, and the number of
    the newest try: all up to it have ended.
    """

    failures: tuple[Failure, ...]
    unlisted: int
    anew: bool
    writes: int
    newest: int


@dataclass
class _Streak:
    failures: int
    last: Uptime


@dataclass
class _State:
    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    streaks: dict[str, _Streak] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    unlisted: int = 0
    anew: bool = True
    tries: int = 0
    writes: int = 0


class Attempts:
    """The file at `path`. Any thread, any number of programs; `clock` is nobody's to set."""

    def __init__(
        self,
        path: Path,
        patience: Patience,
        clock: Callable[[], Uptime] = uptime,
    ) -> None:
        self._path = path
        self._patience = patience
        self._clock = clock
        #: As this program wrote it last.
        self._known: _State | None = None

    def start(self) -> None:
        """Write the empty file of a new store. Raises `OSError`."""
        self._write(_State(anew=False))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other try, in any program, from here to the end of the block: `begin`, the try
        itself, and `opened` where it was right.

        Raises a `StoreError` where those before it do not end, and `OSError`.
        """
        try:
            with locked(self._path.with_suffix(".lock"), _TURN):
                yield
        except Occupied as occupied:
            raise StoreError(
                "Another program is trying passwords here. Try again in a moment."
            ) from occupied

    def begin(self, account: str, now: datetime, *, known: bool) -> Try:
        """Count this try as a failure before it is made, so that killing the program saves no try;
        `opened` and `clear` take it back.

        Raises `SignInThrottled`, `OSError`.
        """
        state = self._read()
        name = self._bucket(state, account)
        here = self._clock()
        streak = state.streaks.get(name)
        # Where the list was removed nobody knows how many there were: no try is free.
        before = (streak.failures if streak else 0) + (_SUPPOSED if state.anew else 0)
        if streak is not None:
            left = self._patience.wait_after(before) - here.since(streak.last)
            if left > timedelta(0):
                raise SignInThrottled(left)
        found = state.writes
        state.tries += 1
        state.streaks[name] = _Streak(streak.failures + 1 if streak else 1, here)
        state.failures.append(Failure(state.tries, now, account if known else ""))
        if len(state.failures) > _LISTED_MAX:
            state.unlisted += 1
            del state.failures[0]
        self._write(state)
        return Try(state.tries, found)

    def opened(self, number: int) -> None:
        """The try of that number was right, though nobody has signed in by it yet."""
        self._mark(number, is_right=True)

    def refused(self, number: int) -> None:
        """The try of that number was right, and opens nothing all the same: the account is gone.

        Raises `OSError`, `StoreError`.
        """
        with self.alone():
            self._mark(number, is_right=False)

    def others(self, number: int) -> Collected:
        """What failed besides the try of that number; it is the caller's to record. Within
        `alone`, where no try is between its counting and its answer.
        """
        state = self._read()
        failures = tuple(one for one in state.failures if one.number != number and not one.is_right)
        return Collected(failures, state.unlisted, state.anew, state.writes, state.tries)

    def forgive(self, account: str, number: int) -> None:
        """The try of that number was right, and no sign-in. Within `alone`. Raises `OSError`."""
        state = self._read()
        self._forget(state, account, {number})
        self._write(state)

    def recorded(self, number: int) -> None:
        """The failure of that number stands in the audit log. Within `alone`. Raises `OSError`."""
        state = self._read()
        state.failures = [one for one in state.failures if one.number != number]
        self._write(state)

    def clear(self, account: str, number: int, told: Collected) -> None:
        """What `others` handed out is recorded, and the account has signed in by the try of that
        number. Raises `OSError`, `StoreError`.
        """
        with self.alone():
            state = self._read()
            # Right ones that came to nothing (the program was killed) are nobody's failure.
            right = {one.number for one in state.failures if one.is_right and one.number < number}
            told_of = {one.number for one in told.failures}
            self._forget(state, account, {number} | told_of | right)
            state.unlisted = max(state.unlisted - told.unlisted, 0)
            state.anew = False
            self._write(state)

    def _mark(self, number: int, *, is_right: bool) -> None:
        state = self._read()
        state.failures = [
            replace(one, is_right=is_right) if one.number == number else one
            for one in state.failures
        ]
        self._write(state)

    def _forget(self, state: _State, account: str, numbers: set[int]) -> None:
        state.streaks.pop(self._bucket(state, account), None)
        state.failures = [one for one in state.failures if one.number not in numbers]

    def _bucket(self, state: _State, account: str) -> str:
        """One of 65,536: enough to keep people apart, too few to tell what somebody typed."""
        typed = state.salt.encode() + account.encode("utf-8", "surrogatepass")
        return hashlib.sha256(typed).hexdigest()[:4]

    def _read(self) -> _State:
        """As the file says, or as this program knows where the file is gone, spoiled or older.

        A try that finds it so takes its time: removing it again and again gains nothing.
        """
        state, known = self._parsed(), self._known
        if state is not None and (known is None or state.writes >= known.writes):
            return state
        time.sleep(self._patience.unlisted.total_seconds())
        state = copy.deepcopy(known) if known is not None else _State()
        state.anew = True
        return state

    def _parsed(self) -> _State | None:
        try:
            content = json.loads(read_regular(self._path, _FILE_MAX))
            if content["format"] != _FORMAT:
                return None
            if "writes" not in content:
                return _first_format(content)
            if content.pop("sha256") != _sum(content):
                return None
            return _State(
                salt=str(content["salt"]),
                streaks={
                    str(name): _Streak(int(count), Uptime(str(boot), float(seconds)))
                    for name, (count, boot, seconds) in content["streaks"].items()
                },
                failures=[
                    Failure(int(number), datetime.fromisoformat(at), str(account), bool(is_right))
                    for number, at, account, is_right in content["failures"]
                ],
                unlisted=int(content["unlisted"]),
                anew=bool(content["anew"]),
                tries=int(content["tries"]),
                writes=int(content["writes"]),
            )
        except (FileNotFoundError, NotRegular, LargerThanPossible):
            return None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def _write(self, state: _State) -> None:
        here = self._clock()
        state.writes += 1
        content: dict[str, Any] = {
            "format": _FORMAT,
            "salt": state.salt,
            "streaks": {
                name: [one.failures, one.last.boot, one.last.seconds]
                for name, one in state.streaks.items()
                if here.since(one.last) < _FORGOTTEN_AFTER
            },
            "failures": [
                [one.number, one.moment.isoformat(), one.account, one.is_right]
                for one in state.failures
            ],
            "unlisted": state.unlisted,
            "anew": state.anew,
            "tries": state.tries,
            "writes": state.writes,
        }
        content["sha256"] = _sum(content)
        write_durably(self._path, json.dumps(content, indent=1).encode("ascii") + b"\n")
        self._known = copy.deepcopy(state)


def _sum(content: dict[str, Any]) -> str:
    """Tells damage, not an edit: nobody has a key here."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def _first_format(content: dict[str, Any]) -> _State:
    """Before tries were numbered. Its waits were by the wall clock; they end, at the latest, when
    the machine has run for so long.
    """
    streaks = {
        str(name): _Streak(int(count), Uptime("", 0.0))
        for name, (count, _day) in content["streaks"].items()
    }
    failures = [
        Failure(-place, datetime.fromisoformat(at), str(account))
        for place, (at, account) in enumerate(content["failures"], start=1)
    ]
    return _State(
        str(content["salt"]),
        streaks,
        failures,
        int(content["unlisted"]),
        anew=bool(content["anew"]),
    )
