"""Whoever vouches for the network is said wherever the window names it."""

from __future__ import annotations

from dataclasses import replace

from drscreen.domain.screening import ModelInfo
from drscreen.domain.signature import Signer
from drscreen.services.networks import NetworksService
from tests.fakes.screening import SPEC, FakePredictor
from tests.qt.clinic import WAIT, Clinic
from tests.qt.conftest import Draw

OWN = ModelInfo("own", "1.0", "c" * 64)


def with_network(clinic: Clinic, model: ModelInfo) -> None:
    clinic.predictor = FakePredictor(spec=replace(SPEC, model=model))
    clinic.sign_in()
    status = clinic.window.status
    clinic.qtbot.waitUntil(lambda: "own 1.0" in status.network.text(), timeout=WAIT)


def about(clinic: Clinic) -> str:
    return clinic.window.patient.result.about.text()


def test_a_development_signature_is_said_everywhere(clinic: Clinic, draw: Draw) -> None:
    with_network(clinic, replace(OWN, signer=Signer.DEVELOPMENT))
    said = "own 1.0 (development signature)"
    assert said in clinic.window.status.network.text()
    assert said in clinic.window.settings.state.text()
    clinic.open_new_patient()
    clinic.add(draw("a_od.png"))
    clinic.screen()
    assert said in about(clinic)


def test_an_unsigned_network_grades_only_what_an_administrator_answers_for(
    clinic: Clinic, draw: Draw
) -> None:
    with_network(clinic, OWN)
    assert "own 1.0 (unsigned network)" in clinic.window.status.network.text()
    clinic.open_new_patient()
    (row,) = clinic.add(draw("a_od.png"))
    clinic.screen()
    assert row.item.failure is not None
    assert row.item.failure.code == "network_unsigned"
    assert "no administrator has allowed it" in row.words

    session = clinic.desk.session.session
    assert session is not None
    NetworksService(session.store).allow(OWN)
    clinic.add(draw("b_os.png"))
    clinic.screen()
    assert "own 1.0 (unsigned network, allowed by ada)" in about(clinic)
