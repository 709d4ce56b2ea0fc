"""How long somebody who mistyped has to wait, and how long a password that was typed counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from drscreen.domain.permissions import Action

#: So long after a password was typed, at the sign-in or again, it counts for a dangerous act.
PROOF_LASTS = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Uptime:
    """How long a machine has run: a clock that nobody can set. `boot` tells one start from the
    next, where the system names them.
    """

    boot: str
    seconds: float

    def since(self, earlier: Uptime) -> timedelta:
        """What has passed since `earlier`; after a restart, what has passed since the restart."""
        is_same = self.boot == earlier.boot and self.seconds >= earlier.seconds
        return timedelta(seconds=self.seconds - earlier.seconds if is_same else self.seconds)


@dataclass(frozen=True, slots=True)
class Proof:
    """That a password was typed a moment ago, for one kind of act. Only the store that handed it
    out takes it, by `token`, and not for long.
    """

    action: Action
    token: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """`free` failures in a row cost nothing; then the wait doubles from `first` to `most`.

    NIST SP 800-63B section 3.2.2 asks for at most 100 failures in a row; with these numbers a
    hundred tries take a day, and somebody who mistypes five times waits four seconds.
    """

    free: int = 3
    first: timedelta = timedelta(seconds=2)
    most: timedelta = timedelta(minutes=15)
    #: How long each try takes that finds the list of failures gone; nothing is free after it.
    unlisted: timedelta = timedelta(seconds=3)

    def wait_after(self, failures: int) -> timedelta:
        """The wait after so many failures in a row."""
        beyond = failures - self.free
        if beyond <= 0:
            return timedelta(0)
        return min(self.first * float(1 << min(beyond - 1, 30)), self.most)
