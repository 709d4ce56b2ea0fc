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
    """Asks before it ends a job; the store is closed only after the job has ended."""

    confirmation_needed = Signal(object)
    quit_allowed = Signal()

    def __init__(self, session: SessionController, screening: ScreeningController) -> None:
        super().__init__()
        self._session = session
        self._screening = screening
        self._locking = False
        screening.became_idle.connect(self._on_idle)

    def want(self, departure: Departure) -> None:
        """Leave, or ask first where photographs are being screened."""
        if self._screening.is_busy:
            self.confirmation_needed.emit(departure)
        else:
            self._leave(departure)

    def confirm(self, departure: Departure) -> None:
        """The person said yes: the rest is cancelled."""
        self._screening.cancel()
        if departure is Departure.LOCK and self._screening.is_busy:
            self._locking = True
        else:
            self._leave(departure)

    @Slot()
    def _on_idle(self) -> None:
        if self._locking:
            self._leave(Departure.LOCK)

    def _leave(self, departure: Departure) -> None:
        self._locking = False
        if departure is Departure.LOCK:
            self._session.sign_out()
        else:
            self.quit_allowed.emit()
