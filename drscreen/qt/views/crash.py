"""The one dialog for what nobody expected."""

from __future__ import annotations

import sys
from types import TracebackType

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMessageBox

from drscreen.qt.failure import fault_details


class CrashReporter(QObject):
    """Shows a fault on the GUI thread, wherever it was raised. Never shows what a fault says.

    An exception's text may quote a record, so only its type and the places in the program are
    shown and printed.
    """

    crashed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.dialog: QMessageBox | None = None
        self.crashed.connect(self._on_crashed)

    def install(self) -> None:
        """Take over `sys.excepthook`, which runs in whichever thread raised."""
        sys.excepthook = self.report

    def report(
        self,
        _kind: type[BaseException],
        error: BaseException,
        _trace: TracebackType | None,
    ) -> None:
        """Any thread."""
        details = fault_details(error)
        print(details, file=sys.stderr)
        self.crashed.emit(details)

    @Slot(str)
    def _on_crashed(self, details: str) -> None:
        if self.dialog is not None and self.dialog.isVisible():
            return
        self.dialog = QMessageBox(
            QMessageBox.Icon.Critical,
            self.tr("drscreen"),
            self.tr("Something went wrong inside drscreen."),
            QMessageBox.StandardButton.Close,
        )
        self.dialog.setInformativeText(
            self.tr(
                "What was recorded is safe. You can go on; if it happens again, start drscreen "
                "again and pass on the details below. They hold no patient data."
            )
        )
        self.dialog.setDetailedText(details)
        self.dialog.open()
