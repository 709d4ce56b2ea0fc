"""The demonstration clinic signs itself in: its records hold drawings alone."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from drscreen.qt.controllers.desk import Desk
from drscreen.services.demonstration import PASSWORD, USER


class DemonstrationController(QObject):
    """Signs in once at the start; after Lock a person does, with what the page shows."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._signed_in = False
        desk.session.sign_in_needed.connect(self._on_sign_in_needed)

    @Slot()
    def _on_sign_in_needed(self) -> None:
        if not self._signed_in:
            self._signed_in = True
            self._desk.session.sign_in(USER, PASSWORD)
