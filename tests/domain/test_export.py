from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from drscreen.domain.export import photograph_file
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Exam, Patient, PhotographRecord
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import referred
from tests.fakes.store import FakeStore


def recorded() -> tuple[Exam, PhotographRecord]:
    """A visit of Sunday morning in Kiribati, which is Saturday in UTC."""
    with FakeStore.opened().transaction(Action.SCREEN) as records:
        records.add_patient(Patient("A-17"))
        moment = datetime(2026, 2, 28, 20, 30, tzinfo=UTC)
        record = records.save_photograph(
            "A-17", Laterality.OD, b"one", referred(b"one"), recorded_at=moment
        )
    return Exam(record.exam_id, "A-17", date(2026, 3, 1), (record,)), record


def test_a_photograph_leaves_under_the_day_of_its_visit() -> None:
    exam, photograph = recorded()
    assert photograph_file(exam, photograph).startswith("2026-03-01-OD-")


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [("image/jpeg", ".jpg"), ("image/mpo", ".jpg"), ("image/png", ".png"), ("image/tiff", ".tif")],
)
def test_a_photograph_leaves_as_what_it_is(media_type: str, suffix: str) -> None:
    exam, photograph = recorded()
    name = photograph_file(exam, replace(photograph, media_type=media_type))
    assert name.endswith(suffix)
