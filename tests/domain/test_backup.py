from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from drscreen.domain.backup import BackupPlan

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MORNING = BackupPlan("/backups", at=time(9, 30))


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (None, True),
        (NOON - timedelta(days=30), True),
        (NOON.replace(hour=9, minute=29), True),
        (NOON.replace(hour=9, minute=31), False),
        (NOON, False),
        # Dated by a clock that ran ahead and was put right: it proves nothing.
        (NOON + timedelta(days=400), True),
    ],
)
def test_due_once_after_the_time_of_day(last: datetime | None, due: bool) -> None:
    plan = BackupPlan("/backups", at=time(9, 30), last=last)
    assert plan.is_due(NOON) is due


def test_before_the_time_of_day_yesterdays_is_enough() -> None:
    early = NOON.replace(hour=8)
    yesterday = NOON.replace(hour=10) - timedelta(days=1)
    assert not BackupPlan("/b", at=time(9, 30), last=yesterday).is_due(early)
    assert BackupPlan("/b", at=time(9, 30), last=yesterday - timedelta(hours=3)).is_due(early)


def test_nothing_is_due_where_nothing_is_planned() -> None:
    assert not BackupPlan("").is_due(NOON)
    assert MORNING.is_due(NOON)
