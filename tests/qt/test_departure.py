"""Locking and closing, with and without a job at work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from drscreen.domain.permissions import Action
from drscreen.qt.views.theme import Theme
from tests.fakes.screening import Gateway
from tests.fakes.store import FakeOpenStore
from tests.qt.clinic import PASSWORD, WAIT, Clinic
from tests.qt.conftest import Draw


@pytest.fixture
def gateway(clinic: Clinic, draw: Draw) -> Iterator[Gateway]:
    """A photograph is at work, and another one waits."""
    made = Gateway()
    clinic.predictor.during = made
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.add(draw("a_od.png"), draw("b_os.png"))
    clinic.window.patient.incoming.start.click()
    clinic.qtbot.waitUntil(made.entered.is_set, timeout=WAIT)
    yield made
    made.open()


def open_store(clinic: Clinic) -> FakeOpenStore:
    session = clinic.desk.session.session
    assert session is not None
    assert isinstance(session.store, FakeOpenStore)
    return session.store


def test_closing_during_a_job_asks_and_staying_goes_on(clinic: Clinic, gateway: Gateway) -> None:
    assert not clinic.window.close()
    question = clinic.window.question
    assert question is not None
    assert question.defaultButton() is question.leave
    question.leave.click()
    assert clinic.window.isVisible()
    clinic.predictor.during = None
    gateway.open()
    clinic.wait_idle()
    assert clinic.window.patient.incoming.rows == []


def test_closing_during_a_job_cancels_it_waits_and_closes_the_store(
    clinic: Clinic, gateway: Gateway
) -> None:
    store = open_store(clinic)
    clinic.window.close()
    assert clinic.window.question is not None
    clinic.window.question.do.click()
    clinic.qtbot.waitUntil(lambda: not clinic.window.isVisible(), timeout=WAIT)
    gateway.open()
    clinic.close()
    assert store.closed
    reopened = clinic.store.open("ada", PASSWORD)
    with reopened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.exams("A-1") == []


def test_locking_leaves_nothing_of_the_patient_on_the_screen(clinic: Clinic, draw: Draw) -> None:
    clinic.sign_in()
    clinic.open_new_patient("A-55")
    clinic.add(draw("a_od.png"))
    clinic.screen()
    clinic.window.status.lock.click()
    clinic.settle()
    page = clinic.window.patient
    assert page.banner.line.text() == ""
    assert not page.photograph.view.has_picture
    assert page.exams.model().rowCount() == 0
    assert clinic.desk.table.rowCount() == 0
    assert clinic.window.sign_in.secret.text() == ""
    assert "Hill Clinic" not in clinic.window.windowTitle()
    assert not clinic.window.status.lock.isVisible()


def test_closing_without_a_job_does_not_ask(clinic: Clinic) -> None:
    clinic.sign_in()
    assert clinic.window.close()
    assert clinic.window.question is None


def test_the_network_stays_loaded_over_a_lock(
    clinic: Clinic, draw: Draw, qtbot: QtBot, theme: Theme
) -> None:
    clinic.sign_in()
    clinic.window.status.lock.click()
    clinic.settle()
    page = clinic.window.sign_in
    assert page.user.text() == "ada"
    with qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        page.user.setText("ada")
        page.secret.edit.setText(PASSWORD)
        page.action.click()
    clinic.open_new_patient("A-2")
    clinic.add(draw("a_od.png"))
    clinic.screen()
    assert len(clinic.loaded) == 1
    assert clinic.window.patient.result.grade.text == "No apparent retinopathy"
