"""Between rows and the domain's dataclasses."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Row

from drscreen.adapters.store.folding import search_text
from drscreen.adapters.store.tables import (
    ExamRow,
    GradingRow,
    PatientRow,
    PhotographRow,
    UserRow,
)
from drscreen.adapters.store.vault import Stored
from drscreen.domain.errors import StoreDamaged
from drscreen.domain.grading import Grade, Grading, OperatingPoint
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Channel, Patient, PhotographRecord, Sex
from drscreen.domain.quality import QualityReason, QualityVerdict
from drscreen.domain.referral import Decision
from drscreen.domain.screening import ModelInfo, ScreeningResult
from drscreen.domain.signature import Signer
from drscreen.domain.users import Role, User

_Code = TypeVar("_Code", bound=StrEnum)
_Value = TypeVar("_Value")


def fill_patient(row: PatientRow, patient: Patient) -> None:
    """Write the patient's particulars into the row; version and times are the caller's."""
    row.mrn = patient.mrn
    row.family_name = patient.family_name
    row.given_name = patient.given_name
    row.search = searched(patient)
    row.birth_date = patient.birth_date
    row.birth_year = patient.birth_year
    row.sex = patient.sex.value
    row.phone = patient.phone
    row.email = patient.email
    row.language = patient.language
    row.consent_sms = Channel.SMS in patient.consent
    row.consent_email = Channel.EMAIL in patient.consent


def searched(patient: Patient) -> str:
    """What is stored to be searched of a patient."""
    names = (patient.family_name, patient.given_name)
    return search_text(patient.mrn, names, patient.birth_date or patient.birth_year)


def patient_of(row: PatientRow | Row[*tuple[Any, ...]]) -> Patient:
    """The patient in the row, an object's or a query's. Raises `StoreDamaged`."""
    agreed = {Channel.SMS: row.consent_sms, Channel.EMAIL: row.consent_email}
    return Patient(
        mrn=row.mrn,
        family_name=row.family_name,
        given_name=row.given_name,
        birth_date=row.birth_date,
        birth_year=row.birth_year,
        sex=known_code(Sex, row.sex),
        phone=row.phone,
        email=row.email,
        language=row.language,
        consent=frozenset(channel for channel, agrees in agreed.items() if agrees),
        version=row.version,
    )


def changed_fields(before: Patient, after: Patient) -> list[str]:
    """The names of the particulars that differ; never their values."""
    return [
        field.name
        for field in fields(Patient)
        if field.name != "version" and getattr(before, field.name) != getattr(after, field.name)
    ]


def user_of(row: UserRow) -> User:
    """The account in the row. Raises `StoreDamaged`."""
    return User(row.name, known_code(Role, row.role), row.display_name)


def stored_of(row: PhotographRow) -> Stored:
    """What the vault must know to find the photograph."""
    return Stored(row.vault_name, row.sealed_key, row.uuid, row.sha256)


def grading_row(result: ScreeningResult) -> GradingRow:
    """A new row of what screening found; its photograph and moment are the caller's."""
    point = result.operating_point
    row = GradingRow(
        gradable=result.quality.gradable,
        quality_score=result.quality.score,
        quality_reasons=" ".join(reason.value for reason in result.quality.reasons),
        decision=result.decision.value,
        model_name=result.model.name,
        model_version=result.model.version,
        model_sha256=result.model.sha256,
        model_signer=result.model.signer.value,
        model_allowed_by=result.model.allowed_by,
        threshold_referable=point.referable,
        threshold_abstain_low=point.abstain_low,
        threshold_abstain_high=point.abstain_high,
        threshold_vision_threatening=point.vision_threatening,
    )
    grading = result.grading
    if grading is not None:
        row.grade = int(grading.grade)
        (
            row.probability_0,
            row.probability_1,
            row.probability_2,
            row.probability_3,
            row.probability_4,
        ) = grading.probabilities
        row.referable_probability = grading.referable_probability
        row.vision_threatening_probability = grading.vision_threatening_probability
        row.referable = grading.referable
    return row


def photograph_of(row: PhotographRow, found: GradingRow, exam: ExamRow) -> PhotographRecord:
    """The record of a photograph. Raises `StoreDamaged`."""
    try:
        return PhotographRecord(
            id=row.uuid,
            exam_id=exam.uuid,
            eye=Laterality(row.eye),
            sha256=row.sha256,
            media_type=row.media_type,
            width=row.width,
            height=row.height,
            taken=row.taken,
            quality=QualityVerdict(
                found.gradable,
                found.quality_score,
                tuple(QualityReason(code) for code in found.quality_reasons.split()),
            ),
            grading=_grading_of(found),
            decision=Decision(found.decision),
            model=ModelInfo(
                found.model_name,
                found.model_version,
                found.model_sha256,
                Signer(found.model_signer),
                found.model_allowed_by,
            ),
            operating_point=OperatingPoint(
                referable=found.threshold_referable,
                abstain_low=found.threshold_abstain_low,
                abstain_high=found.threshold_abstain_high,
                vision_threatening=found.threshold_vision_threatening,
            ),
            recorded_by=row.recorded_by,
            is_drawing=row.is_drawing,
        )
    except ValueError as error:
        raise _unknown_code() from error


def _grading_of(row: GradingRow) -> Grading | None:
    if row.grade is None:
        return None
    p0, p1, p2, p3, p4 = (
        _present(value)
        for value in (
            row.probability_0,
            row.probability_1,
            row.probability_2,
            row.probability_3,
            row.probability_4,
        )
    )
    return Grading(
        grade=Grade(row.grade),
        probabilities=(p0, p1, p2, p3, p4),
        referable_probability=_present(row.referable_probability),
        vision_threatening_probability=_present(row.vision_threatening_probability),
        referable=_present(row.referable),
    )


def known_code(codes: type[_Code], code: str) -> _Code:
    """The code as the domain has it. Raises `StoreDamaged`."""
    try:
        return codes(code)
    except ValueError as error:
        raise _unknown_code() from error


def _unknown_code() -> StoreDamaged:
    return StoreDamaged("A record holds a value that this program does not know.")


def _present(value: _Value | None) -> _Value:
    if value is None:
        raise ValueError("a grading with a gap")
    return value
