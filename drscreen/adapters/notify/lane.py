"""Calls into foreign code, one at a time, each on a thread of its own and with a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class CallFailed(Exception):
    """A call that gave no answer."""


class StillRunning(CallFailed):
    """The call was not made: an earlier one has not ended."""


class OutOfTime(CallFailed):
    """The call was made and had not ended at its limit. It may end yet; nobody listens."""


class Raised(CallFailed):
    """The call raised. `kind` is the exception's class; its text may hold a secret or a number."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Lane:
    """One plugin's calls. Any thread may call; the plugin sees one call at a time.

    `limit` is in seconds. A call waits half of it for its turn, so that waiting and the call
    together stay below the lease of whoever holds a notice (`drscreen.domain.notice.LEASE`).
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._turn = threading.Lock()
        self._given_up: threading.Thread | None = None

    @property
    def blocked(self) -> bool:
        """Whether a call that was given up is running still."""
        return self._given_up is not None and self._given_up.is_alive()

    def call(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises `CallFailed`, and nothing that `work` does."""
        if not self._turn.acquire(timeout=self.limit / 2):
            raise StillRunning
        try:
            if self.blocked:
                raise StillRunning
            call = _Call(work)
            # A daemon: a call that never ends must not keep the program from ending.
            thread = threading.Thread(target=call.run, name="notifier", daemon=True)
            thread.start()
            try:
                thread.join(self.limit)
            finally:  # also where a person interrupts the waiting
                if thread.is_alive():
                    self._given_up = thread
            if self._given_up is thread:
                raise OutOfTime
        finally:
            self._turn.release()
        return call.answer()


class _Call(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._answers: list[T] = []
        self._raised = ""

    def run(self) -> None:
        try:
            self._answers.append(self._work())
        except BaseException as error:  # noqa: BLE001 - foreign code; the boundary that keeps it out
            self._raised = type(error).__name__

    def answer(self) -> T:
        if not self._answers:
            raise Raised(self._raised)
        return self._answers[0]
