"""Calls into foreign code: with a time limit, and what can come of one that gave no answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class CallFailed(Exception):
    """A call that gave no answer."""


class NotMade(CallFailed):
    """The call was not made: the plugin has seen nothing of it."""


class Busy(NotMade):
    """Another call has not ended yet."""


class Changed(NotMade):
    """The plugin's files are not those that were chosen."""


class OutOfTime(CallFailed):
    """The call had not ended at its limit. Its process is ended with it."""


class Died(CallFailed):
    """The process ended in the middle of the call."""


class Raised(CallFailed):
    """The call raised. `kind` is the exception's class; its text may hold a secret or a number."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Lacks(CallFailed):
    """The plugin has no function of that `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotLoaded(NotMade):
    """The plugin could not be loaded, and `why`."""

    def __init__(self, why: CallFailed) -> None:
        super().__init__(why)
        self.why = why


class WrongAnswer(CallFailed):
    """The plugin answered something else than it promised."""


def limited(work: Callable[[], T], seconds: float) -> T:
    """What `work` returns, or raises as `CallFailed`. Raises `OutOfTime` at the limit.

    It is left to itself then, on a thread that keeps no program alive: who called ends what it
    waits for.
    """
    call = _Call(work)
    thread = threading.Thread(target=call.run, name="notifier", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise OutOfTime
    return call.answer()


class _Call(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._answers: list[T] = []
        self._failed: CallFailed = Died()

    def run(self) -> None:
        try:
            self._answers.append(self._work())
        except CallFailed as error:
            self._failed = error
        except OSError:
            self._failed = Died()

    def answer(self) -> T:
        if not self._answers:
            raise self._failed
        return self._answers[0]
