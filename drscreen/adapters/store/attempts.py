"""Sign-ins that failed, in a file of its own: the records are closed while they happen.

It slows guessing down over restarts, and keeps what happened until the next sign-in chains it
into the audit log. It cannot be sealed, for nobody has the key then: whoever may write in this
folder can edit it. Removing it is noticed at the next sign-in, since it is there from the first
day. Names that are no account are never written down: people type passwords there by mistake.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drscreen.adapters.store.files import write_durably
from drscreen.domain.errors import SignInThrottled
from drscreen.domain.sign_in import Patience
from drscreen.regular_files import LargerThanPossible, NotRegular, read_regular

_FORMAT = "drscreen-attempts"
#: Older failures are counted, not listed: the file must not grow with an attack.
_LISTED_MAX = 1000
_FILE_MAX = 4_000_000
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Failure:
    """A sign-in that failed; `account` is empty where the name is nobody's."""

    moment: datetime
    account: str


@dataclass(frozen=True, slots=True)
class Collected:
    """Failures since the last sign-in, how many more there were, and whether the file was begun
    anew meanwhile, because somebody removed or spoiled it.
    """

    failures: tuple[Failure, ...]
    unlisted: int
    anew: bool


@dataclass
class _Streak:
    failures: int
    last: datetime


@dataclass
class _State:
    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    streaks: dict[str, _Streak] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    unlisted: int = 0
    anew: bool = True


class Attempts:
    """The file at `path`. Any thread; of two processes at once one failure may go uncounted."""

    def __init__(self, path: Path, patience: Patience) -> None:
        self._path = path
        self._patience = patience

    def start(self) -> None:
        """Write the empty file of a new store. Raises `OSError`."""
        self._write(_State(anew=False))

    def begin(self, account: str, now: datetime, *, known: bool) -> None:
        """Count this try as a failure before it is made, so that killing the program saves no try;
        `clear` takes it back. Raises `SignInThrottled`, `OSError`.
        """
        state = self._read()
        name = self._bucket(state, account)
        streak = state.streaks.get(name)
        if streak is not None:
            if now < streak.last:
                # The clock was set back: the wait begins anew, or it might last for years.
                streak.last = now
                self._write(state)
            left = streak.last + self._patience.wait_after(streak.failures) - now
            if left > timedelta(0):
                raise SignInThrottled(left)
        failures = streak.failures + 1 if streak else 1
        state.streaks[name] = _Streak(failures, now)
        state.failures.append(Failure(now, account if known else ""))
        if len(state.failures) > _LISTED_MAX:
            state.unlisted += 1
            del state.failures[0]
        self._write(state)

    def others(self, moment: datetime) -> Collected:
        """What failed besides the try that began at `moment`; it is the caller's to record."""
        state = self._read()
        failures = tuple(one for one in state.failures if one.moment != moment)
        return Collected(failures, state.unlisted, state.anew)

    def forgive(self, account: str, moment: datetime) -> None:
        """The try begun at `moment` succeeded, though nobody signed in. Raises `OSError`."""
        state = self._read()
        state.streaks.pop(self._bucket(state, account), None)
        state.failures = [one for one in state.failures if one.moment != moment]
        self._write(state)

    def clear(self, account: str) -> None:
        """What `others` handed out is recorded, and the account has signed in. Raises `OSError`."""
        state = self._read()
        state.streaks.pop(self._bucket(state, account), None)
        state.failures.clear()
        state.unlisted = 0
        state.anew = False
        self._write(state)

    def _bucket(self, state: _State, account: str) -> str:
        """One of 65,536: enough to keep people apart, too few to tell what somebody typed."""
        typed = state.salt.encode() + account.encode("utf-8", "surrogatepass")
        return hashlib.sha256(typed).hexdigest()[:4]

    def _read(self) -> _State:
        try:
            content = json.loads(read_regular(self._path, _FILE_MAX))
            if content["format"] != _FORMAT:
                return _State()
            return _State(
                salt=str(content["salt"]),
                streaks={
                    str(name): _Streak(int(count), datetime.fromisoformat(last))
                    for name, (count, last) in content["streaks"].items()
                },
                failures=[
                    Failure(datetime.fromisoformat(moment), str(account))
                    for moment, account in content["failures"]
                ],
                unlisted=int(content["unlisted"]),
                anew=bool(content["anew"]),
            )
        except (FileNotFoundError, NotRegular, LargerThanPossible):
            return _State()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _State()

    def _write(self, state: _State) -> None:
        newest = max((one.last for one in state.streaks.values()), default=datetime.now(UTC))
        content: dict[str, Any] = {
            "format": _FORMAT,
            "salt": state.salt,
            "streaks": {
                name: [one.failures, one.last.isoformat()]
                for name, one in state.streaks.items()
                if newest - one.last < _FORGOTTEN_AFTER
            },
            "failures": [[one.moment.isoformat(), one.account] for one in state.failures],
            "unlisted": state.unlisted,
            "anew": state.anew,
        }
        write_durably(self._path, json.dumps(content, indent=1).encode("ascii") + b"\n")
