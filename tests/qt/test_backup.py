from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from drscreen.domain.backup import BackupPlan
from drscreen.domain.errors import BackupError
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from drscreen.qt.views.theme import Theme
from tests.fakes.store import FakeOpenStore, FakeStore
from tests.qt.clinic import PASSWORD, USER, WAIT, Clinic


def opened(clinic: Clinic) -> FakeOpenStore:
    session = clinic.desk.session.session
    assert session is not None
    assert isinstance(session.store, FakeOpenStore)
    return session.store


def test_planned_backup_is_made_at_once_where_it_is_due(clinic: Clinic, tmp_path: Path) -> None:
    clinic.sign_in()
    clinic.settle()
    card = clinic.window.backup
    assert card.state.text() == "No backup was made yet."
    assert not card.now.isEnabled()
    card.set_folder(str(tmp_path))
    clinic.qtbot.waitUntil(lambda: clinic.desk.backup.status.report is not None, timeout=WAIT)
    clinic.settle()
    assert opened(clinic).backed_up == [(tmp_path, 14)]
    assert card.folder.text() == str(tmp_path)
    assert card.state.text().startswith("The last one was made and verified on ")
    card.now.click()
    clinic.settle()
    assert len(opened(clinic).backed_up) == 2


def test_backup_that_fails_is_said_where_everybody_looks(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BackupError("The disk of the backups is not there.")

    clinic.sign_in()
    clinic.settle()
    monkeypatch.setattr(FakeOpenStore, "back_up", fail)
    clinic.window.backup.set_folder(str(tmp_path))
    clinic.qtbot.waitUntil(lambda: clinic.desk.backup.status.failure is not None, timeout=WAIT)
    clinic.settle()
    assert clinic.window.status.backup.text() == "Backup failed: see Settings"
    assert "not there" in clinic.window.backup.state.text()


def test_technician_lets_it_run_and_may_not_change_it(
    qtbot: QtBot, theme: Theme, tmp_path: Path
) -> None:
    store = FakeStore()
    store.create("Hill Clinic", "boss", "", Role.ADMINISTRATOR, PASSWORD)
    with store.open("boss", PASSWORD).transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User(USER, Role.TECHNICIAN), PASSWORD)
        records.set_backup_plan(BackupPlan(str(tmp_path)))
    clinic = Clinic(qtbot, theme, store)
    clinic.sign_in()
    clinic.qtbot.waitUntil(lambda: bool(opened(clinic).backed_up), timeout=WAIT)
    clinic.settle()
    card = clinic.window.backup
    for widget in (card.choose, card.none, card.at, card.keep, card.now):
        assert not widget.isEnabled()
        assert "may not" in widget.toolTip() or "administrator" in widget.toolTip()
    clinic.close()
