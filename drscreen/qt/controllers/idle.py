"""Locks the workstation when nobody has been at it for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

#: How often the time is compared, in milliseconds: a lock comes at most this much late.
CHECK_MS = 5000


class IdleController(QObject):
    """`idled` is heard once when the time is over; whoever comes back starts it anew.

    `now` is monotonic seconds. GUI thread.
    """

    idled = Signal()

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._minutes = 0
        self._seen = now()
        self._timer = QTimer(self)
        self._timer.setInterval(CHECK_MS)
        self._timer.timeout.connect(self.check)

    @property
    def minutes(self) -> int:
        """The time that is watched; 0 while none is."""
        return self._minutes

    def watch(self, minutes: int) -> None:
        """Watch from now on for that long; 0 stops watching."""
        self._minutes = minutes
        self._seen = self._now()
        if minutes:
            self._timer.start()
        else:
            self._timer.stop()

    @Slot()
    def on_person_seen(self) -> None:
        """Somebody pressed a key or moved the mouse."""
        self._seen = self._now()

    @Slot()
    def check(self) -> None:
        """Compare the time; called by the timer."""
        # Sleep may stop the monotonic clock: the desktop says so by itself (`desktop_lock`).
        if self._minutes and self._now() - self._seen >= 60 * self._minutes:
            self.watch(0)
            self.idled.emit()
