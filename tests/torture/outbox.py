"""SIGKILL while notices are queued, sent and asked about: each reaches the service once."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.audit import AuditKind
from drscreen.domain.notice import LEASE, Notice, NoticeState, Settlement
from drscreen.domain.permissions import Action
from tests.adapters.store.outbox import ADA, DRAFT, SENDERS
from tests.adapters.store.samples import MONDAY, made_store, unlocked
from tests.torture.forked import BEGUN, Say, Tally, killed
from tests.torture.kills import opened_after_kill

_NOTIFIER = SENDERS[DRAFT.channel]
_AT_ONCE = 4


class Service:
    """What accepts messages: a file outside of the store, written through before it answers."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def accept(self, notice: Notice) -> str:
        """Take a message; returns its reference."""
        with self._path.open("ab", buffering=0) as file:
            file.write(f"{notice.id}\n".encode())
            os.fsync(file.fileno())
        return f"message {notice.id}"

    def accepted(self) -> Counter[str]:
        """How often each notice was taken."""
        return Counter(self._path.read_text().split()) if self._path.exists() else Counter()


def outbox(place: Path, kills: int, chance: random.Random) -> Tally:
    """Queue, lease, hand over, settle; after a kill release, ask the service, and go on."""
    tally = Tally("notices")
    home, service = place / "home", Service(place / "service")
    made_store(home)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(ADA)
    opened.close()
    queued: set[str] = set()
    while tally.runs < kills:
        now = MONDAY + timedelta(hours=tally.runs)

        def work(say: Say, run: int = tally.runs, now: datetime = now) -> None:
            opened = unlocked(home)
            say(BEGUN)
            _ask_about_all(opened, service, now)
            faults = random.Random(run)
            for n in range(100_000):
                with opened.transaction(Action.EDIT_PATIENTS) as records:
                    for part in range(_AT_ONCE):
                        records.notices.queue(replace(DRAFT, about=f"{run}-{n}-{part}"))
                say(" ".join(f"{run}-{n}-{part}" for part in range(_AT_ONCE)))
                while _send_one(opened, service, now, faults.random()):
                    pass

        said, was_killed = killed(work, chance.uniform(0, 0.4))
        queued |= {about for line in said for about in line.split()}
        if not was_killed:
            continue
        tally.runs += 1
        tally.acknowledged += len(said) * _AT_ONCE
        after = opened_after_kill(home, tally)
        if after is None:
            return tally
        _check_between(after, service, tally)
        after.close()
    opened = unlocked(home)
    end = MONDAY + timedelta(hours=kills)
    _ask_about_all(opened, service, end)
    while _send_one(opened, service, end, 1.0):
        pass
    _check_at_the_end(opened, service, queued, tally)
    opened.close()
    return tally


def _send_one(opened: SqlCipherOpenStore, service: Service, now: datetime, fate: float) -> bool:
    """One notice in ten is refused for now, and of one in ten the answer is lost."""
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        notice = records.notices.lease(now, SENDERS)
    if notice is None:
        return False
    if fate < 0.1:
        settlement = Settlement(NoticeState.PENDING, now, "429")
    else:
        reference = service.accept(notice)
        settlement = Settlement(NoticeState.SENT, None, reference=reference)
        if fate < 0.2:
            settlement = Settlement(NoticeState.UNKNOWN, now, "timed_out")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.settle(notice.id, notice.attempts, settlement)
    return True


def _ask_about_all(opened: SqlCipherOpenStore, service: Service, now: datetime) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.release_leases(now)
    while True:
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            notice = records.notices.next_to_ask(now + LEASE, [_NOTIFIER])
        if notice is None:
            return
        settlement = Settlement(NoticeState.PENDING, now, "absent")
        if notice.id in service.accepted():
            reference = f"message {notice.id}"
            settlement = Settlement(NoticeState.SENT, None, reference=reference)
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.notices.settle(notice.id, notice.attempts, settlement)


def _check_between(opened: SqlCipherOpenStore, service: Service, tally: Tally) -> None:
    """What would go out again must not have been taken; what was left in hand is counted."""
    accepted = service.accepted()
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        waiting = records.notices.page((NoticeState.PENDING,), 0, 10_000)
        in_hand = records.notices.page((NoticeState.SENDING, NoticeState.UNKNOWN), 0, 10_000)
    tally.reported += len(in_hand)
    if any(notice.id in accepted for notice in waiting):
        tally.faults.append("a notice that was taken waits to be sent again")
    _check_once(accepted, tally)


def _check_once(accepted: Counter[str], tally: Tally) -> None:
    twice = [notice for notice, times in accepted.items() if times > 1]
    if twice:
        tally.faults.append(f"{len(twice)} notices were taken twice")


def _check_at_the_end(
    opened: SqlCipherOpenStore, service: Service, queued: set[str], tally: Tally
) -> None:
    accepted = service.accepted()
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        notices = records.notices.page((), 0, 10**6)
        told = records.audit_events(0, 10**6, frozenset({AuditKind.NOTIFIED.value}))
    lost = queued - {notice.about for notice in notices}
    if lost:
        tally.faults.append(f"{len(lost)} acknowledged notices are gone")
    unsent = [n for n in notices if n.state is not NoticeState.SENT or n.id not in accepted]
    if unsent or len(accepted) != len(notices):
        tally.faults.append(f"{len(unsent)} notices never reached the service")
    if sorted(event.details["notice"] for event in told) != sorted(n.id for n in notices):
        tally.faults.append("the audit log does not tell of each notice once")
    _check_once(accepted, tally)
    if opened.verify_audit().faults:
        tally.faults.append("the audit log is not whole")
