"""Networks that nobody signed: who lets one grade, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drscreen.domain.errors import InvalidInput, NetworkUnsigned
from drscreen.domain.image import Laterality
from drscreen.domain.permissions import Action
from drscreen.domain.screening import ModelInfo, SaveTo, ScreeningRequest
from drscreen.domain.signature import Signer, is_older
from drscreen.services.networks import NetworksService
from drscreen.services.screening import ScreeningService, UnrecordedScreening
from tests.fakes.screening import PNG, SPEC, FakeClock, FakeGate, FakePredictor, FakeReader
from tests.fakes.store import FakeOpenStore, FakeStore

OWN = ModelInfo("own", "1", "c" * 64)
TARGET = SaveTo("C-1", Laterality.OS)


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "photograph.png"
    path.write_bytes(PNG + b"pixels")
    return path


def predictor_of(model: ModelInfo, during: Callable[[], None] | None = None) -> FakePredictor:
    return FakePredictor(spec=replace(SPEC, model=model), during=during)


def unrecorded(model: ModelInfo, allowed_by: str = "") -> UnrecordedScreening:
    predictor = predictor_of(model)
    return UnrecordedScreening(
        FakeReader(), FakeGate(), predictor, FakeClock(), unsigned_allowed_by=allowed_by
    )


def recorded(
    model: ModelInfo, store: FakeOpenStore, during: Callable[[], None] | None = None
) -> ScreeningService:
    predictor = predictor_of(model, during)
    return ScreeningService(FakeReader(), FakeGate(), predictor, FakeClock(), store)


@pytest.mark.parametrize("signer", [Signer.NOBODY, Signer.UNRECORDED])
def test_an_unsigned_network_grades_nothing(photograph: Path, signer: Signer) -> None:
    unsigned = replace(OWN, signer=signer)
    for service in (unrecorded(unsigned), recorded(unsigned, FakeStore.opened())):
        with pytest.raises(NetworkUnsigned, match="own 1"):
            service.screen(ScreeningRequest(photograph))


def test_whoever_answers_for_it_stands_on_the_result(photograph: Path) -> None:
    result = unrecorded(OWN, allowed_by="Dr. Ada").screen(ScreeningRequest(photograph))
    assert result.model.title == "own 1 (unsigned network, allowed by Dr. Ada)"
    assert result.model.as_json()["allowed_by"] == "Dr. Ada"


def test_an_administrators_consent_holds_for_one_manifest_and_until_it_is_taken_back(
    photograph: Path,
) -> None:
    store = FakeStore.opened(user="ada")
    networks = NetworksService(store)
    consent = networks.allow(OWN)
    assert networks.consents() == [consent]
    kept = recorded(OWN, store).screen(ScreeningRequest(photograph, TARGET))
    assert kept.model.allowed_by == "ada"
    with store.transaction(Action.SCREEN) as records:
        (exam,) = records.exams("C-1")
        assert exam.photographs[0].model.title == "own 1 (unsigned network, allowed by ada)"
    with pytest.raises(NetworkUnsigned):
        recorded(replace(OWN, sha256="d" * 64), store).screen(ScreeningRequest(photograph))
    networks.refuse(OWN.sha256)
    with pytest.raises(NetworkUnsigned):
        recorded(OWN, store).screen(ScreeningRequest(photograph, TARGET))


def test_a_consent_taken_back_while_a_photograph_is_graded_lets_nothing_be_recorded(
    photograph: Path,
) -> None:
    store = FakeStore.opened()
    networks = NetworksService(store)
    networks.allow(OWN)
    service = recorded(OWN, store, during=lambda: networks.refuse(OWN.sha256))
    with pytest.raises(NetworkUnsigned):
        service.screen(ScreeningRequest(photograph, TARGET))
    with store.transaction(Action.SCREEN) as records:
        assert records.find_patient("C-1") is None


@pytest.mark.parametrize("signer", [Signer.FOUNDERS, Signer.CLINIC, Signer.DEVELOPMENT])
def test_a_signed_network_needs_nobodys_word(photograph: Path, signer: Signer) -> None:
    signed = replace(OWN, signer=signer)
    result = recorded(signed, FakeStore.opened()).screen(ScreeningRequest(photograph, TARGET))
    assert result.model == signed
    assert ("development signature" in result.model.title) == (signer is Signer.DEVELOPMENT)
    with pytest.raises(InvalidInput):
        NetworksService(FakeStore.opened()).allow(signed)


def test_versions_are_compared_by_their_numbers() -> None:
    assert is_older("2026.9.1", "2026.11.1")
    assert not is_older("2026.11.1", "2026.11.1")
    assert not is_older("2026.11.1", "2026.9.1")
    assert not is_older("imported", "2026.11.1")
    assert not is_older("1", "1.-2")
