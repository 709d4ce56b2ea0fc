"""Records that cannot be written: nothing is sent, no planned backup is tried, and it is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from drscreen.domain.audit import Alarm
from drscreen.domain.backup import BackupPlan
from drscreen.domain.permissions import Action
from drscreen.qt.wording import alarm_texts
from drscreen.services.backup import BackupService
from drscreen.services.delivery import DeliveryService
from tests.fakes.store import FakeOpenStore, FakeStore


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, 31, tzinfo=UTC)

    def elapsed(self) -> float:
        return 1000.0


def test_nothing_goes_out_and_no_planned_backup_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FakeStore.opened()
    with store.transaction(Action.BACK_UP) as records:
        records.set_backup_plan(BackupPlan(str(tmp_path)))
        records.note_backup(Noon().now() - timedelta(days=2))
    backup = BackupService(store, Noon())
    assert backup.state().is_due
    monkeypatch.setattr(FakeOpenStore, "is_read_only", True)
    assert not backup.state().is_due
    assert backup.run_if_due() is None
    # Neither its notifiers nor its announcer are asked.
    delivery = DeliveryService(store, Noon(), cast(Any, None), cast(Any, None))
    step = delivery.step()
    assert (step.did, step.wait > 0) == (False, True)


@pytest.mark.parametrize("alarm", [Alarm.DISK_FULL, Alarm.DISK_UNWRITABLE])
def test_the_window_says_so_and_sends_nobody_to_the_audit_log(alarm: Alarm) -> None:
    what, kept, advice = alarm_texts([alarm.value])
    assert "for reading only" in what
    assert (kept, advice) == ("", "")
    _what, _kept, advice = alarm_texts([alarm.value, Alarm.DATABASE_BEHIND.value])
    assert "audit log" in advice
