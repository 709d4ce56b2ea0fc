"""A clock that nobody can set: how long this machine has run."""

from __future__ import annotations

import time
from pathlib import Path

from drscreen.domain.sign_in import Uptime

_SECONDS = Path("/proc/uptime")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def uptime() -> Uptime:
    """How long this machine has run, sleep included where the system counts it.

    On Linux from the kernel's own files, which a library that fakes the time does not reach (it
    does reach the monotonic clock); elsewhere from the monotonic clock, without a name of the boot.
    """
    try:
        seconds = float(_SECONDS.read_text(encoding="ascii").split()[0])
        return Uptime(_BOOT.read_text(encoding="ascii").strip(), seconds)
    except (OSError, ValueError, IndexError):
        return Uptime("", time.monotonic())
