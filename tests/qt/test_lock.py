"""Locking: by hand, when nobody is here, by the desktop; over a half typed form, over work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from drscreen.qt.controllers.idle import IdleController
from drscreen.qt.controllers.incoming import State
from drscreen.qt.desktop_lock import DesktopLock
from drscreen.qt.views.presence import Presence
from tests.fakes.screening import Gateway
from tests.fakes.store import FakeOpenStore
from tests.qt.clinic import PASSWORD, USER, WAIT, Clinic
from tests.qt.conftest import Draw


def open_store(clinic: Clinic) -> FakeOpenStore:
    session = clinic.desk.session.session
    assert session is not None
    assert isinstance(session.store, FakeOpenStore)
    return session.store


def lock(clinic: Clinic) -> None:
    clinic.window.status.lock.click()
    clinic.settle()


def unlock(clinic: Clinic, user: str = USER, password: str = PASSWORD) -> None:
    page = clinic.window.sign_in
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        page.user.setText(user)
        page.secret.edit.setText(password)
        page.action.click()
    clinic.settle()


@pytest.fixture
def colleague(clinic: Clinic) -> None:
    """A second account, which signs in with its own password."""
    clinic.sign_in()
    clinic.window.code_dialog.done(0)  # type: ignore[union-attr] # shown by now
    with open_store(clinic).transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")


@pytest.fixture
def gateway(clinic: Clinic, draw: Draw, colleague: None) -> Iterator[Gateway]:
    """A photograph is at work, and another one waits."""
    made = Gateway()
    clinic.predictor.during = made
    clinic.open_new_patient()
    clinic.add(draw("a_od.png"), draw("b_os.png"))
    clinic.window.patient.incoming.start.click()
    clinic.qtbot.waitUntil(made.entered.is_set, timeout=WAIT)
    yield made
    made.open()


def test_lock_in_the_middle_of_an_inference(clinic: Clinic, gateway: Gateway) -> None:
    store = open_store(clinic)
    clinic.window.status.lock.click()
    # Blank at once, though the network still runs; nobody can sign in before it has ended.
    assert clinic.window.sign_in.isVisible()
    assert not clinic.window.patient.isVisible()
    assert not clinic.window.sign_in.action.isEnabled()
    closed = [store.closed]
    clinic.predictor.during = None
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_out, timeout=WAIT):
        gateway.open()
    clinic.settle()
    closed.append(store.closed)
    assert closed == [False, True]
    assert clinic.window.sign_in.busy_text.isHidden()
    # Nothing was recorded by the photograph that was cut short, and it is there to go on with.
    assert "waits for ada" in clinic.window.sign_in.explanation.text()
    unlock(clinic)
    rows = clinic.window.patient.incoming.rows
    assert [row.item.state for row in rows] == [State.STAGED, State.STAGED]
    with open_store(clinic).transaction(Action.EDIT_PATIENTS) as records:
        assert records.exams("A-1") == []
    clinic.screen()
    with open_store(clinic).transaction(Action.EDIT_PATIENTS) as records:
        assert len(records.exams("A-1")[0].photographs) == 2


def test_another_person_finds_none_of_the_photographs(clinic: Clinic, gateway: Gateway) -> None:
    clinic.window.status.lock.click()
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_out, timeout=WAIT):
        gateway.open()
    clinic.settle()
    unlock(clinic, "tess", "another password")
    assert clinic.window.patient.mrn == ""
    assert clinic.desk.screening.items("A-1") == []


def test_form_is_as_it_was_after_unlocking(clinic: Clinic, colleague: None) -> None:
    clinic.window.patients.new.click()
    form = clinic.window.form
    assert form is not None
    form.mrn.setText("A-77")
    form.family_name.setText("Half ty")
    lock(clinic)
    assert not form.isVisible()
    unlock(clinic)
    assert form.isVisible()
    assert (form.mrn.text(), form.family_name.text()) == ("A-77", "Half ty")
    with clinic.qtbot.waitSignal(clinic.desk.patients.file_opened, timeout=WAIT):
        form.save.click()
    assert "A-77" in clinic.window.patient.banner.line.text()


def test_form_is_not_seen_by_another_person(clinic: Clinic, colleague: None) -> None:
    clinic.window.patients.new.click()
    form = clinic.window.form
    assert form is not None
    form.family_name.setText("Half ty")
    lock(clinic)
    unlock(clinic, "tess", "another password")
    assert clinic.window.form is None
    assert not any(
        widget.isVisible() and widget is not clinic.window
        for widget in QApplication.topLevelWidgets()
        if widget.isWindow() and widget.parentWidget() is clinic.window
    )
    lock(clinic)
    unlock(clinic)
    assert clinic.window.form is None


def test_page_and_search_are_as_they_were(clinic: Clinic, colleague: None) -> None:
    clinic.open_new_patient("A-55")
    clinic.window.patients.search.setText("A-5")
    lock(clinic)
    assert clinic.window.patient.banner.line.text() == ""
    unlock(clinic)
    assert "A-55" in clinic.window.patient.banner.line.text()
    assert clinic.window.patients.search.text() == "A-5"


class Time:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds


def test_locks_when_nobody_was_here_for_so_long() -> None:
    time, heard = Time(), []
    idle = IdleController(time.now)
    idle.idled.connect(lambda: heard.append(time.seconds))
    idle.watch(5)
    for _ in range(4):
        time.seconds += 299
        idle.check()
        idle.on_person_seen()
    assert heard == []
    time.seconds += 301
    idle.check()
    idle.check()
    assert heard == [1000.0 + 4 * 299 + 301]
    idle.watch(0)
    time.seconds += 10**6
    idle.check()
    assert len(heard) == 1


def test_idle_time_of_the_clinic_locks_the_window(clinic: Clinic, colleague: None) -> None:
    clinic.settle()
    assert clinic.desk.idle.minutes == 10
    store = open_store(clinic)
    clinic.desk.idle.idled.emit()
    clinic.settle()
    assert clinic.window.sign_in.isVisible()
    assert store.closed
    assert clinic.desk.idle.minutes == 0


@pytest.mark.parametrize("seen", ["key", "mouse"])
def test_keys_and_mouse_are_noticed(clinic: Clinic, seen: str) -> None:
    presence, heard = Presence(), []
    presence.person_seen.connect(lambda: heard.append(seen))
    app = QApplication.instance()
    assert app is not None
    app.installEventFilter(presence)
    try:
        if seen == "key":
            QTest.keyClick(clinic.window, Qt.Key.Key_Shift)
        else:
            QTest.mouseMove(clinic.window)
            QTest.mouseClick(clinic.window, Qt.MouseButton.LeftButton)
    finally:
        app.removeEventFilter(presence)
    assert heard


def test_desktop_that_locks_is_heard(clinic: Clinic, colleague: None) -> None:
    """The bus itself is not there in tests: what it would call is."""
    desktop = DesktopLock()
    desktop.locked.connect(clinic.desk.departure.on_lock_wanted)
    desktop.on_active(False)
    clinic.settle()
    assert clinic.desk.session.session is not None
    desktop.on_active(True)
    desktop.on_lock()
    clinic.settle()
    assert clinic.desk.session.session is None


ON_A_BUS = """
from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtDBus import QDBusConnection, QDBusMessage
from drscreen.qt.desktop_lock import DesktopLock
app = QCoreApplication([])
desktop, bus = DesktopLock(), QDBusConnection.sessionBus()
desktop.locked.connect(lambda: print("locked"))
def say(name, active):
    told = QDBusMessage.createSignal("/org/x", name, "ActiveChanged")
    told.setArguments([active])
    bus.send(told)
def talk():
    say("org.gnome.ScreenSaver", True)
    say("org.freedesktop.ScreenSaver", False)
    say("org.freedesktop.ScreenSaver", True)
    QTimer.singleShot(500, app.quit)
QTimer.singleShot(0, talk)
app.exec()
"""


@pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="needs a message bus")
def test_desktop_is_heard_over_its_bus() -> None:
    ran = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-c", ON_A_BUS],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.stdout.split() == ["locked", "locked"], ran.stderr


def test_nothing_to_lock_before_sign_in(clinic: Clinic) -> None:
    clinic.start()
    clinic.desk.departure.on_lock_wanted()
    assert clinic.window.first_start.isVisible()
