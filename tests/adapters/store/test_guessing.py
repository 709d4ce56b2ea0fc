"""Guessed passwords: slowed down, remembered over restarts, and told."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drscreen.adapters.store.attempts import Attempts
from drscreen.adapters.store.store import SqlCipherStore
from drscreen.adapters.store.uptime import uptime
from drscreen.domain.audit import Alarm, AuditKind
from drscreen.domain.errors import (
    PasswordNeeded,
    SignInFailed,
    SignInThrottled,
)
from drscreen.domain.permissions import Action
from drscreen.domain.sign_in import PROOF_LASTS, Patience, Proof, Uptime
from tests.adapters.store.outbox import noted
from tests.adapters.store.samples import CHEAP, PASSWORD, PATIENT, store_at, unlocked
from tests.shared_data import ROOT


class Clock:
    """The one that can be set, and how long the machine has run."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)
        self.up = Uptime("first boot", 1000.0)

    def now(self) -> datetime:
        return self.time

    def uptime(self) -> Uptime:
        return self.up

    def wait(self, seconds: float) -> None:
        self.up = replace(self.up, seconds=self.up.seconds + seconds)
        self.time += timedelta(seconds=seconds)


def store_by(home: Path, clock: Clock) -> SqlCipherStore:
    patience = Patience(unlisted=timedelta(0))
    return SqlCipherStore(home, cost=CHEAP, now=clock.now, patience=patience, clock=clock.uptime)


def guess(home: Path, clock: Clock, user: str = "nora", password: str = "wrong") -> None:
    """As after a restart of the program each time."""
    store_by(home, clock).open(user, password).close()


def fail(home: Path, clock: Clock, times: int) -> None:
    for _ in range(times):
        with pytest.raises(SignInFailed):
            guess(home, clock)


def test_guessing_is_slowed_down_over_restarts(home: Path) -> None:
    clock, waited = Clock(), []
    for _ in range(12):
        try:
            guess(home, clock)
        except SignInThrottled as throttled:
            waited.append(throttled.seconds)
            with pytest.raises(SignInThrottled):
                guess(home, clock, password=PASSWORD)
            clock.wait(throttled.seconds)
            with pytest.raises(SignInFailed):
                guess(home, clock)
        except SignInFailed:
            pass
    assert waited[:4] == [2, 4, 8, 16]
    assert waited == sorted(waited)
    clock.wait(3600)
    guess(home, clock, password=PASSWORD)
    guess(home, clock, password=PASSWORD)


def test_other_people_are_not_kept_waiting(home: Path) -> None:
    clock = Clock()
    for _ in range(5):
        with pytest.raises(SignInFailed):
            guess(home, clock, user="tess")
    guess(home, clock, password=PASSWORD)


@pytest.mark.parametrize("days", [-1000, -1, 1, 6, 1000])
def test_nobody_waits_less_or_longer_by_a_clock_that_was_set(home: Path, days: int) -> None:
    clock = Clock()
    fail(home, clock, 4)
    clock.time += timedelta(days=days)
    for user in ("somebody else", "nora"):
        for _ in range(2):
            with pytest.raises(SignInFailed) as failed:
                guess(home, clock, user=user)
    assert isinstance(failed.value, SignInThrottled), "another name's try forgets nothing"
    assert failed.value.seconds == 2
    clock.wait(2)
    guess(home, clock, password=PASSWORD)


def test_restart_of_the_machine_saves_no_more_than_it_took(home: Path) -> None:
    clock = Clock()
    fail(home, clock, 4)
    clock.up = Uptime("second boot", 1.5)
    with pytest.raises(SignInThrottled) as throttled:
        guess(home, clock, password=PASSWORD)
    assert throttled.value.seconds == 1
    clock.up = Uptime("second boot", 2.0)
    guess(home, clock, password=PASSWORD)


def test_uptime_goes_on_whatever_the_clock_says() -> None:
    first = uptime()
    time.sleep(0.02)
    assert timedelta(0) <= uptime().since(first) < timedelta(minutes=1)


def test_list_removed_or_put_back_older_saves_no_try(home: Path) -> None:
    """A program that goes on running remembers; the next one at least lets nobody try freely."""
    clock, attempts = Clock(), home / "store" / "attempts.json"
    store, empty = store_by(home, clock), attempts.read_bytes()
    for _ in range(4):
        with pytest.raises(SignInFailed):
            store.open("nora", "wrong")
    for spoil in (lambda: attempts.write_bytes(empty), attempts.unlink):
        spoil()
        with pytest.raises(SignInThrottled):
            store.open("nora", PASSWORD)
    with pytest.raises(SignInFailed):
        guess(home, clock)
    with pytest.raises(SignInThrottled):
        guess(home, clock)
    clock.wait(3600)
    opened = store_by(home, clock).open("nora", PASSWORD)
    assert [event.details["alarm"] for event in opened.alarms] == [Alarm.ATTEMPTS_MISSING]
    opened.close()


def test_list_put_back_as_it_was_before_the_last_sign_in_is_said(home: Path) -> None:
    attempts = home / "store" / "attempts.json"
    older = attempts.read_bytes()
    unlocked(home).close()
    attempts.write_bytes(older)
    opened = unlocked(home)
    assert [event.details["alarm"] for event in opened.alarms] == [Alarm.ATTEMPTS_MISSING]
    opened.close()


def test_each_flipped_byte_of_the_list_is_said(home: Path) -> None:
    with pytest.raises(SignInFailed):
        store_at(home).open("nora", "wrong")
    attempts = home / "store" / "attempts.json"
    whole = attempts.read_bytes()
    for place in range(0, len(whole) - 1, 7):
        read = Attempts(attempts, PATIENT)
        attempts.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read.others(0).anew, whole[place : place + 20]
    attempts.write_bytes(whole)
    assert not Attempts(attempts, PATIENT).others(0).anew


def test_guessing_on_in_records_that_are_open_is_the_same(home: Path) -> None:
    clock = Clock()
    opened = store_by(home, clock).open("nora", PASSWORD)
    heard = 0
    for _ in range(10):
        with pytest.raises(SignInFailed) as failed:
            opened.reenter(Action.CHANGE_OWN_PASSWORD, "wrong")
        heard += not isinstance(failed.value, SignInThrottled)
    assert heard == 4
    assert len(noted(opened, AuditKind.SIGN_IN_FAILED)) == heard, "at once"
    with pytest.raises(SignInThrottled):
        opened.reenter(Action.CHANGE_OWN_PASSWORD, PASSWORD)
    with pytest.raises(SignInThrottled):
        guess(home, clock, password=PASSWORD)
    clock.wait(2)
    opened.reenter(Action.CHANGE_OWN_PASSWORD, PASSWORD)
    opened.close()
    opened = store_by(home, clock).open("nora", PASSWORD)
    assert len(noted(opened, AuditKind.SIGN_IN_FAILED)) == heard, "and once"
    assert opened.alarms == ()
    opened.close()


def test_password_counts_for_dangerous_acts_for_a_moment_and_for_one_of_them(home: Path) -> None:
    clock = Clock()
    opened = store_by(home, clock).open("nora", PASSWORD)
    with opened.transaction(Action.MAKE_RECOVERY_CODES):
        pass
    clock.wait(PROOF_LASTS.total_seconds() + 1)
    with pytest.raises(PasswordNeeded), opened.transaction(Action.MAKE_RECOVERY_CODES):
        pytest.fail("it began")
    with pytest.raises(PasswordNeeded):
        opened.change_data_key()
    proof = opened.reenter(Action.MAKE_RECOVERY_CODES, PASSWORD)
    for wrong in (Proof(Action.ERASE_PATIENTS, proof.token), Proof(Action.ERASE_PATIENTS, b"")):
        with pytest.raises(PasswordNeeded), opened.transaction(Action.ERASE_PATIENTS, wrong):
            pytest.fail("it began")
    with opened.transaction(Action.MAKE_RECOVERY_CODES, proof):
        pass
    clock.wait(PROOF_LASTS.total_seconds() + 1)
    with pytest.raises(PasswordNeeded), opened.transaction(Action.MAKE_RECOVERY_CODES, proof):
        pytest.fail("it began")
    opened.close()


#: Waits for its turn at the barrier, tries once, and says what it heard.
GUESSING = """
import sys, time
from pathlib import Path
from drscreen.domain.errors import SignInFailed
from tests.adapters.store.samples import store_at
home, barrier = Path(sys.argv[1]), Path(sys.argv[2])
store = store_at(home)
print("ready", flush=True)
while not barrier.exists():
    time.sleep(0.002)
try:
    store.open("nora", "wrong")
except SignInFailed as error:
    print(error.code, flush=True)
"""


def test_programs_that_guess_at_once_are_all_counted(home: Path, tmp_path: Path) -> None:
    barrier = tmp_path / "go"
    command = [sys.executable, "-c", GUESSING, str(home), str(barrier)]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    barrier.touch()
    heard = [process.communicate(timeout=120)[0].strip() for process in running]
    assert heard == ["sign_in_failed"] * 6
    opened = unlocked(home)
    assert len(noted(opened, AuditKind.SIGN_IN_FAILED)) == 6
    opened.close()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from drscreen.adapters.store.attempts import Attempts
from tests.adapters.store.samples import PATIENT
attempts = Attempts(Path(sys.argv[1]), PATIENT)
with attempts.alone():
    attempts.begin("nora", datetime.now(UTC), known=True)
    os._exit(9)
"""


def test_program_that_dies_within_its_try_is_counted_and_keeps_nobody_out(home: Path) -> None:
    attempts = home / "store" / "attempts.json"
    died = subprocess.run([sys.executable, "-c", KILLED, str(attempts)], cwd=ROOT, check=False)
    assert died.returncode == 9
    opened = unlocked(home)
    assert [event.subject for event in noted(opened, AuditKind.SIGN_IN_FAILED)] == ["nora"]
    opened.close()


def test_right_try_of_another_program_is_no_failure(home: Path) -> None:
    """Two people sign in at once: the one who is recorded first does not write down the other."""
    attempts = Attempts(home / "store" / "attempts.json", PATIENT)
    with attempts.alone():
        attempts.opened(attempts.begin("tess", datetime.now(UTC), known=True).number)
    opened = unlocked(home)
    assert noted(opened, AuditKind.SIGN_IN_FAILED) == []
    opened.close()


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
