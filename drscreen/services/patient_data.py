"""A patient's rights over what is recorded: a copy of it, and its erasure."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import PatientUnknown, PhotographError
from drscreen.domain.export import ExportedFile, PatientExport, export_json, photograph_file
from drscreen.domain.patient import normalised_mrn
from drscreen.domain.permissions import Action
from drscreen.domain.ports import Clock, PatientReport, PhotographReader
from drscreen.domain.sign_in import Proof
from drscreen.domain.store_ports import OpenStore
from drscreen.services.permission import needs


class PatientDataService:
    """Any thread."""

    def __init__(
        self, store: OpenStore, clock: Clock, report: PatientReport, reader: PhotographReader
    ) -> None:
        self._store = store
        self._clock = clock
        self._report = report
        self._reader = reader

    @needs(Action.EXPORT_PATIENTS)
    def export(self, mrn: str) -> Iterator[ExportedFile]:
        """`patient.json`, every photograph as it came from the camera, and `patient.pdf`.

        The export is noted in the audit log first. Raises `PatientUnknown`, and on the way
        `StoreDamaged` where a photograph cannot be read.
        """
        number = normalised_mrn(mrn)
        with self._store.transaction(Action.EXPORT_PATIENTS) as records:
            patient = records.find_patient(number)
            if patient is None:
                raise PatientUnknown("There is no patient with that number.")
            records.note(AuditKind.EXPORTED, number)
            exams = tuple(records.exams(number))
            notices = tuple(records.notices.of_patient(number, sys.maxsize))
        moment = self._clock.now()
        return self._files(PatientExport(self._store.clinic, moment, patient, exams, notices))

    @needs(Action.ERASE_PATIENTS)
    def erase(self, mrn: str, proof: Proof | None = None) -> int:
        """Remove a patient with exams, results, photographs and notices for ever; how many
        photographs.

        The photographs' keys are forgotten, so copies of their files are of no use to anybody. The
        audit log goes on knowing a pseudonym that leads to nobody. Raises `PatientUnknown`,
        `PasswordNeeded` where the password was not typed a moment ago (`StaffService.reenter`).
        """
        with self._store.transaction(Action.ERASE_PATIENTS, proof) as records:
            return records.erase_patient(normalised_mrn(mrn))

    def _files(self, export: PatientExport) -> Iterator[ExportedFile]:
        yield ExportedFile("patient.json", export_json(export))
        pictures: dict[str, bytes] = {}
        for exam in export.exams:
            for photograph in exam.photographs:
                with self._store.transaction(Action.EXPORT_PATIENTS) as records:
                    data = records.photograph_bytes(photograph.id)
                yield ExportedFile(photograph_file(exam, photograph), data)
                pictures[photograph.id] = self._small_picture(data)
        yield ExportedFile("patient.pdf", self._report.render(export, pictures))

    def _small_picture(self, data: bytes) -> bytes:
        """Decoded as for screening; empty where that refuses what an older version recorded."""
        try:
            return self._report.small_picture(self._reader.decode(data).image)
        except PhotographError:
            return b""
