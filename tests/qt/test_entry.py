"""First start and sign-in."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from drscreen.domain.users import PASSWORD_MIN, Role
from tests.qt.clinic import PASSWORD, USER, WAIT, Clinic


def fill(on: Clinic, /, **typed: str) -> None:
    page = on.window.first_start
    page.clinic.setText(typed.get("clinic", "Hill Clinic"))
    page.display_name.setText(typed.get("display_name", "Ada Weber"))
    page.user.setText(typed.get("user", USER))
    page.secret.edit.setText(typed.get("password", PASSWORD))
    page.repeated.edit.setText(typed.get("repeated", PASSWORD))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"repeated": "another password"}, "not the same"),
        ({"password": "short", "repeated": "short"}, f"at least {PASSWORD_MIN}"),
        ({"clinic": " "}, "needs a name"),
        ({"user": "a b"}, "user name has"),
    ],
)
def test_first_start_says_what_is_wrong_and_keeps_what_was_typed(
    clinic: Clinic, typed: dict[str, str], sentence: str
) -> None:
    clinic.start()
    fill(clinic, **typed)
    page = clinic.window.first_start
    with clinic.qtbot.waitSignal(clinic.desk.session.failed, timeout=WAIT):
        page.action.click()
    assert sentence in page.error.text
    assert page.display_name.text() == "Ada Weber"
    assert page.secret.text() == typed.get("password", PASSWORD)
    assert page.action.isEnabled()
    assert not clinic.store.exists()


def test_first_start_makes_the_store_and_signs_its_administrator_in(clinic: Clinic) -> None:
    clinic.start()
    assert "recovery code" in clinic.window.first_start.explanation.text()
    fill(clinic)
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        clinic.window.first_start.action.click()
    session = clinic.desk.session.session
    assert session is not None
    assert session.store.user.role is Role.ADMINISTRATOR
    assert clinic.window.status.user.text() == "Ada Weber"
    assert clinic.window.windowTitle() == "Hill Clinic – drscreen"
    assert clinic.window.patients.isVisible()


def test_a_wrong_password_is_said_inline_and_nothing_typed_is_lost(clinic: Clinic) -> None:
    clinic.store.create("Hill Clinic", USER, "", Role.ADMINISTRATOR, PASSWORD)
    clinic.start()
    page = clinic.window.sign_in
    page.user.setText(USER)
    page.secret.edit.setText("wrong password")
    with clinic.qtbot.waitSignal(clinic.desk.session.failed, timeout=WAIT):
        QTest.keyClick(page.secret.edit, Qt.Key.Key_Return)
    assert "Caps Lock" in page.error.text
    assert page.user.text() == USER
    assert page.secret.text() == "wrong password"
    assert page.secret.edit.selectedText() != ""
    page.secret.edit.setText(PASSWORD)
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        page.action.click()


def test_an_empty_sign_in_is_not_sent(clinic: Clinic) -> None:
    clinic.store.create("Hill Clinic", USER, "", Role.ADMINISTRATOR, PASSWORD)
    clinic.start()
    clinic.window.sign_in.action.click()
    assert "Type your user name" in clinic.window.sign_in.error.text
    assert clinic.window.sign_in.action.isEnabled()


def test_impatient_clicks_sign_in_once(clinic: Clinic, qtbot: QtBot) -> None:
    clinic.store.create("Hill Clinic", USER, "", Role.ADMINISTRATOR, PASSWORD)
    clinic.start()
    signed_in: list[object] = []
    clinic.desk.session.signed_in.connect(signed_in.append)
    for _ in range(3):
        clinic.desk.session.sign_in(USER, PASSWORD)
    assert clinic.window.sign_in.busy.isVisible()
    qtbot.waitUntil(lambda: bool(signed_in), timeout=WAIT)
    clinic.settle()
    assert len(signed_in) == 1
    assert not clinic.window.sign_in.busy.isVisible()


def test_a_capital_without_shift_gives_the_caps_lock_hint(clinic: Clinic, qtbot: QtBot) -> None:
    clinic.store.create("Hill Clinic", USER, "", Role.ADMINISTRATOR, PASSWORD)
    clinic.start()
    page = clinic.window.sign_in
    QTest.keyClicks(page.secret.edit, "a")
    assert not page.caps.isVisible()
    page.secret.edit.caps_lock_noticed.emit(True)
    assert page.caps.isVisible()


def test_the_password_can_be_shown(clinic: Clinic) -> None:
    field = clinic.window.sign_in.secret
    hidden = field.edit.echoMode()
    field.show_button.click()
    assert field.edit.echoMode() is not hidden
    field.show_button.click()
    assert field.edit.echoMode() is hidden
