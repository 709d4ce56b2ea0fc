"""A demonstration clinic of phantom patients: drawings, screened and recorded like photographs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from drscreen.domain.errors import SignInFailed
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.ports import Clock
from drscreen.domain.screening import SaveTo, ScreeningRequest, ScreeningResult
from drscreen.domain.store_ports import OpenStore
from drscreen.services.accounts import AccountsService
from drscreen.services.permission import before_sign_in, needs
from drscreen.services.screening import ScreeningService

CLINIC = "Phantom Hill"
USER = "demo"
#: No secret: the demonstration clinic holds drawings only, and this is shown on the screen.
PASSWORD = "phantom patients only"  # noqa: S105
#: Of demonstration clinics that earlier versions made.
_FORMER_PASSWORD = "demonstration"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawing that comes with drscreen, and the invented patient it belongs to."""

    path: Path
    patient: Patient
    eye: Laterality


@before_sign_in
def read_samples(folder: Path) -> list[Sample]:
    """The samples that `samples.json` in `folder` lists."""
    entries = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
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
        for entry in entries
    ]


@before_sign_in
def open_demonstration(accounts: AccountsService) -> OpenStore:
    """The demonstration clinic's store, made where there is none yet."""
    if accounts.is_first_start():
        return accounts.create_clinic(CLINIC, USER, PASSWORD)
    try:
        return accounts.sign_in(USER, PASSWORD)
    except SignInFailed:
        store = accounts.sign_in(USER, _FORMER_PASSWORD)
    proof = store.reenter(Action.CHANGE_OWN_PASSWORD, _FORMER_PASSWORD)
    with store.transaction(Action.CHANGE_OWN_PASSWORD, proof) as records:
        records.set_password(USER, PASSWORD)
    return store


@needs(Action.SCREEN)
def screen_samples(
    samples: Iterable[Sample],
    screening: ScreeningService,
    store: OpenStore,
    clock: Clock,
    each: Callable[[], None] = lambda: None,
) -> list[ScreeningResult]:
    """Screen every sample; record those that today's exam does not hold yet. Repeatable."""
    results = []
    today = clock.now().date()
    for sample in samples:
        mrn = sample.patient.mrn
        with store.transaction(Action.SCREEN) as records:
            if records.find_patient(mrn) is None:
                records.add_patient(sample.patient)
            recorded = {
                (photograph.sha256, photograph.eye)
                for exam in records.exams(mrn)
                if exam.day == today
                for photograph in exam.photographs
            }
        result = screening.screen(ScreeningRequest(sample.path))
        if (result.sha256, sample.eye) not in recorded:
            request = ScreeningRequest(sample.path, SaveTo(mrn, sample.eye), again=True)
            result = screening.screen(request, is_drawing=True)
        results.append(result)
        each()
    return results
