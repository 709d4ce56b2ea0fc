"""Patients put in, and found again."""

from __future__ import annotations

from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore


def add(opened: OpenStore, *patients: Patient) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for patient in patients:
            records.add_patient(patient)


def numbers(opened: OpenStore, text: str, offset: int = 0, limit: int = 50) -> list[str]:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return [row.patient.mrn for row in records.search_patients(text, offset, limit)]
