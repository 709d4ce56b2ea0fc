"""Patients, their consent, their exams and what was recorded of each photograph."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from drscreen.domain.address import AddressRefused, parse_address, phone_fault, tidied_phone
from drscreen.domain.errors import InvalidInput
from drscreen.domain.grading import Grading, OperatingPoint
from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityVerdict
from drscreen.domain.referral import Decision, Outcome, exam_outcome
from drscreen.domain.screening import ModelInfo
from drscreen.domain.text import checked_line, identity

#: Nobody alive was born before.
EARLIEST_BIRTH = date(1880, 1, 1)
MRN_MAX = 64
NAME_MAX = 200


class Sex(StrEnum):
    """Administrative sex as HL7 FHIR codes it."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Channel(StrEnum):
    """How a patient can be told that a result is ready."""

    SMS = "sms"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Patient:
    """A person. `mrn` is the clinic's own number and unique; everything else may be empty.

    `birth_year` is an estimate, known instead of the day. `language` is a BCP 47 tag. `consent`
    holds the channels the patient agreed to. `version` counts saved changes, so that two people
    editing one record notice each other.
    """

    mrn: str
    family_name: str = ""
    given_name: str = ""
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    phone: str = ""
    email: str = ""
    language: str = "en"
    consent: frozenset[Channel] = field(default_factory=frozenset)
    version: int = 0
    birth_year: int | None = None

    @property
    def born(self) -> str:
        """The day of birth in ISO 8601 or the estimated year, for a paper; empty where neither is
        known.
        """
        if self.birth_date is not None:
            return self.birth_date.isoformat()
        return f"about {self.birth_year} (estimated)" if self.birth_year else ""

    @property
    def display_name(self) -> str:
        """Family name, given name; empty where neither is known."""
        return ", ".join(part for part in (self.family_name, self.given_name) if part)


@dataclass(frozen=True, slots=True)
class PhotographRecord:
    """One screened photograph as recorded. `id` is opaque; `taken` is when it was screened (UTC).

    `grading` is None where the photograph could not be graded. `is_drawing` marks phantoms.
    """

    id: str
    exam_id: str
    eye: Laterality
    sha256: str
    media_type: str
    width: int
    height: int
    taken: datetime
    quality: QualityVerdict
    grading: Grading | None
    decision: Decision
    model: ModelInfo
    operating_point: OperatingPoint
    recorded_by: str
    is_drawing: bool = False


@dataclass(frozen=True, slots=True)
class Exam:
    """One visit of a patient: the photographs screened on one day, newest first."""

    id: str
    mrn: str
    day: date
    photographs: tuple[PhotographRecord, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """What the exam means for the patient: the worse eye, never negative while one is
        missing or ungradable.
        """
        return exam_outcome((p.eye, p.decision) for p in self.photographs)


@dataclass(frozen=True, slots=True)
class PatientSummary:
    """A row of the patient list. `last_outcome` is the newest exam's; None without an exam."""

    patient: Patient
    photographs: int
    last_exam: date | None
    last_outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class ExamToReview:
    """An exam that waits for a clinician, and why."""

    exam_id: str
    patient: Patient
    day: date
    outcome: Outcome


_LINES = {
    "family_name": "family name",
    "given_name": "given name",
    "phone": "telephone number",
    "email": "e-mail address",
    "language": "language",
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def normalised_mrn(text: str) -> str:
    """The patient number as stored: NFC, trimmed, with nothing in it that nobody sees.

    Raises `InvalidInput` where it cannot be one.
    """
    mrn = checked_line(identity(text), "patient number", MRN_MAX, "mrn")
    if not mrn:
        raise InvalidInput("The patient number is empty.", "mrn")
    return mrn


def age_on(day: date, born: date) -> int:
    """Completed years of life; somebody born on 29 February completes one on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def checked_patient(patient: Patient, today: date, before: Patient | None = None) -> Patient:
    """The patient with tidied fields. Raises `InvalidInput` naming the first field that is wrong.
    An address that stands so in `before` already, by an older rule, hinders no other change.

    Rules are loose on purpose: a clinic must be able to write down what it knows. A day of birth
    makes an estimated year needless.
    """
    tidy = {
        name: checked_line(getattr(patient, name), words, NAME_MAX, name)
        for name, words in _LINES.items()
    }
    tidy["phone"] = tidied_phone(tidy["phone"])
    if tidy["phone"] and (before is None or tidy["phone"] != before.phone):
        fault = phone_fault(tidy["phone"])
        if fault:
            raise InvalidInput(fault, "phone")
    if tidy["email"] and (before is None or tidy["email"] != before.email):
        try:
            parse_address(tidy["email"])
        except AddressRefused as refused:
            raise InvalidInput(str(refused), "email") from refused
    if not _LANGUAGE.fullmatch(tidy["language"]):
        raise InvalidInput(
            "The language is not a language code such as 'en' or 'pt-BR'.", "language"
        )
    if patient.birth_date is not None and not EARLIEST_BIRTH <= patient.birth_date <= today:
        raise InvalidInput(
            "The birth date lies in the future or too far in the past.", "birth_date"
        )
    year = patient.birth_year if patient.birth_date is None else None
    if year is not None and not EARLIEST_BIRTH.year <= year <= today.year:
        raise InvalidInput(
            "The birth year lies in the future or too far in the past.", "birth_date"
        )
    return Patient(
        mrn=normalised_mrn(patient.mrn),
        birth_date=patient.birth_date,
        sex=patient.sex,
        consent=patient.consent,
        version=patient.version,
        birth_year=year,
        **tidy,
    )
