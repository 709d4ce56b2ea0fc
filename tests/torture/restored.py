"""Backups restored while notices were on their way: each reaches the service once."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.notice import LEASE, NoticeState, Settlement
from drscreen.domain.permissions import Action
from tests.adapters.store.outbox import ADA, DRAFT, SENDERS
from tests.adapters.store.samples import MONDAY, made_store, unlocked
from tests.torture.forked import Tally
from tests.torture.outbox import Service

_NOTIFIER = SENDERS[DRAFT.channel]


def restored(place: Path, count: int, chance: random.Random) -> Tally:
    """Queue, back up, go on sending, restore or put the older folder back, send from there."""
    tally = Tally("outboxes restored")
    while tally.runs < count:
        tally.runs += 1
        folder = place / str(tally.runs)
        home, shelf, service = folder / "home", folder / "shelf", Service(folder / "service")
        shelf.mkdir(parents=True)
        made_store(home)
        opened = unlocked(home)
        queued = chance.randint(1, 6)
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(ADA)
            for n in range(queued):
                records.notices.queue(replace(DRAFT, about=f"visit {n}"))
        _deliver(opened, service, chance.randint(0, queued), chance)
        opened.back_up(shelf, 3)
        opened.close()
        older = shutil.copytree(home / "store", folder / "older")
        opened = unlocked(home)
        _deliver(opened, service, chance.randint(0, queued), chance)
        opened.close()
        if chance.random() < 0.5:
            home = folder / "again"
            Shelf(shelf).restore("", home, without_damaged=False, step=lambda: None)
        else:
            shutil.rmtree(home / "store")
            shutil.copytree(older, home / "store")
        opened = unlocked(home)
        if opened.alarms:
            tally.reported += 1
        _deliver(opened, service, 10**6, chance)
        accepted = service.accepted()
        tally.acknowledged += sum(accepted.values())
        if any(times > 1 for times in accepted.values()):
            tally.faults.append("a notice was taken twice")
        if len(accepted) != queued:
            tally.faults.append(f"{queued - len(accepted)} notices never reached the service")
        opened.close()
        shutil.rmtree(folder)
    return tally


def _deliver(
    opened: SqlCipherOpenStore, service: Service, most: int, chance: random.Random
) -> None:
    """As `DeliveryService` does: send what is pending, ask about what is unknown."""
    now = MONDAY + timedelta(hours=1)
    while True:
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.notices.entrust(now, SENDERS)
            asked = records.notices.next_to_ask(now + LEASE, [_NOTIFIER])
        if asked is not None and asked.state is NoticeState.UNKNOWN:
            settlement = Settlement(NoticeState.PENDING, now, "absent")
            if asked.id in service.accepted():
                settlement = Settlement(NoticeState.SENT, None, reference=f"message {asked.id}")
            _settle(opened, asked.id, asked.attempts, settlement)
            continue
        if most <= 0:
            return
        most -= 1
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            notice = records.notices.lease(now, SENDERS)
        if notice is None:
            return
        settlement = Settlement(NoticeState.SENT, None, reference=service.accept(notice))
        if chance.random() < 0.2:  # the answer is lost
            settlement = Settlement(NoticeState.UNKNOWN, now, "timed_out")
        _settle(opened, notice.id, notice.attempts, settlement)


def _settle(opened: SqlCipherOpenStore, notice: str, attempts: int, settlement: Settlement) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.settle(notice, attempts, settlement)
