"""Locking and leaving while a photograph may still be at work."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QObject, Signal, Slot

from drscreen.qt.controllers.screening import ScreeningController
from drscreen.qt.controllers.session import SessionController


class Departure(StrEnum):
    """What the person wants."""

    LOCK = "lock"
    QUIT = "quit"


class DepartureController(QObject):
    """Locking never asks: the window is blanked at once, the photograph at work ends at its next
    stage, and the store is closed behind it. Leaving asks before it ends a job.
    """

    confirmation_needed = Signal(object)
    lock_began = Signal()
    quit_allowed = Signal()

    def __init__(self, session: SessionController, screening: ScreeningController) -> None:
        super().__init__()
        self._session = session
        self._screening = screening
        self._locking = False
        screening.became_idle.connect(self._on_idle)

    def want(self, departure: Departure) -> None:
        """Lock now; leave, or ask first where photographs are being screened."""
        if departure is Departure.LOCK:
            self._lock()
        elif self._screening.is_busy:
            self.confirmation_needed.emit(departure)
        else:
            self.quit_allowed.emit()

    def confirm(self) -> None:
        """The person said yes to leaving: the rest is cancelled."""
        self._screening.cancel()
        self.quit_allowed.emit()

    @Slot()
    def on_lock_wanted(self) -> None:
        """Nobody has been here for a while, or the desktop is locked."""
        self._lock()

    def _lock(self) -> None:
        if self._session.session is None or self._locking:
            return
        self.lock_began.emit()
        self._screening.hold()
        if self._screening.is_busy:
            self._locking = True
        else:
            self._session.sign_out()

    @Slot()
    def _on_idle(self) -> None:
        if self._locking:
            self._locking = False
            self._session.sign_out()
