"""The program around the window: what it loads, its crash dialog, its background thread."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from drscreen.domain.errors import InvalidInput
from drscreen.qt.background import Background, Priority
from drscreen.qt.collector import Collector
from drscreen.qt.controllers.demonstration import DemonstrationController
from drscreen.qt.failure import Failure, fault_details
from drscreen.qt.views.crash import CrashReporter
from drscreen.services.accounts import AccountsService
from drscreen.services.demonstration import open_demonstration
from tests.fakes.passwords import any_password
from tests.qt.clinic import WAIT, Clinic


def refuse(answer: object) -> None:
    """Where no answer of this kind may come."""
    pytest.fail(f"unexpected answer: {answer}")


@pytest.fixture
def background(qtbot: QtBot) -> Iterator[Background]:
    made = Background()
    yield made
    made.finish()
    qtbot.waitUntil(lambda: made.is_idle, timeout=WAIT)


def test_importing_the_window_loads_nothing_slow() -> None:
    code = (
        "import sys, drscreen.gui;"
        "bad = {'torch', 'torchvision', 'sqlalchemy', 'sqlcipher3', 'alembic', 'numpy', 'PIL'};"
        "print(*sorted(bad & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_qt_gives_back_every_reference_it_takes(qtbot: QtBot) -> None:
    """PySide6 6.12.0 drops a reference to None on every call under Python 3.11, and crashes."""
    if sys.version_info >= (3, 12):
        pytest.skip("None is immortal here")
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(200):
        thing.setObjectName("x")
    assert sys.getrefcount(None) > before - 100


def test_work_runs_elsewhere_and_answers_here(background: Background, qtbot: QtBot) -> None:
    here, seen = threading.get_ident(), []
    background.run(
        threading.get_ident, lambda there: seen.append((there, threading.get_ident())), refuse
    )
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT)
    ((there, answered),) = seen
    assert there != here
    assert answered == here


def test_closing_comes_after_everything_that_was_asked_for(
    background: Background, qtbot: QtBot
) -> None:
    order: list[str] = []
    shut = threading.Event()

    def wait() -> str:
        shut.wait(20)
        return "first"

    background.run(wait, order.append, refuse)
    background.run(lambda: "close", order.append, refuse, Priority.LAST)
    background.run(lambda: "picture", order.append, refuse, Priority.PICTURE)
    background.run(lambda: "person", order.append, refuse)
    shut.set()
    qtbot.waitUntil(lambda: len(order) == 4, timeout=WAIT)
    assert order == ["first", "person", "picture", "close"]


def test_an_expected_failure_becomes_words(background: Background, qtbot: QtBot) -> None:
    heard: list[Failure] = []

    def work() -> None:
        raise InvalidInput("The clinic needs a name.")

    background.run(work, refuse, heard.append)
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)
    assert heard[0].code == "invalid_input"
    assert heard[0].text.startswith("The clinic needs a name. Nothing was changed.")


def test_a_fault_is_answered_and_then_raised_on_the_gui_thread(
    background: Background, qtbot: QtBot
) -> None:
    heard: list[Failure] = []
    with capture_exceptions() as raised:
        background.run(lambda: 1 / 0, refuse, heard.append)
        qtbot.waitUntil(lambda: bool(heard) and bool(raised), timeout=WAIT)
    assert heard[0].code == "unexpected"
    assert raised[0][0] is ZeroDivisionError


def test_the_crash_dialog_quotes_no_record_and_comes_from_any_thread(
    qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = CrashReporter()

    def crash() -> None:
        try:
            raise ValueError("Okafor, Chidi")
        except ValueError as error:
            reporter.report(type(error), error, error.__traceback__)

    thread = threading.Thread(target=crash)
    with qtbot.waitSignal(reporter.crashed, timeout=WAIT):
        thread.start()
    thread.join()
    dialog = reporter.dialog
    assert dialog is not None
    assert dialog.isVisible()
    said = dialog.text() + dialog.informativeText() + dialog.detailedText()
    assert "ValueError" in said
    assert "test_program.py" in said
    assert "Okafor" not in said + capsys.readouterr().err
    dialog.close()


def test_details_of_a_fault_hold_no_values() -> None:
    try:
        int("Okafor")
    except ValueError as error:
        assert "Okafor" not in fault_details(error)


def test_the_collector_takes_over_and_gives_back(qtbot: QtBot) -> None:
    collector = Collector()
    collector.start()
    assert not gc.isenabled()
    collector.stop()
    assert gc.isenabled()


def test_the_demonstration_signs_itself_in_once(clinic: Clinic, qtbot: QtBot) -> None:
    open_demonstration(AccountsService(clinic.store, any_password)).close()
    DemonstrationController(clinic.desk)
    with qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        clinic.desk.start()
    clinic.wait_idle()
    clinic.window.status.lock.click()
    clinic.settle()
    assert clinic.window.sign_in.isVisible()
    assert clinic.desk.session.session is None
