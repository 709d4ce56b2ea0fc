"""What was on the screen when it locked: kept for the same person, dropped for another."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QApplication, QDialog

from drscreen.qt.views.patient_form import PatientForm


@dataclass(frozen=True, slots=True)
class Kept:
    """Whose it was, which page was in front, which patient, what was searched and typed."""

    user: str
    place: int
    mrn: str
    search: str
    form: PatientForm | None

    def blank(self) -> None:
        """Take the form and every other dialog off the screen; the form keeps what is typed."""
        if self.form is not None:
            self.form.hide()
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog) and widget is not self.form and widget.isVisible():
                widget.done(QDialog.DialogCode.Rejected)

    def drop(self) -> None:
        """Somebody else has come: nothing of it may be seen again."""
        if self.form is not None:
            self.form.done(QDialog.DialogCode.Rejected)
