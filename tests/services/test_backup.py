from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from drscreen.adapters.system.clock import SystemClock
from drscreen.domain.backup import BackupPlan
from drscreen.domain.errors import InvalidInput, NotPermitted
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role
from drscreen.services.backup import BackupService
from tests.fakes.store import FakeStore


def test_planned_backup_runs_once_whoever_is_signed_in(tmp_path: Path) -> None:
    opened = FakeStore.opened()
    administrator = BackupService(opened, SystemClock())
    assert administrator.run_if_due() is None
    administrator.change_plan(BackupPlan(str(tmp_path), time(3, 0), keep=3))
    assert administrator.state().is_due
    assert administrator.run_if_due() is not None
    assert administrator.run_if_due() is None
    assert opened.backed_up == [(tmp_path, 3)]
    technician = FakeStore.opened(role=Role.TECHNICIAN)
    theirs = BackupService(technician, SystemClock())
    with technician.transaction(Action.EDIT_PATIENTS) as records:
        records.set_backup_plan(BackupPlan(str(tmp_path)))
    assert theirs.run_if_due() is not None
    with pytest.raises(NotPermitted):
        theirs.create(tmp_path)
    with pytest.raises(NotPermitted):
        theirs.change_plan(BackupPlan(""))


def test_backup_on_request(tmp_path: Path) -> None:
    opened = FakeStore.opened()
    service = BackupService(opened, SystemClock())
    with pytest.raises(InvalidInput, match="folder"):
        service.create()
    service.create(tmp_path / "there", keep=2)
    service.change_plan(BackupPlan(str(tmp_path)))
    service.create()
    assert opened.backed_up == [(tmp_path / "there", 2), (tmp_path, 14)]


@pytest.mark.parametrize("plan", [BackupPlan("backups"), BackupPlan("/b", keep=0)])
def test_plan_that_cannot_be(plan: BackupPlan) -> None:
    with pytest.raises(InvalidInput):
        BackupService(FakeStore.opened(), SystemClock()).change_plan(plan)
