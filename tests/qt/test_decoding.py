"""The window over the decoder's process: locking, cancelling and closing in the middle of a
photograph, and the end of one that ends its decoder.
"""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from pytestqt.qtbot import QtBot

from drscreen.adapters.imaging.decoder_process import DecoderProcess
from drscreen.domain.screening import Stage
from drscreen.qt.controllers.incoming import State
from drscreen.qt.views.theme import Theme
from tests.fakes.store import FakeOpenStore
from tests.qt.clinic import PASSWORD, USER, WAIT, Clinic
from tests.qt.conftest import Draw


@pytest.fixture
def reader() -> Iterator[DecoderProcess]:
    made = DecoderProcess()
    yield made
    made.close()


@pytest.fixture
def clinic(qtbot: QtBot, theme: Theme, reader: DecoderProcess) -> Iterator[Clinic]:
    made = Clinic(qtbot, theme, reader=reader)
    yield made
    made.close()


@pytest.fixture
def held(clinic: Clinic, reader: DecoderProcess, draw: Draw) -> psutil.Process:
    """A decoder that stands still in the middle of the first of two photographs."""
    clinic.sign_in()
    clinic.open_new_patient()
    first, second = draw("a_od.png"), draw("b_os.png")
    reader.decode(first.read_bytes())
    running = reader._running[-1]._process
    assert running is not None
    process = psutil.Process(running.pid)
    process.suspend()
    clinic.add(first, second)
    clinic.window.patient.incoming.start.click()
    items = clinic.desk.screening.items
    clinic.qtbot.waitUntil(lambda: items("A-1")[0].stage is Stage.DECODING, timeout=WAIT)
    return process


def test_a_lock_in_the_middle_of_a_decode_closes_the_records_at_once(
    clinic: Clinic, held: psutil.Process
) -> None:
    session = clinic.desk.session.session
    assert session is not None
    store = session.store
    assert isinstance(store, FakeOpenStore)
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_out, timeout=WAIT):
        clinic.window.status.lock.click()
    clinic.settle()
    assert store.closed
    held.wait(20)
    # The same person goes on where the lock came between; another decoder is started for it.
    page = clinic.window.sign_in
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        page.user.setText(USER)
        page.secret.edit.setText(PASSWORD)
        page.action.click()
    clinic.settle()
    assert {item.state for item in clinic.desk.screening.items("A-1")} == {State.STAGED}


def test_cancel_in_the_middle_of_a_decode(clinic: Clinic, held: psutil.Process) -> None:
    clinic.desk.screening.cancel()
    clinic.wait_idle()
    held.wait(20)
    states = {item.state for item in clinic.desk.screening.items("A-1")}
    assert states == {State.CANCELLED}


def test_closing_in_the_middle_of_a_decode_leaves_no_process(
    clinic: Clinic, held: psutil.Process
) -> None:
    clinic.desk.screening.cancel()
    clinic.close()
    held.wait(20)


def test_a_photograph_that_ends_the_decoder_fails_alone(
    clinic: Clinic, held: psutil.Process
) -> None:
    held.kill()
    clinic.wait_idle()
    (failed,) = clinic.window.patient.incoming.rows
    assert failed.item.failure is not None
    assert failed.item.failure.code == "photograph_broke_decoder"
    session = clinic.desk.session.session
    assert session is not None
    (exam,) = session.records.open_file("A-1").exams
    assert len(exam.photographs) == 1


def test_a_lock_ends_what_is_being_decoded_for_the_screen(
    clinic: Clinic, reader: DecoderProcess, draw: Draw
) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.add(draw("a_od.png"))
    clinic.screen()
    session = clinic.desk.session.session
    assert session is not None
    store = session.store
    assert isinstance(store, FakeOpenStore)
    (exam,) = session.records.open_file("A-1").exams
    running = reader._running[-1]._process
    assert running is not None
    held = psutil.Process(running.pid)
    held.suspend()
    clinic.desk.pictures.use(session.records)
    clinic.desk.pictures.show(exam.photographs[0].id)
    clinic.qtbot.wait(200)
    assert not clinic.desk.background.is_idle
    clinic.window.status.lock.click()
    clinic.settle()
    assert store.closed
    held.wait(20)
