"""A child process that is killed without warning, and what it had acknowledged until then."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

#: What a child says first.
BEGUN = "begun"
Say = Callable[[str], None]


@dataclass
class Tally:
    """What a scenario went through. `faults` must stay empty; each is told in a line."""

    scenario: str
    runs: int = 0
    acknowledged: int = 0
    reported: int = 0
    harmless: int = 0
    faults: list[str] = field(default_factory=list)


def killed(work: Callable[[Say], None], after: float) -> tuple[list[str], bool]:
    """Run `work` in a fork of this process and SIGKILL it `after` seconds from its first line,
    with which it says that it begins.

    Returns the other whole lines that it said, and whether it was still at work then.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 0
        try:
            work(lambda line: _write(writing, line))
        except BaseException:  # noqa: BLE001 - the child must never return into the parent's stack
            traceback.print_exc()
            status = 1
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as said:
        begun = said.read(len(BEGUN) + 1)
        time.sleep(after if begun else 0)
        os.kill(child, signal.SIGKILL)
        lines = [line[:-1].decode() for line in said if line.endswith(b"\n")]
    _pid, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError("the child failed by itself")
    return lines, os.WIFSIGNALED(status)


def _write(pipe: int, line: str) -> None:
    os.write(pipe, line.encode() + b"\n")
