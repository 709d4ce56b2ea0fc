"""What a process of drscreen's does first, so that what it knows stays in it."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

#: prctl(2), Linux.
_PR_SET_DUMPABLE = 4


def keep_to_itself() -> None:
    """No core file when it crashes, no reading of its memory by another program of the same
    person (Linux), and what it makes is its owner's alone. For the program and each process that
    it starts; never raises: where a system has no such thing, there is none.

    A core file of a process that records holds the data key and a patient's photograph (measured).
    """
    os.umask(0o077)
    if sys.platform == "win32":
        return
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def lock_in_memory(secret: bytes) -> None:
    """Keep these bytes, where they lie, out of the swap, as far as the system lets us. Never
    raises; copies of them are not covered, and Python cannot promise that there are none.
    """
    if sys.implementation.name != "cpython":
        return
    # A bytes object's content follows its head; the size counts the zero byte behind it too.
    place, size = id(secret) + bytes.__basicsize__ - 1, len(secret)
    with suppress(OSError, AttributeError):
        if sys.platform == "win32":
            ctypes.windll.kernel32.VirtualLock(ctypes.c_void_p(place), ctypes.c_size_t(size))
        else:
            ctypes.CDLL(None).mlock(ctypes.c_void_p(place), ctypes.c_size_t(size))
