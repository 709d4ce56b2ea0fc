"""Accounts, the recovery code, the idle time and the audit log in the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from drscreen.domain.audit import Alarm, AuditEvent
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from drscreen.qt.views.account_dialogs import AddAccountDialog, PasswordDialog, ReentryDialog
from tests.fakes.store import FakeOpenStore
from tests.qt.clinic import PASSWORD, WAIT, Clinic


@pytest.fixture
def administrator(clinic: Clinic) -> Clinic:
    clinic.sign_in()
    dialog = clinic.window.code_dialog
    assert dialog is not None
    dialog.written.setChecked(True)
    dialog.go_on.click()
    clinic.settle()
    return clinic


def add_tess(clinic: Clinic, role: Role = Role.TECHNICIAN) -> None:
    card = clinic.window.accounts
    card.add.click()
    dialog = card.dialog
    assert isinstance(dialog, AddAccountDialog)
    dialog.user.setText("tess")
    dialog.role.setCurrentIndex(dialog.role.findData(role.value))
    dialog.new.edit.setText("another password")
    dialog.again.edit.setText("another password")
    dialog.action.click()
    clinic.settle()
    if role is Role.ADMINISTRATOR:
        type_password_again(clinic)


def type_password_again(clinic: Clinic) -> None:
    dialog = asked_again(clinic)
    dialog.password.edit.setText(PASSWORD)
    dialog.action.click()
    clinic.settle()
    clinic.settle()


def sign_in_as(clinic: Clinic, user: str, password: str) -> None:
    clinic.window.status.lock.click()
    clinic.settle()
    page = clinic.window.sign_in
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        page.user.setText(user)
        page.secret.edit.setText(password)
        page.action.click()
    clinic.settle()


def test_first_start_shows_the_recovery_code_until_it_is_written_down(clinic: Clinic) -> None:
    clinic.sign_in()
    dialog = clinic.window.code_dialog
    assert dialog is not None
    code = dialog.code.text()
    assert len(code.split("-")) == 5
    dialog.reject()
    assert dialog.isVisible()
    dialog.written.setChecked(True)
    dialog.go_on.click()
    assert clinic.store.recover(code, "ada", "a recovered password").user.name == "ada"


def test_forgotten_password_is_replaced_by_the_code(clinic: Clinic) -> None:
    clinic.sign_in()
    shown = clinic.window.code_dialog
    assert shown is not None
    code = shown.code.text()
    shown.written.setChecked(True)
    shown.go_on.click()
    clinic.window.status.lock.click()
    clinic.settle()
    clinic.window.sign_in.forgotten.click()
    dialog = clinic.window.recover_dialog
    assert dialog is not None
    dialog.user.edit.setText("ada")
    dialog.code.edit.setText(code.lower()[:-1])
    for field in (dialog.secret, dialog.repeated):
        field.edit.setText("a recovered password")
    with clinic.qtbot.waitSignal(clinic.desk.session.failed, timeout=WAIT):
        dialog.action.click()
    assert "mistyped" in dialog.error.text
    dialog.code.edit.setText(code.lower())
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        dialog.action.click()
    clinic.settle()
    assert clinic.window.shell.isVisible()


def test_account_added_and_removed(administrator: Clinic) -> None:
    add_tess(administrator)
    card = administrator.window.accounts
    assert card.table.rowCount() == 2
    card.table.selectRow(1)
    assert card.chosen == User("tess", Role.TECHNICIAN)
    card.role.setCurrentIndex(card.role.findData(Role.CLINICIAN.value))
    card.role.activated.emit(card.role.currentIndex())
    administrator.settle()
    type_password_again(administrator)
    card.table.selectRow(1)
    assert card.chosen == User("tess", Role.CLINICIAN)
    card.remove.click()
    assert card.question is not None
    assert "tess" in card.question.text()
    next(b for b in card.question.buttons() if "tess" in b.text()).click()
    administrator.settle()
    type_password_again(administrator)
    assert card.table.rowCount() == 1


def test_own_account_cannot_be_removed(administrator: Clinic) -> None:
    card = administrator.window.accounts
    card.table.selectRow(0)
    assert not card.remove.isEnabled()
    assert card.password.isEnabled()


def test_weak_password_is_said_in_the_dialog_and_nothing_is_lost(administrator: Clinic) -> None:
    card = administrator.window.accounts
    card.own.click()
    dialog = card.dialog
    assert isinstance(dialog, PasswordDialog)
    dialog.current.edit.setText(PASSWORD)
    for field in (dialog.new, dialog.again):
        field.edit.setText("short")
    dialog.action.click()
    administrator.settle()
    assert dialog.isVisible()
    assert "at least" in dialog.error.text
    for field in (dialog.new, dialog.again):
        field.edit.setText("a brand new password")
    dialog.action.click()
    administrator.settle()
    assert administrator.store.open("ada", "a brand new password")


def test_technician_sees_why_not(administrator: Clinic) -> None:
    add_tess(administrator)
    sign_in_as(administrator, "tess", "another password")
    window = administrator.window
    for widget in (window.accounts.add, window.lock_card.minutes, window.audit.verify):
        assert not widget.isEnabled()
        assert "Administrator" in widget.toolTip()
    assert window.accounts.own.isEnabled()
    assert not window.accounts.table.isVisibleTo(window.accounts)


def test_idle_minutes_are_kept_and_hold_at_once(administrator: Clinic) -> None:
    box = administrator.window.lock_card.minutes
    assert box.currentText() == "10 minutes"
    box.setCurrentIndex(box.findData(5))
    box.activated.emit(box.currentIndex())
    administrator.settle()
    assert administrator.desk.idle.minutes == 5
    with administrator.store.open("ada", PASSWORD).transaction(Action.EDIT_PATIENTS) as records:
        records.set_idle_minutes(7)
    sign_in_as(administrator, "ada", PASSWORD)
    assert administrator.desk.idle.minutes == 7
    assert box.currentText() == "7 minutes"


def test_audit_log_verified_with_one_click(administrator: Clinic) -> None:
    card = administrator.window.audit
    card.verify.click()
    administrator.settle()
    assert "events hold" in card.result.text()


def test_alarm_is_said_on_every_page(
    administrator: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    events = tuple(
        AuditEvent(9, datetime.now(UTC), "ada", "alarm", "", {"alarm": alarm.value})
        for alarm in (Alarm.DATABASE_BEHIND, Alarm.ATTEMPTS_MISSING, Alarm.ATTEMPTS_MISSING)
    )
    monkeypatch.setattr(FakeOpenStore, "alarms", property(lambda _self: events))
    sign_in_as(administrator, "ada", PASSWORD)
    assert administrator.window.alarm.isVisible()
    told = administrator.window.alarm.text
    assert told.index("OLDER") < told.index("list of failed sign-ins")
    assert told.count("list of failed sign-ins") == 1
    administrator.window.status.lock.click()
    assert not administrator.window.alarm.isVisible()


def asked_again(clinic: Clinic) -> ReentryDialog:
    dialog = clinic.window.accounts.reentry
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def test_dangerous_act_waits_for_the_password(administrator: Clinic) -> None:
    clinic = administrator
    clinic.window.accounts.code.click()
    clinic.settle()
    dialog = asked_again(clinic)
    assert dialog.password.edit.hasFocus() or dialog.focusWidget() is dialog.password.edit
    made: list[str] = []
    clinic.desk.staff.code_made.connect(made.append)
    dialog.password.edit.setText("not my password")
    dialog.action.click()
    clinic.settle()
    assert dialog.isVisible()
    assert "wrong" in dialog.error.text
    assert made == []
    QTest.keyClicks(dialog.password.edit, PASSWORD)  # over what was wrong
    QTest.keyClick(dialog.password.edit, Qt.Key.Key_Return)
    clinic.qtbot.waitUntil(lambda: len(made) == 1, timeout=WAIT)


def test_who_thinks_better_of_it_changes_nothing(administrator: Clinic) -> None:
    clinic = administrator
    clinic.window.accounts.code.click()
    clinic.settle()
    made: list[str] = []
    clinic.desk.staff.code_made.connect(made.append)
    QTest.keyClick(asked_again(clinic), Qt.Key.Key_Escape)
    clinic.desk.staff.type_password(PASSWORD)
    clinic.settle()
    assert made == []


def test_administrator_is_added_after_the_password_and_a_technician_without(
    administrator: Clinic,
) -> None:
    clinic = administrator
    add_tess(clinic, Role.ADMINISTRATOR)
    assert clinic.window.accounts.table.rowCount() == 2
    card = clinic.window.accounts
    card.add.click()
    form = card.dialog
    assert isinstance(form, AddAccountDialog)
    form.user.setText("tom")
    for field in (form.new, form.again):
        field.edit.setText("yet another password")
    form.action.click()
    clinic.settle()
    assert clinic.window.accounts.table.rowCount() == 3


def test_window_locks_when_the_account_was_removed(administrator: Clinic) -> None:
    clinic = administrator
    add_tess(clinic, Role.ADMINISTRATOR)
    other = clinic.store.open("tess", "another password")
    with other.transaction(Action.REMOVE_ACCOUNTS) as records:
        records.remove_user("ada")
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_out, timeout=WAIT):
        clinic.window.accounts.code.click()
    clinic.settle()
    assert clinic.window.sign_in.isVisible()
    assert "removed" in clinic.window.sign_in.error.text
    sign_in = clinic.window.sign_in
    with clinic.qtbot.waitSignal(clinic.desk.session.signed_in, timeout=WAIT):
        sign_in.user.setText("tess")
        sign_in.secret.edit.setText("another password")
        sign_in.action.click()
    clinic.settle()
    assert clinic.window.shell.isVisible()


def test_demoted_administrator_is_told_and_nothing_is_done(administrator: Clinic) -> None:
    clinic = administrator
    add_tess(clinic, Role.ADMINISTRATOR)
    other = clinic.store.open("tess", "another password")
    with other.transaction(Action.CHANGE_ROLES) as records:
        records.set_role("ada", Role.TECHNICIAN)
    clinic.window.accounts.code.click()
    clinic.settle()
    assert "make a recovery code" in clinic.window.accounts.error.text
    assert clinic.window.shell.isVisible()


def test_idle_lock_cannot_be_switched_off(administrator: Clinic) -> None:
    clinic = administrator
    other = clinic.store.open("ada", PASSWORD)
    with other.transaction(Action.MANAGE_CLINIC) as records:
        records.set_idle_minutes(0)  # as an earlier version could
    sign_in_as(clinic, "ada", PASSWORD)
    assert clinic.desk.idle.minutes == 240
