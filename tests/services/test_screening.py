from __future__ import annotations

from pathlib import Path

import pytest

from drscreen.domain.errors import (
    Cancelled,
    PhotographDamaged,
    PhotographError,
    PhotographRecordedAlready,
    PhotographRecordedElsewhere,
    PredictionFailed,
    StoreFull,
)
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.quality import QualityReason
from drscreen.domain.referral import Decision
from drscreen.domain.screening import SaveTo, ScreeningRequest, Stage
from drscreen.domain.users import Role
from drscreen.services.screening import ScreeningService, UnrecordedScreening
from tests.fakes.screening import PNG, FakeClock, FakeGate, FakePredictor, FakeReader
from tests.fakes.store import FakeOpenStore, FakeStore

TARGET = SaveTo("C-1", Laterality.OS)


@pytest.fixture
def store() -> FakeOpenStore:
    closed = FakeStore()
    closed.create("Clinic", "ana", "", Role.TECHNICIAN, "a password")
    return closed.open("ana", "a password")


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "photograph.png"
    path.write_bytes(PNG + b"pixels")
    return path


def service(
    store: FakeOpenStore | None = None,
    gate: FakeGate | None = None,
    predictor: FakePredictor | None = None,
) -> UnrecordedScreening:
    parts = FakeReader(), gate or FakeGate(), predictor or FakePredictor(), FakeClock()
    return UnrecordedScreening(*parts) if store is None else ScreeningService(*parts, store)


def test_a_photograph_is_graded_and_every_stage_heard(photograph: Path) -> None:
    heard: list[Stage] = []
    result = service(predictor=FakePredictor(grade=3)).screen(
        ScreeningRequest(photograph), heard.append
    )
    assert heard == [Stage.READING, Stage.DECODING, Stage.QUALITY, Stage.PREDICTING]
    assert result.grading is not None
    assert result.grading.grade is Grade.SEVERE
    assert result.decision is Decision.REFER_URGENT
    assert result.record is None
    assert result.seconds.total == pytest.approx(0.375)


def test_an_ungradable_photograph_is_never_shown_to_the_network(
    photograph: Path, store: FakeOpenStore
) -> None:
    gate, predictor = FakeGate(), FakePredictor()
    gate.queue(QualityReason.TOO_DARK)
    result = service(store, gate, predictor).screen(ScreeningRequest(photograph, TARGET))
    assert predictor.threads == []
    assert result.grading is None
    assert result.decision is Decision.REPEAT_PHOTOGRAPH
    assert result.seconds.predict is None
    with store.transaction(Action.EDIT_PATIENTS) as records:
        (exam,) = records.exams("C-1")
    assert exam.photographs[0].quality.reasons == (QualityReason.TOO_DARK,)
    assert exam.photographs[0].grading is None


def test_an_unknown_number_makes_a_record_and_a_known_one_keeps_it(
    photograph: Path, store: FakeOpenStore
) -> None:
    with store.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient(mrn="C-1", family_name="Known"))
    for mrn in ("C-1", "C-2"):
        photograph.write_bytes(PNG + mrn.encode())
        service(store).screen(ScreeningRequest(photograph, SaveTo(mrn, Laterality.OD)))
    with store.transaction(Action.EDIT_PATIENTS) as records:
        known, made = records.find_patient("C-1"), records.find_patient("C-2")
        assert known is not None
        assert known.family_name == "Known"
        assert made is not None
        (exam,) = records.exams("C-2")
        assert records.photograph_bytes(exam.photographs[0].id) == photograph.read_bytes()


@pytest.mark.parametrize("at", list(Stage))
def test_cancelling_at_any_stage_records_nothing(
    photograph: Path, store: FakeOpenStore, at: Stage
) -> None:
    request = ScreeningRequest(photograph, TARGET)
    reached: list[Stage] = []

    def progress(stage: Stage) -> None:
        reached.append(stage)
        if stage is at:
            request.cancel.cancel()

    # Once saving has begun it is carried through: half a record helps nobody.
    if at is Stage.SAVING:
        assert service(store).screen(request, progress).record is not None
        return
    with pytest.raises(Cancelled):
        service(store).screen(request, progress)
    assert reached[-1] is at
    with store.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("C-1") is None


def test_a_network_that_gives_no_numbers_records_nothing(
    photograph: Path, store: FakeOpenStore
) -> None:
    class Broken(FakePredictor):
        def predict(self, images: object) -> list[tuple[float, ...]]:
            return [(float("nan"),) * 5]

    with pytest.raises(PredictionFailed):
        service(store, predictor=Broken()).screen(ScreeningRequest(photograph, TARGET))
    with store.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("C-1") is None


def test_a_full_disk_while_saving_leaves_no_half_record(
    photograph: Path, store: FakeOpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_more: object) -> None:
        raise StoreFull("The disk is full.")

    with store.transaction(Action.EDIT_PATIENTS) as records:
        kind = type(records)
    monkeypatch.setattr(kind, "save_photograph", full)
    with pytest.raises(StoreFull):
        service(store).screen(ScreeningRequest(photograph, TARGET))
    with store.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("C-1") is None


def test_a_bad_file_is_its_own_error(tmp_path: Path, photograph: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    screening = service()
    with pytest.raises(PhotographDamaged):
        screening.screen(ScreeningRequest(broken))
    with pytest.raises(PhotographError):
        screening.screen(ScreeningRequest(tmp_path / "none.png"))
    assert screening.screen(ScreeningRequest(photograph)).grading is not None


def test_saving_without_a_store_is_a_programming_error(photograph: Path) -> None:
    with pytest.raises(ValueError, match="store"):
        service().screen(ScreeningRequest(photograph, TARGET))


def recorded(store: FakeOpenStore, mrn: str) -> list[Laterality]:
    with store.transaction(Action.VIEW_PATIENTS) as records:
        return [one.eye for exam in records.exams(mrn) for one in exam.photographs]


def test_the_same_file_is_recorded_once_for_a_patient_and_an_eye(
    store: FakeOpenStore, photograph: Path
) -> None:
    screening = service(store)
    screening.screen(ScreeningRequest(photograph, TARGET))
    with pytest.raises(PhotographRecordedAlready):
        screening.screen(ScreeningRequest(photograph, TARGET))
    assert recorded(store, "C-1") == [Laterality.OS]


@pytest.mark.parametrize("other", [SaveTo("B-2", Laterality.OS), SaveTo("C-1", Laterality.OD)])
def test_the_same_file_for_somebody_else_or_the_other_eye_is_asked_about(
    store: FakeOpenStore, photograph: Path, other: SaveTo
) -> None:
    screening = service(store)
    screening.screen(ScreeningRequest(photograph, TARGET))
    with pytest.raises(PhotographRecordedElsewhere) as told:
        screening.screen(ScreeningRequest(photograph, other))
    assert "C-1" not in told.value.message
    assert recorded(store, "B-2") == []
    assert recorded(store, "C-1") == [Laterality.OS]
    assert screening.screen(ScreeningRequest(photograph, other, again=True)).record
    assert other.eye in recorded(store, other.mrn)
