"""One patient's record as it leaves the program: for a machine and for a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drscreen.domain.notice import Notice
from drscreen.domain.patient import Exam, Patient, PhotographRecord

FORMAT = "drscreen-patient"
VERSION = 1
NOTICE = "Research use, not a cleared medical device. A clinician confirms every result."
_SUFFIXES = {
    "image/jpeg": ".jpg",
    # What earlier versions recorded of a JPEG with a preview behind it.
    "image/mpo": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
}


@dataclass(frozen=True, slots=True)
class PatientExport:
    """Everything recorded of one patient; photographs by their records, notices newest first."""

    clinic: str
    exported: datetime
    patient: Patient
    exams: tuple[Exam, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def photographs(self) -> tuple[PhotographRecord, ...]:
        """Of all exams, the newest first."""
        return tuple(photograph for exam in self.exams for photograph in exam.photographs)


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of an export, by a name that says nothing of the patient."""

    name: str
    content: bytes


def photograph_file(exam: Exam, photograph: PhotographRecord) -> str:
    """The name of a photograph's file: the exam's own day, eye, and the beginning of its hash."""
    suffix = _SUFFIXES.get(photograph.media_type, ".bin")
    return f"{exam.day:%Y-%m-%d}-{photograph.eye}-{photograph.sha256[:8]}{suffix}"


def export_json(export: PatientExport) -> bytes:
    """Machine-readable, UTF-8; moments are ISO 8601 in UTC, probabilities as recorded."""
    patient = export.patient
    content = {
        "format": FORMAT,
        "version": VERSION,
        "notice": NOTICE,
        "clinic": export.clinic,
        "exported": export.exported.isoformat(),
        "patient": {
            "mrn": patient.mrn,
            "family_name": patient.family_name,
            "given_name": patient.given_name,
            "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
            "birth_year_estimated": patient.birth_year,
            "sex": patient.sex.value,
            "phone": patient.phone,
            "email": patient.email,
            "language": patient.language,
            "consent": sorted(channel.value for channel in patient.consent),
        },
        "exams": [
            {
                "day": exam.day.isoformat(),
                "outcome": exam.outcome.value,
                "photographs": [_photograph(exam, photograph) for photograph in exam.photographs],
            }
            for exam in export.exams
        ],
        "notices": [_notice(notice) for notice in export.notices],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def _photograph(exam: Exam, photograph: PhotographRecord) -> dict[str, Any]:
    grading = photograph.grading
    return {
        "file": photograph_file(exam, photograph),
        "sha256": photograph.sha256,
        "eye": photograph.eye.value,
        "taken": photograph.taken.isoformat(),
        "recorded_by": photograph.recorded_by,
        "is_drawing": photograph.is_drawing,
        "gradable": photograph.quality.gradable,
        "quality_reasons": [reason.value for reason in photograph.quality.reasons],
        "grade": int(grading.grade) if grading else None,
        "probabilities": list(grading.probabilities) if grading else None,
        "referable_probability": grading.referable_probability if grading else None,
        "decision": photograph.decision.value,
        "network": photograph.model.as_json(),
    }


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "purpose": notice.purpose.value,
        "channel": notice.channel.value,
        "state": notice.state.value,
        "reason": notice.reason,
        "address": notice.address,
        "language": notice.language,
        "subject": notice.subject,
        "body": notice.body,
        "created": notice.created.isoformat(),
        "attempted": notice.attempted.isoformat() if notice.attempted else None,
        "changed": notice.changed.isoformat(),
    }
