"""Patients and what was recorded of them."""

from __future__ import annotations

from dataclasses import dataclass

from drscreen.domain.address import phone_fault, tidied_phone
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import InvalidInput, PatientUnknown
from drscreen.domain.notice import Reason
from drscreen.domain.notice_ports import Addresses, CheckedAddress
from drscreen.domain.patient import (
    Channel,
    Exam,
    ExamToReview,
    Patient,
    PatientSummary,
    checked_patient,
    normalised_mrn,
)
from drscreen.domain.permissions import Action
from drscreen.domain.ports import Clock
from drscreen.domain.referral import Outcome
from drscreen.domain.store_ports import OpenStore, Records
from drscreen.services.permission import needs

#: A patient whose file is opened again within this time is noted in the audit chain once.
VIEW_SECONDS = 300.0

#: How many patients are offered where nobody matches what was typed.
SIMILAR_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PatientPage:
    """A page of the patient list and how many there are in all.

    `similar` says that nobody matched and that these are like what was typed.
    """

    rows: tuple[PatientSummary, ...]
    total: int
    similar: bool = False


@dataclass(frozen=True, slots=True)
class PatientFile:
    """A patient with every exam, newest first."""

    patient: Patient
    exams: tuple[Exam, ...]

    @property
    def outcome(self) -> Outcome | None:
        """What the newest exam means for the patient; None where there is no exam."""
        return self.exams[0].outcome if self.exams else None


class RecordsService:
    """Any thread; each call is its own transaction.

    `addresses` knows the numbers of the world; without it the rule of `domain.address` holds alone.
    """

    def __init__(self, store: OpenStore, clock: Clock, addresses: Addresses | None = None) -> None:
        self._store = store
        self._clock = clock
        self._addresses = addresses
        self._viewed: dict[str, float] = {}

    @needs(Action.EDIT_PATIENTS)
    def register(self, patient: Patient) -> Patient:
        """Store a new patient. Raises `InvalidInput` or `PatientExists`."""
        checked = checked_patient(patient, self._clock.now().date())
        with self._store.transaction(Action.EDIT_PATIENTS) as records:
            self._check_reachable(records, checked)
            return records.add_patient(checked)

    @needs(Action.EDIT_PATIENTS)
    def amend(self, patient: Patient) -> Patient:
        """Replace a patient's particulars. Raises `InvalidInput`, `PatientUnknown`,
        `StoreConflict`.
        """
        number = normalised_mrn(patient.mrn)
        with self._store.transaction(Action.EDIT_PATIENTS) as records:
            before = records.find_patient(number)
            checked = checked_patient(patient, self._clock.now().date(), before)
            if before is None or _told_by_sms(before) != _told_by_sms(checked):
                self._check_reachable(records, checked)
            return records.change_patient(checked)

    @needs(Action.EDIT_PATIENTS)
    def check_phone(self, text: str) -> CheckedAddress:
        """What an SMS to that number would meet: the number as services take it, or the reason.

        The country is the clinic's, where the number has none.
        """
        with self._store.transaction(Action.EDIT_PATIENTS) as records:
            return self._judged(records, text)

    @needs(Action.FIND_PATIENTS)
    def search(self, text: str, offset: int = 0, limit: int = 100) -> PatientPage:
        """A page of the patients that match; where nobody does, those who nearly do."""
        with self._store.transaction(Action.FIND_PATIENTS) as records:
            total = records.count_patients(text)
            if total:
                return PatientPage(tuple(records.search_patients(text, offset, limit)), total)
            similar = records.similar_patients(text, SIMILAR_SHOWN)
        return PatientPage(tuple(similar[offset : offset + limit]), len(similar), bool(similar))

    @needs(Action.REVIEW)
    def review_queue(self, offset: int = 0, limit: int = 100) -> list[ExamToReview]:
        """A page of the exams that wait for a clinician, the gravest first, then the newest."""
        with self._store.transaction(Action.REVIEW) as records:
            return records.exams_to_review(offset, limit)

    @needs(Action.REVIEW)
    def mark_reviewed(self, exam_id: str) -> None:
        """A clinician has looked at an exam; it leaves the queue."""
        with self._store.transaction(Action.REVIEW) as records:
            records.mark_reviewed(exam_id)

    @needs(Action.VIEW_PATIENTS)
    def open_file(self, mrn: str) -> PatientFile:
        """A patient with all exams. Raises `PatientUnknown`."""
        number = normalised_mrn(mrn)
        with self._store.transaction(Action.VIEW_PATIENTS) as records:
            patient = records.find_patient(number)
            if patient is None:
                raise PatientUnknown("There is no patient with that number.")
            self._note_view(records, number)
            return PatientFile(patient, tuple(records.exams(number)))

    @needs(Action.VIEW_PATIENTS)
    def photograph(self, photograph_id: str) -> bytes:
        """The original file of a recorded photograph. Raises `StoreDamaged`."""
        with self._store.transaction(Action.VIEW_PATIENTS) as records:
            return records.photograph_bytes(photograph_id)

    @needs(Action.VIEW_PATIENTS)
    def thumbnail(self, photograph_id: str) -> bytes | None:
        """The small picture that was kept of a photograph, if one was. Raises `StoreDamaged`."""
        with self._store.transaction(Action.VIEW_PATIENTS) as records:
            return records.thumbnail(photograph_id)

    @needs(Action.VIEW_PATIENTS)
    def keep_thumbnail(self, photograph_id: str, data: bytes) -> None:
        """Keep a small picture of a photograph for the next time. Raises `StoreDamaged`."""
        with self._store.transaction(Action.VIEW_PATIENTS) as records:
            records.keep_thumbnail(photograph_id, data)

    def _check_reachable(self, records: Records, patient: Patient) -> None:
        """Who agreed to SMS has a number that a telephone can have. Any other number is for calls,
        and the tables of numbers may be older than it.
        """
        phone = _told_by_sms(patient)
        if phone and self._judged(records, phone).reason is Reason.ADDRESS_INVALID:
            raise InvalidInput(
                "No telephone has this number, so no SMS can reach it. Correct it, or take the "
                "agreement to SMS away.",
                "phone",
            )

    def _judged(self, records: Records, phone: str) -> CheckedAddress:
        if self._addresses is None:
            fault = phone_fault(tidied_phone(phone))
            return CheckedAddress("", Reason.ADDRESS_INVALID if fault else None)
        return self._addresses.check(Channel.SMS, phone, records.notices.policy())

    def _note_view(self, records: Records, mrn: str) -> None:
        """A page that is fetched again after each photograph is one view, not many."""
        now = self._clock.elapsed()
        if now - self._viewed.get(mrn, -VIEW_SECONDS) >= VIEW_SECONDS:
            records.note(AuditKind.VIEWED, mrn)
            self._viewed[mrn] = now


def _told_by_sms(patient: Patient) -> str:
    """The number that SMS go to; empty where none do."""
    return patient.phone if Channel.SMS in patient.consent else ""
