"""May the photographs that are left be cancelled?"""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget


class LeaveQuestion(QMessageBox):
    """Asked before a job is ended. Enter and Esc both go on screening."""

    confirmed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle(self.tr("Photographs are being screened"))
        self.setText(self.tr("Photographs are still being screened."))
        self.setInformativeText(
            self.tr(
                "What is recorded is kept. The photographs that are left are not screened, and "
                "must be added again."
            )
        )
        self.leave = self.addButton(
            self.tr("Cancel them and close"), QMessageBox.ButtonRole.AcceptRole
        )
        self.stay = self.addButton(self.tr("Go on screening"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.stay)
        self.setEscapeButton(self.stay)
        self.finished.connect(self._on_finished)

    @Slot(int)
    def _on_finished(self, _result: int) -> None:
        if self.clickedButton() is self.leave:
            self.confirmed.emit()
        self.deleteLater()
