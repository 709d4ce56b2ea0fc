"""How long somebody who mistyped has to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Patience:
    """`free` failures in a row cost nothing; then the wait doubles from `first` to `most`.

    NIST SP 800-63B section 3.2.2 asks for at most 100 failures in a row; with these numbers a
    hundred tries take a day, and somebody who mistypes five times waits four seconds.
    """

    free: int = 3
    first: timedelta = timedelta(seconds=2)
    most: timedelta = timedelta(minutes=15)

    def wait_after(self, failures: int) -> timedelta:
        """The wait after so many failures in a row."""
        beyond = failures - self.free
        if beyond <= 0:
            return timedelta(0)
        return min(self.first * float(1 << min(beyond - 1, 30)), self.most)
