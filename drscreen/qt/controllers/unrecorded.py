"""How many photographs are on the list and not recorded: what a crash would lose."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot

from drscreen.qt.controllers.incoming import State
from drscreen.qt.controllers.screening import ScreeningController


class UnrecordedCount(QObject):
    """Tells the number whenever it has changed, once for many changes in a row."""

    def __init__(self, screening: ScreeningController, note: Callable[[int], None]) -> None:
        super().__init__()
        self._screening = screening
        self._note = note
        self._told = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tell)
        screening.incoming_added.connect(self._on_changed)
        screening.incoming_changed.connect(self._on_changed)
        screening.incoming_removed.connect(self._on_changed)

    @Slot(object)
    @Slot(int)
    def _on_changed(self, _what: object) -> None:
        self._timer.start()

    @Slot()
    def _tell(self) -> None:
        waiting = self._screening.all_items()
        number = sum(item.state is not State.DONE for item in waiting)
        if number != self._told:
            self._told = number
            self._note(number)
