"""The machine's clock."""

from __future__ import annotations

import time
from datetime import datetime


class SystemClock:
    """`drscreen.domain.ports.Clock` over the machine's own clocks."""

    def now(self) -> datetime:
        """The present moment in this machine's time zone."""
        return datetime.now().astimezone()

    def elapsed(self) -> float:
        """Monotonic seconds."""
        return time.perf_counter()
