from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from drscreen.domain.conflict import StoreConflict
from drscreen.domain.errors import InvalidInput, PatientExists, PatientUnknown
from drscreen.domain.grading import OperatingPoint
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.quality import QualityVerdict
from drscreen.domain.referral import Decision, Outcome
from drscreen.domain.screening import ModelInfo, ScreeningResult, Seconds
from drscreen.services.records import RecordsService
from tests.fakes.store import FakeOpenStore, FakeStore

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class StoppedClock:
    def now(self) -> datetime:
        return NOON

    def elapsed(self) -> float:
        return 0.0


@pytest.fixture
def store() -> FakeOpenStore:
    return FakeStore.opened()


@pytest.fixture
def records(store: FakeOpenStore) -> RecordsService:
    return RecordsService(store, StoppedClock())


def save(store: FakeOpenStore, mrn: str, eye: Laterality, decision: Decision) -> str:
    data = f"{mrn} {eye} {decision}".encode()
    result = ScreeningResult(
        path=Path("a.jpg"),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/jpeg",
        width=10,
        height=10,
        quality=QualityVerdict(True, 1.0),
        grading=None,
        decision=decision,
        model=ModelInfo("m", "1", ""),
        operating_point=OperatingPoint(0.5, 0.4, 0.6, 0.5),
        seconds=Seconds(),
    )
    with store.transaction(Action.EDIT_PATIENTS) as inside:
        return inside.save_photograph(mrn, eye, data, result, recorded_at=NOON).id


def test_registered_patient_is_tidied_and_found(records: RecordsService) -> None:
    saved = records.register(Patient(" 17 ", " Müller ", "Anna"))
    assert (saved.mrn, saved.family_name, saved.version) == ("17", "Müller", 1)
    page = records.search("muller")
    assert (page.total, [row.patient for row in page.rows]) == (1, [saved])


def test_number_given_twice_is_refused(records: RecordsService) -> None:
    records.register(Patient("17", "First"))
    with pytest.raises(PatientExists):
        records.register(Patient(" 17", "Second"))
    assert records.open_file("17").patient.family_name == "First"


@pytest.mark.parametrize(
    "wrong",
    [
        Patient("  "),
        Patient("17", birth_date=date(2026, 3, 3)),
        Patient("17", phone="call me"),
        Patient("17", email="nobody"),
        Patient("17", "x" * 500),
    ],
)
def test_wrong_particulars_change_nothing(records: RecordsService, wrong: Patient) -> None:
    with pytest.raises(InvalidInput):
        records.register(wrong)
    records.register(Patient("17"))
    with pytest.raises(InvalidInput):
        records.amend(replace(wrong, version=1))
    assert records.search("").total == 1
    assert records.open_file("17").patient == Patient("17", version=1)


def test_two_people_amend_one_record(records: RecordsService) -> None:
    mine = theirs = records.register(Patient("17", "Old"))
    records.amend(replace(theirs, family_name="Theirs"))
    with pytest.raises(StoreConflict) as refused:
        records.amend(replace(mine, family_name="Mine"))
    assert "still on the screen" in refused.value.kept
    assert records.open_file("17").patient.family_name == "Theirs"


def test_unknown_patient(records: RecordsService) -> None:
    with pytest.raises(PatientUnknown):
        records.open_file("17")
    with pytest.raises(PatientUnknown):
        records.amend(Patient("17", version=1))


def test_pages_say_how_many_there_are_in_all(records: RecordsService) -> None:
    for n in range(7):
        records.register(Patient(f"N{n}"))
    page = records.search("n", offset=5, limit=3)
    assert page.total == 7
    assert [row.patient.mrn for row in page.rows] == ["N5", "N6"]


def test_file_of_a_patient_with_its_outcome(records: RecordsService, store: FakeOpenStore) -> None:
    records.register(Patient("17"))
    assert records.open_file("17").outcome is None
    first = save(store, "17", Laterality.OD, Decision.NO_REFERRAL)
    assert records.open_file(" 17 ").outcome is Outcome.INCOMPLETE
    save(store, "17", Laterality.OS, Decision.REPEAT_PHOTOGRAPH)
    assert records.open_file("17").outcome is Outcome.INCOMPLETE
    save(store, "17", Laterality.OS, Decision.NO_REFERRAL)
    assert records.open_file("17").outcome is Outcome.NO_REFERRAL
    save(store, "17", Laterality.OD, Decision.REFER)
    assert records.open_file("17").outcome is Outcome.REFER
    assert records.photograph(first) == b"17 OD no_referral"


def test_where_nobody_matches_the_similar_are_offered(records: RecordsService) -> None:
    records.register(Patient("17", "Okafor", "Chidi"))
    exact, like, nobody = (records.search(text) for text in ("okafor", "okafro", "tanaka"))
    assert (exact.total, exact.similar) == (1, False)
    assert (like.total, like.similar, like.rows[0].patient.mrn) == (1, True, "17")
    assert (nobody.total, nobody.similar, nobody.rows) == (0, False, ())
