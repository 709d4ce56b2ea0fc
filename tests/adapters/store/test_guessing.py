"""Guessed passwords: slowed down, remembered over restarts, and told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drscreen.adapters.store.store import SqlCipherStore
from drscreen.domain.audit import Alarm, AuditKind
from drscreen.domain.errors import (
    SignInFailed,
    SignInThrottled,
)
from drscreen.domain.permissions import Action
from tests.adapters.store.outbox import noted
from tests.adapters.store.samples import CHEAP, PASSWORD, store_at, unlocked


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time


def guess(home: Path, clock: Clock, user: str = "nora", password: str = "wrong") -> None:
    """As after a restart each time."""
    SqlCipherStore(home, cost=CHEAP, now=clock.now).open(user, password).close()


def test_guessing_is_slowed_down_over_restarts(home: Path) -> None:
    clock, waited = Clock(), []
    for _ in range(12):
        try:
            guess(home, clock)
        except SignInThrottled as throttled:
            waited.append(throttled.seconds)
            with pytest.raises(SignInThrottled):
                guess(home, clock, password=PASSWORD)
            clock.time += timedelta(seconds=throttled.seconds)
            with pytest.raises(SignInFailed):
                guess(home, clock)
        except SignInFailed:
            pass
    assert waited[:4] == [2, 4, 8, 16]
    assert waited == sorted(waited)
    clock.time += timedelta(hours=1)
    guess(home, clock, password=PASSWORD)
    guess(home, clock, password=PASSWORD)


def test_other_people_are_not_kept_waiting(home: Path) -> None:
    clock = Clock()
    for _ in range(5):
        with pytest.raises(SignInFailed):
            guess(home, clock, user="tess")
    guess(home, clock, password=PASSWORD)


def test_clock_set_back_does_not_lock_out_for_years(home: Path) -> None:
    clock = Clock()
    for _ in range(4):
        with pytest.raises(SignInFailed):
            guess(home, clock)
    clock.time -= timedelta(days=1000)
    with pytest.raises(SignInThrottled) as throttled:
        guess(home, clock, password=PASSWORD)
    clock.time += timedelta(seconds=throttled.value.seconds)
    guess(home, clock, password=PASSWORD)


def test_failures_are_chained_in_at_the_next_sign_in(home: Path) -> None:
    for user in ("nora", "my-secret-password"):
        with pytest.raises(SignInFailed):
            store_at(home).open(user, "wrong")
    stored = (home / "store" / "attempts.json").read_text()
    assert "my-secret" not in stored
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        failed = [e for e in records.audit_events(0, 100) if e.kind == "sign_in_failed"]
    opened.close()
    assert [event.subject for event in failed] == ["nora", ""]
    assert all(event.details["at"] for event in failed)
    unlocked(home).close()
    opened = unlocked(home)
    assert len(noted(opened, AuditKind.SIGN_IN_FAILED)) == 2
    assert opened.alarms == ()
    opened.close()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": "x"}', None])
@pytest.mark.parametrize("guesses", [0, 1])
def test_removing_the_list_of_failures_is_said(
    home: Path, content: bytes | None, guesses: int
) -> None:
    attempts = home / "store" / "attempts.json"
    if content is None:
        attempts.unlink()
    else:
        attempts.write_bytes(content)
    for _ in range(guesses):
        with pytest.raises(SignInFailed):
            store_at(home).open("nora", "wrong")
    opened = unlocked(home)
    assert [event.details["alarm"] for event in opened.alarms] == [Alarm.ATTEMPTS_MISSING]
    opened.close()
