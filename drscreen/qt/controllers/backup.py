"""Backups from the window: the planned one when it is due, another on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from drscreen.domain.backup import BackupPlan, BackupReport
from drscreen.domain.cancel import CancelToken
from drscreen.domain.permissions import Action, may
from drscreen.domain.store_ports import OpenStore
from drscreen.qt.background import Background
from drscreen.qt.controllers.session import Session, heard_in_session
from drscreen.qt.failure import Failure
from drscreen.services.backup import BackupService, BackupState

BackupFactory = Callable[[OpenStore], BackupService]
_Answer = TypeVar("_Answer")

#: How often it is asked whether a backup is due, and how long after one that failed.
ASK_EVERY_MS = 60_000
AFTER_FAILURE_MS = 15 * 60_000


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """What the window shows. `report` is the last one made by this window since the sign-in."""

    plan: BackupPlan = field(default_factory=BackupPlan)
    is_running: bool = False
    report: BackupReport | None = None
    failure: Failure | None = None


class BackupController(QObject):
    """Runs on a thread of its own, because a backup takes minutes and nobody shall wait for it.

    Every answer is `status_changed`, on the GUI thread. Signing out ends a backup that is running;
    what it has copied serves the next one.
    """

    status_changed = Signal(object)
    session_changed = Signal()
    account_removed = Signal()

    def __init__(self, backup: BackupFactory) -> None:
        super().__init__()
        self._factory = backup
        self._background = Background(self)
        self._background.account_removed.connect(self.account_removed)
        self._service: BackupService | None = None
        self._session: Session | None = None
        self._cancel = CancelToken()
        self._status = BackupStatus()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_time)

    @property
    def status(self) -> BackupStatus:
        """As it is now."""
        return self._status

    @property
    def is_idle(self) -> bool:
        """Whether everything that was asked for has been answered."""
        return self._background.is_idle

    def may_plan(self) -> bool:
        """Whether whoever is signed in may change the plan and make backups."""
        return self._session is not None and may(self._session.store.user, Action.BACK_UP)

    def use(self, session: Session | None) -> None:
        """Look after this session's records from now on; None when nobody is signed in."""
        self._cancel.cancel()
        self._timer.stop()
        self._session = session
        self._service = self._factory(session.store) if session else None
        self._cancel = CancelToken()
        self._show(BackupStatus())
        self.session_changed.emit()
        if session is not None:
            self._on_time()

    def back_up_now(self) -> None:
        """Make a backup in the planned folder."""
        service, cancel = self._service, self._cancel
        if service is not None and not self._status.is_running:
            self._run(lambda: service.create(step=cancel.raise_if_cancelled))

    def change_plan(self, plan: BackupPlan) -> None:
        """Keep another plan, and follow it at once where it says that a backup is due."""
        service = self._service
        if service is None:
            return

        def work() -> BackupState:
            service.change_plan(plan)
            return service.state()

        self._background.run(work, self._answer(self._on_state), self._answer(self._on_failed))

    def shut_down(self) -> None:
        """End what is running and wait for it."""
        self.use(None)
        self._background.finish()

    @Slot()
    def _on_time(self) -> None:
        service = self._service
        if service is not None and not self._status.is_running:
            self._background.run(
                service.state, self._answer(self._on_state), self._answer(self._on_failed)
            )

    def _on_state(self, state: BackupState) -> None:
        self._show(BackupStatus(state.plan, report=self._status.report))
        service, cancel = self._service, self._cancel
        if state.is_due and service is not None:
            self._run(lambda: service.run_if_due(cancel.raise_if_cancelled))
        else:
            self._timer.start(ASK_EVERY_MS)

    def _run(self, work: Callable[[], BackupReport | None]) -> None:
        self._timer.stop()
        self._show(BackupStatus(self._status.plan, is_running=True))
        self._background.run(work, self._answer(self._on_made), self._answer(self._on_failed))

    def _on_made(self, report: BackupReport | None) -> None:
        self._show(BackupStatus(self._status.plan, report=report))
        service = self._service
        if service is not None:  # the plan knows when the last one succeeded
            self._background.run(
                service.state, self._answer(self._on_plan), self._answer(self._on_failed)
            )

    def _on_plan(self, state: BackupState) -> None:
        self._show(replace(self._status, plan=state.plan))
        self._timer.start(ASK_EVERY_MS)

    def _on_failed(self, failure: Failure) -> None:
        self._show(BackupStatus(self._status.plan, failure=failure))
        self._timer.start(AFTER_FAILURE_MS)

    def _answer(self, answer: Callable[[_Answer], None]) -> Callable[[_Answer], None]:
        return heard_in_session(lambda: self._session, answer)

    def _show(self, status: BackupStatus) -> None:
        self._status = status
        self.status_changed.emit(status)
