"""Fields of a patient's particulars that say at once what they make of what is typed."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Slot

from drscreen.domain.address import AddressRefused, parse_address, phone_fault, tidied_phone
from drscreen.domain.notice_ports import CheckedAddress
from drscreen.domain.text import tidied
from drscreen.qt import notice_wording, wording
from drscreen.qt.controllers.patients import PatientsController
from drscreen.qt.dates import EXAMPLE, DateUnclear, birth_from
from drscreen.qt.failure import tr_error
from drscreen.qt.views.noted_field import NotedField


class BirthField(NotedField):
    """A day or an estimated year; the age beneath is the check that a year is the right one."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text, wording.day_text(EXAMPLE))
        self.textChanged.connect(self._on_typed)
        self.editingFinished.connect(self._on_left)
        self._on_typed()

    def born(self) -> tuple[date | None, int | None]:
        """The day, or the estimated year. Raises `DateUnclear`."""
        return birth_from(self.text())

    @Slot()
    def _on_typed(self) -> None:
        try:
            day, year = self.born()
        except DateUnclear:
            return  # half typed, mostly; said when the field is left
        if day is not None:
            self.say(wording.age_text(day))
        elif year is not None:
            self.say(wording.estimated_age_text(year))

    @Slot()
    def _on_left(self) -> None:
        try:
            self.born()
        except DateUnclear as unclear:
            self.say(str(unclear), is_wrong=True)


class EmailField(NotedField):
    """An e-mail address."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        self.editingFinished.connect(self._on_left)

    @Slot()
    def _on_left(self) -> None:
        email = tidied(self.text())
        if not email:
            return
        try:
            parse_address(email)
        except AddressRefused as refused:
            self.say(tr_error(str(refused)), is_wrong=True)


class PhoneField(NotedField):
    """A telephone number. `wanted` says whether SMS are to go to it: then what hinders is wrong."""

    def __init__(self, name: str, text: str, patients: PatientsController) -> None:
        super().__init__(name, text)
        self._patients = patients
        self._wanted = False
        self.editingFinished.connect(self._on_left)
        patients.phone_checked.connect(self._on_checked)

    @Slot(bool)
    def set_wanted(self, wanted: bool) -> None:
        """The patient agreed to SMS, or did not."""
        self._wanted = wanted
        self._on_left()

    @Slot()
    def _on_left(self) -> None:
        phone = tidied_phone(self.text())
        fault = phone_fault(phone) if phone else ""
        if fault:
            self.say(tr_error(fault), is_wrong=True)
        elif phone:
            self._patients.check_phone(self.text())

    @Slot(str, object)
    def _on_checked(self, text: str, checked: CheckedAddress) -> None:
        if text == self.text():
            is_wrong = self._wanted and checked.reason is not None
            self.say(notice_wording.phone_note(checked), is_wrong=is_wrong)
