"""Short work off the GUI thread: sign-in, queries, decoding a picture for the screen.

One pool thread with priorities rather than many: a person's query overtakes waiting thumbnails,
and closing the store is always the last thing the thread does with it. The network has a thread
of its own (`drscreen.qt.worker`), so none of this waits for a prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QObject,
    QRunnable,
    QThreadPool,
    Signal,
    Slot,
)

from drscreen.domain.errors import AccountRemoved, DrscreenError
from drscreen.qt.failure import Failure

T = TypeVar("T")


class Priority(IntEnum):
    """What goes first where several wait."""

    LAST = -1
    PICTURE = 0
    PERSON = 1


@dataclass(frozen=True, slots=True)
class _Ended:
    ticket: int
    value: object = None
    failure: Failure | None = None
    fault: Exception | None = None


class _Work(QRunnable):
    def __init__(
        self, ticket: int, work: Callable[[], object], report: Callable[[_Ended], None]
    ) -> None:
        super().__init__()
        self._ticket = ticket
        self._work = work
        self._report = report

    def run(self) -> None:
        try:
            ended = _Ended(self._ticket, value=self._work())
        except DrscreenError as error:
            ended = _Ended(self._ticket, failure=Failure.of(error))
        except Exception as error:  # noqa: BLE001 - outermost boundary; raised again on the GUI thread
            ended = _Ended(self._ticket, failure=Failure.unexpected(error), fault=error)
        self._report(ended)


class Background(QObject):
    """Runs callables on its pool thread and answers on the GUI thread, where it lives.

    A fault that nobody expected is answered as a failure, so that nothing waits for ever, and is
    then raised on the GUI thread, where the crash dialog shows it.
    """

    #: A job failed because the account of whoever is signed in was removed.
    account_removed = Signal()
    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setExpiryTimeout(-1)
        self._tickets = 0
        self._answers: dict[int, tuple[Callable[[Any], None], Callable[[Failure], None]]] = {}
        self._ended.connect(self._on_ended)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was asked for has been answered."""
        return not self._answers

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Failure], None],
        priority: Priority = Priority.PERSON,
    ) -> None:
        """Call `work` on the pool thread, then `done` or `failed` on the GUI thread."""
        self._tickets += 1
        self._answers[self._tickets] = (done, failed)
        self._pool.start(_Work(self._tickets, work, self._report), int(priority))

    def hear_soon(self, milliseconds: int) -> None:
        """Wait at most so long and hear the answers: for work that is quick as a rule."""
        if self._pool.waitForDone(milliseconds):
            QCoreApplication.sendPostedEvents(self, QEvent.Type.MetaCall)

    def finish(self) -> None:
        """Wait until everything that was asked for has run. Answers may still be on their way."""
        self._pool.waitForDone()

    def _report(self, ended: _Ended) -> None:
        self._ended.emit(ended)

    @Slot(object)
    def _on_ended(self, ended: _Ended) -> None:
        done, failed = self._answers.pop(ended.ticket)
        if ended.failure is None:
            done(ended.value)
            return
        failed(ended.failure)
        if ended.failure.code == AccountRemoved.code:
            self.account_removed.emit()
        if ended.fault is not None:
            raise ended.fault
