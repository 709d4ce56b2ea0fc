"""Patients of the open session: register, amend, open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from drscreen.domain.conflict import StoreConflict
from drscreen.domain.notice_ports import CheckedAddress
from drscreen.domain.patient import Patient
from drscreen.qt.background import Background
from drscreen.qt.failure import Failure
from drscreen.services.records import PatientFile, RecordsService


@dataclass(frozen=True, slots=True)
class _Theirs:
    """The record that somebody else saved meanwhile."""

    record: Patient


class PatientsController(QObject):
    """Every answer arrives by signal on the GUI thread."""

    patient_saved = Signal(object)
    conflict_found = Signal(object)
    save_failed = Signal(object)
    file_opened = Signal(object)
    open_failed = Signal(object)
    phone_checked = Signal(str, object)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._records: RecordsService | None = None
        self._wanted = ""

    def use(self, records: RecordsService | None) -> None:
        """Work on these records from now on; None when nobody is signed in."""
        self._records = records
        self._wanted = ""

    def register(self, patient: Patient) -> None:
        """Store a new patient."""
        if self._records is not None:
            self._save(self._records.register, patient)

    def amend(self, patient: Patient) -> None:
        """Replace a patient's particulars; `conflict_found` brings the record where somebody else
        changed it meanwhile.
        """
        records = self._records
        if records is None:
            return

        def work() -> Patient | _Theirs:
            try:
                return records.amend(patient)
            except StoreConflict as conflict:
                if conflict.theirs is None:
                    raise
                return _Theirs(conflict.theirs)

        self._background.run(work, self._on_amended, self._on_save_failed)

    def check_phone(self, text: str) -> None:
        """Ask what an SMS to a number would meet; `phone_checked` brings the number and the
        `CheckedAddress`. Where nobody can say, nothing is said.
        """
        records = self._records
        if records is not None:
            self._background.run(
                lambda: (text, records.check_phone(text)), self._on_phone_checked, _ignore
            )

    def open(self, mrn: str) -> None:
        """Fetch a patient's file; of several asked for in a row only the last one is answered."""
        self._wanted = mrn
        self._fetch()

    def refresh(self, mrn: str) -> None:
        """Fetch the file again if it is the one that is open."""
        if mrn == self._wanted:
            self._fetch()

    def _save(self, save: Callable[[Patient], Patient], patient: Patient) -> None:
        self._background.run(lambda: save(patient), self._on_saved, self._on_save_failed)

    def _fetch(self) -> None:
        records, mrn = self._records, self._wanted
        if records is not None and mrn:
            self._background.run(
                lambda: records.open_file(mrn), self._on_opened, self._on_open_failed
            )

    def _on_amended(self, answer: Patient | _Theirs) -> None:
        if isinstance(answer, Patient):
            self._on_saved(answer)
        elif self._records is not None:
            self.conflict_found.emit(answer.record)

    def _on_saved(self, patient: Patient) -> None:
        if self._records is not None:
            self.patient_saved.emit(patient)

    def _on_phone_checked(self, answer: tuple[str, CheckedAddress]) -> None:
        if self._records is not None:
            self.phone_checked.emit(*answer)

    def _on_save_failed(self, failure: Failure) -> None:
        self.save_failed.emit(failure)

    def _on_opened(self, file: PatientFile) -> None:
        if self._records is not None and file.patient.mrn == self._wanted:
            self.file_opened.emit(file)

    def _on_open_failed(self, failure: Failure) -> None:
        self.open_failed.emit(failure)


def _ignore(_failure: Failure) -> None:
    """A check that fails is made again when the record is saved."""
