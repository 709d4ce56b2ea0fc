"""What runs in a plugin's own process: it is told what to load, asked, and answers over a pipe.

It knows the plugin's settings and the message that it is asked to send, and nothing else of
drscreen's: it is started afresh, never forked, with no file, no variable and no memory of the
program that has the records open.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import Any

from drscreen.adapters.notify import frames
from drscreen.adapters.notify.calls import Lacks, WrongAnswer

#: Seconds without a question after which it ends by itself. drscreen asks none that has waited for
#: half as long (`process.WARM`), so that no question meets a process on its way out.
_IDLE = 60.0


def main() -> None:
    """Answer until nobody asks any more."""
    requests, answers = _own_pipe()
    _leave_no_core()
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    hooks = None
    while True:
        try:
            asked = waiting.get(timeout=_IDLE)
        except queue.Empty:
            os._exit(0)
        try:
            if hooks is None:
                from drscreen.adapters.notify.hooks import Hooks

                hooks = Hooks(asked["load"])
            told = {"ok": hooks.answer(asked["ask"], asked)}
        except WrongAnswer:
            told = {"wrong": True}
        except Lacks as error:
            told = {"lacks": error.name}
        except BaseException as error:  # noqa: BLE001 - foreign code; its text may hold a secret
            told = {"raised": type(error).__name__}
        try:
            frames.write(lambda data: os.write(answers, data), {"number": asked["number"], **told})
        except (OSError, ValueError, frames.Ended):
            os._exit(1)


def _own_pipe() -> tuple[int, int]:
    """The pipe, moved away from where a plugin prints to and reads from."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return requests, answers


def _leave_no_core() -> None:
    """A process that crashes must not write settings and messages to the disk."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _listen(requests: int, waiting: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Hand on what is asked. When drscreen is gone, so is this process, whatever a plugin does."""
    try:
        while True:
            waiting.put(frames.read(lambda count: os.read(requests, count)))
    except (OSError, frames.Ended):
        os._exit(0)
