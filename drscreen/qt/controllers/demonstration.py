"""The demonstration clinic: made, opened and filled with drawings by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.qt.controllers.desk import Desk
from drscreen.qt.controllers.session import NewClinic, Session
from drscreen.qt.failure import Failure
from drscreen.services.records import RecordsService

#: Public on purpose and shown on the sign-in page: these records hold drawings alone.
USER = "demo"
PASSWORD = "demonstration"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawing of an invented patient."""

    path: Path
    patient: Patient
    eye: Laterality


def samples_in(folder: Path) -> list[Sample]:
    """The drawings that `samples.json` in the folder lists."""
    listed = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    return [
        Sample(
            folder / entry["file"],
            Patient(
                mrn=entry["mrn"],
                family_name=entry["family_name"],
                given_name=entry["given_name"],
                birth_date=date.fromisoformat(entry["birth_date"]),
            ),
            Laterality(entry["eye"]),
        )
        for entry in listed
    ]


class DemonstrationController(QObject):
    """Signs in once at the start; the drawings are screened by the network like any photograph."""

    def __init__(self, desk: Desk, samples: Callable[[], list[Sample]]) -> None:
        super().__init__()
        self._desk = desk
        self._samples = samples
        self._signed_in = False
        desk.session.first_start_needed.connect(self._on_first_start_needed)
        desk.session.sign_in_needed.connect(self._on_sign_in_needed)
        desk.session.signed_in.connect(self._on_signed_in)

    @Slot()
    def _on_first_start_needed(self) -> None:
        clinic = self.tr("Demonstration clinic")
        self._desk.session.create_clinic(
            NewClinic(clinic, self.tr("Demonstration"), USER, PASSWORD, PASSWORD)
        )

    @Slot()
    def _on_sign_in_needed(self) -> None:
        if not self._signed_in:
            self._desk.session.sign_in(USER, PASSWORD)

    @Slot(object)
    def _on_signed_in(self, session: Session) -> None:
        self._signed_in = True
        self._desk.background.run(
            lambda: self._missing(session.records), self._on_prepared, self._on_failed
        )

    def _missing(self, records: RecordsService) -> list[Sample]:
        """Register the invented patients; what to screen where nothing was screened yet."""
        known = {row.patient.mrn: row.photographs for row in records.search("").rows}
        samples = self._samples()
        for patient in {sample.patient for sample in samples}:
            if patient.mrn not in known:
                records.register(patient)
        return [sample for sample in samples if not known.get(sample.patient.mrn)]

    def _on_prepared(self, samples: list[Sample]) -> None:
        if self._desk.session.session is None:
            return
        self._desk.table.refresh()
        screening = self._desk.screening
        for sample in samples:
            mrn = sample.patient.mrn
            screening.add_files(mrn, [sample.path])
            screening.set_eye(screening.items(mrn)[-1].id, sample.eye)
            screening.start(mrn)

    def _on_failed(self, failure: Failure) -> None:
        self._desk.session.failed.emit(failure)
