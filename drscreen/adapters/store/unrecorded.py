"""Tries to sign in that cannot be written down, because their disk is full or cannot be written.

They are counted for as long as the program runs, and each of them waits, also the first of a
program that was begun anew: guessing must not become quicker by filling a disk.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

from drscreen.domain.errors import SignInThrottled
from drscreen.domain.sign_in import Patience

#: How long every such try waits, in seconds; one after the other.
WAIT = 2.0
_one_at_a_time = threading.Lock()
#: By folder and account: failures in a row, and when the last was, in monotonic seconds.
_counted: dict[tuple[Path, str], tuple[int, float]] = {}


class UnrecordedTries:
    """Of one store; the counts are the process's. Any thread."""

    def __init__(self, folder: Path, patience: Patience) -> None:
        self._folder = folder
        self._patience = patience

    def wait(self, account: str) -> None:
        """Count a try as a failure, and wait. Raises `SignInThrottled` after several."""
        key = (self._folder.absolute(), account)
        with _one_at_a_time:
            failures, last = _counted.get(key, (0, 0.0))
            passed = timedelta(seconds=time.monotonic() - last)
            left = self._patience.wait_after(failures) - passed
            if failures and left > timedelta(0):
                raise SignInThrottled(left)
            _counted[key] = (failures + 1, time.monotonic())
            time.sleep(WAIT)

    def forgive(self, account: str) -> None:
        """The try was right."""
        with _one_at_a_time:
            _counted.pop((self._folder.absolute(), account), None)
