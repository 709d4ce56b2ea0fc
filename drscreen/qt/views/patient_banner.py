"""Who the patient is and what the newest exam means, on top of the patient's page."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout

from drscreen.qt import wording
from drscreen.qt.views.parts import IconButton, button, label
from drscreen.qt.views.severity import ToneLabel
from drscreen.qt.views.theme import Theme
from drscreen.services.records import PatientFile


class PatientBanner(QFrame):
    """Name, number, birth date, sex; the outcome in words."""

    back_wanted = Signal()
    edit_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("banner")
        back = IconButton(
            theme, "back", self.tr("Back to the patients"), self.tr("Back (Alt+Left)")
        )
        back.clicked.connect(self.back_wanted)
        self._edit = button(self.tr("Edit"), "plain", self.tr("Edit the particulars (Ctrl+E)"))
        self._edit.clicked.connect(self.edit_wanted)
        self.name = label("", "title")
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.line = label("", "muted")
        self.outcome = ToneLabel(theme, large=True)
        self._outcome_note = label("", "muted")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.name)
        words.addWidget(self.line)
        found = QVBoxLayout()
        found.setSpacing(0)
        right = Qt.AlignmentFlag.AlignRight
        found.addWidget(self.outcome, 0, right)
        found.addWidget(self._outcome_note, 0, right)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 16, 8)
        row.setSpacing(12)
        row.addWidget(back)
        row.addLayout(words, 1)
        row.addLayout(found)
        row.addWidget(self._edit)
        self.clear()

    def clear(self) -> None:
        """Nobody."""
        self.name.clear()
        self.line.clear()
        self._edit.setEnabled(False)
        self.outcome.set_tone(None)
        self._outcome_note.clear()

    def show_file(self, file: PatientFile) -> None:
        """Show a patient."""
        self._edit.setEnabled(True)
        self.name.setText(wording.patient_title(file.patient))
        self.line.setText(wording.patient_line(file.patient))
        outcome = file.outcome
        if outcome is None:
            self.outcome.set_tone(None)
            self._outcome_note.setText(self.tr("Not screened yet"))
            return
        self.outcome.set_tone(wording.outcome_tone(outcome), wording.outcome_text(outcome))
        self._outcome_note.setText(
            self.tr("Patient, exam of {0}. Proposed by the program.").format(
                wording.day_text(file.exams[0].day)
            )
        )
