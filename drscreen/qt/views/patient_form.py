"""Particulars of a patient, new or amended."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QWidget,
)

from drscreen.domain.conflict import changes, merged
from drscreen.domain.patient import Channel, Patient, Sex
from drscreen.qt import wording
from drscreen.qt.controllers.patients import PatientsController
from drscreen.qt.dates import DateUnclear, date_from
from drscreen.qt.failure import Failure
from drscreen.qt.views.conflict_table import ConflictTable
from drscreen.qt.views.noted_field import NotedField
from drscreen.qt.views.parts import (
    ErrorBar,
    button,
    choice,
    dialog_column,
    field_height,
    field_label,
    label,
)
from drscreen.qt.views.patient_fields import BirthField, EmailField, PhoneField
from drscreen.qt.views.theme import Theme

__all__ = ["LANGUAGES", "PatientForm", "date_from"]

LANGUAGES = ("en", "de", "es", "fr", "hi", "pt", "sw", "ta")


class PatientForm(QDialog):
    """Stays open with everything that was typed until the record is saved."""

    saved = Signal(object)

    def __init__(
        self,
        theme: Theme,
        patients: PatientsController,
        patient: Patient | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._patients = patients
        self._before = patient
        self._typed_in = start = patient or Patient(mrn="")
        self.setWindowTitle(self.tr("Edit patient") if patient else self.tr("New patient"))
        self.setMinimumWidth(600)
        self.error = ErrorBar(theme)
        self.fields = QFormLayout()
        self.fields.setVerticalSpacing(8)
        self.fields.setHorizontalSpacing(16)
        self.fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.mrn = self._line(self.tr("Patient number"), start.mrn, self.tr("Required"))
        self.mrn.setReadOnly(patient is not None)
        self.family_name = self._line(self.tr("Family name"), start.family_name)
        self.given_name = self._line(self.tr("Given name"), start.given_name)
        self.birth_date = BirthField(self.tr("Birth date"), wording.born_text(start))
        self._noted(self.tr("Birth date"), self.birth_date)
        self.sex = self._sexes(start.sex)
        self.phone = PhoneField(self.tr("Phone"), start.phone, patients)
        self._noted(self.tr("Phone"), self.phone)
        self.email = EmailField(self.tr("E-mail"), start.email)
        self._noted(self.tr("E-mail"), self.email)
        self.language = self._languages(start.language)
        self.consent = {
            Channel.SMS: QCheckBox(self.tr("Agrees to be told by SMS")),
            Channel.EMAIL: QCheckBox(self.tr("Agrees to be told by e-mail")),
        }
        for channel, box in self.consent.items():
            box.setChecked(channel in start.consent)
            self.fields.addRow("", box)
        self.consent[Channel.SMS].toggled.connect(self.phone.set_wanted)
        self.phone.set_wanted(Channel.SMS in start.consent)
        self.conflict = ConflictTable(self._names())
        self.save = button(self.tr("Save"), "primary", self.tr("Save (Enter)"))
        self._lay_out()
        self._opened_with = self._typed()
        (self.family_name if patient else self.mrn).setFocus()
        patients.patient_saved.connect(self._on_saved)
        patients.save_failed.connect(self._on_failed)
        patients.conflict_found.connect(self._on_conflict_found)

    def come_back(self) -> None:
        """Show again after a lock, with what was typed; an answer that came meanwhile is lost."""
        self.save.setEnabled(True)
        self.open()

    def reject(self) -> None:
        """Close; ask first where something typed would be lost."""
        if self._typed() == self._opened_with or self._discard_confirmed():
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window's own button asks like Esc."""
        if self.isVisible():
            event.ignore()
            self.reject()
        else:
            super().closeEvent(event)

    def _lay_out(self) -> None:
        self.save.setDefault(True)
        self.save.clicked.connect(self._on_save)
        cancel = button(self.tr("Cancel"), "plain", self.tr("Close without saving (Esc)"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(label(self.tr("Only the number is required."), "muted"), 1)
        foot.addWidget(cancel)
        foot.addWidget(self.save)
        column = dialog_column(self)
        column.addWidget(self.error)
        column.addWidget(self.conflict)
        column.addLayout(self.fields)
        column.addSpacing(8)
        column.addLayout(foot)

    def _discard_confirmed(self) -> bool:
        answer = QMessageBox.question(
            self,
            self.tr("Discard what was typed?"),
            self.tr("What was typed for this patient is not saved yet."),
            QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Discard

    def _line(self, name: str, text: str, placeholder: str = "") -> QLineEdit:
        edit = QLineEdit(text)
        edit.setAccessibleName(name)
        edit.setPlaceholderText(placeholder)
        self.fields.addRow(field_label(name, edit), edit)
        return edit

    def _noted(self, name: str, field: NotedField) -> None:
        words = field_label(name, field)
        # Level with the line, not with the line and its note together.
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        words.setContentsMargins(0, (field_height(words) - words.fontMetrics().height()) // 2, 0, 0)
        self.fields.addRow(words, field.with_note())

    def _sexes(self, now: Sex) -> QComboBox:
        box = choice(self.tr("Sex"))
        for sex in Sex:
            box.addItem(wording.sex_text(sex), sex.value)
        box.setCurrentIndex(box.findData(now.value))
        self.fields.addRow(field_label(self.tr("Sex"), box), box)
        return box

    def _languages(self, now: str) -> QComboBox:
        box = choice(self.tr("Language"))
        box.setEditable(True)
        box.addItems(LANGUAGES)
        box.setCurrentText(now)
        self.fields.addRow(field_label(self.tr("Language"), box), box)
        return box

    def _typed(self) -> tuple[object, ...]:
        lines = (self.mrn, self.family_name, self.given_name, self.birth_date)
        rest = (self.phone, self.email)
        return (
            *(line.text() for line in (*lines, *rest)),
            self.sex.currentData(),
            self.language.currentText(),
            *(box.isChecked() for box in self.consent.values()),
        )

    @Slot()
    def _on_save(self) -> None:
        self.error.clear()
        try:
            born, year = self.birth_date.born()
        except DateUnclear as unclear:
            self._on_failed(Failure("invalid_input", str(unclear), field="birth_date"))
            return
        patient = Patient(
            mrn=self.mrn.text(),
            family_name=self.family_name.text(),
            given_name=self.given_name.text(),
            birth_date=born,
            birth_year=year,
            sex=Sex(self.sex.currentData()),
            phone=self.phone.text(),
            email=self.email.text(),
            language=self.language.currentText(),
            consent=frozenset(c for c, box in self.consent.items() if box.isChecked()),
            version=self._before.version if self._before else 0,
        )
        self.save.setEnabled(False)
        self._typed_in = patient
        if self._before is None:
            self._patients.register(patient)
        else:
            self._patients.amend(patient)

    @Slot(object)
    def _on_saved(self, patient: Patient) -> None:
        self.accept()
        self.saved.emit(patient)

    @Slot(object)
    def _on_conflict_found(self, theirs: Patient) -> None:
        """Take over what only they changed, and show what they changed; saving again is allowed,
        for then both have been looked at.
        """
        before = self._before
        if before is None or theirs.mrn != before.mrn:
            return
        self.conflict.show_changes(changes(before, self._typed_in, theirs))
        self._show(merged(before, self._typed_in, theirs))
        self._before = theirs
        self._on_failed(
            Failure(
                "store_conflict",
                self.tr("Somebody else changed this patient's record meanwhile."),
                self.tr("Their change was kept; what you changed is still here."),
                self.tr("Compare the two below, correct what is wrong, then save again."),
            )
        )

    def _show(self, patient: Patient) -> None:
        self.family_name.setText(patient.family_name)
        self.given_name.setText(patient.given_name)
        self.birth_date.setText(wording.born_text(patient))
        self.sex.setCurrentIndex(self.sex.findData(patient.sex.value))
        self.phone.setText(patient.phone)
        self.email.setText(patient.email)
        self.language.setCurrentText(patient.language)
        for channel, box in self.consent.items():
            box.setChecked(channel in patient.consent)

    def _names(self) -> dict[str, str]:
        """The fields of a patient by what the form calls them."""
        return {
            "family_name": self.tr("Family name"),
            "given_name": self.tr("Given name"),
            "birth_date": self.tr("Birth date"),
            "birth_year": self.tr("Birth year, estimated"),
            "sex": self.tr("Sex"),
            "phone": self.tr("Phone"),
            "email": self.tr("E-mail"),
            "language": self.tr("Language"),
            "consent": self.tr("Agrees to be told by"),
        }

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.save.setEnabled(True)
        self.error.show_failure(failure)
        field = getattr(self, failure.field, None) if failure.field in self._names() else None
        if isinstance(field, NotedField):
            field.say(failure.message, is_wrong=True)
        if isinstance(field, QWidget):
            field.setFocus()
