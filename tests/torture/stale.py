"""Somebody is demoted or removed while they act as fast as they can: nothing of it comes after."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.errors import DrscreenError
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from drscreen.services.audit import AuditService
from drscreen.services.staff import StaffService
from tests.adapters.store.samples import made_store, store_at, unlocked
from tests.fakes.passwords import any_password
from tests.torture.forked import Tally

_PASSWORD = "the password of mal"
#: What a sign-in writes, and what is no act.
_NO_ACTS = {"signed_in", "alarm"}


def stale(place: Path, count: int, chance: random.Random) -> Tally:
    """`count` times Nora takes Mal's role or account away at a random moment of Mal's acts."""
    tally = Tally("stale rights")
    home = place / "home"
    made_store(home)
    nora = unlocked(home)
    for number in range(count):
        name = f"mal{number}"
        with nora.transaction(Action.MANAGE_ACCOUNTS) as records:
            records.add_user(User(name, Role.ADMINISTRATOR), _PASSWORD)
        mal = store_at(home).open(name, _PASSWORD)
        acting = _Acting(mal, chance.randrange(2**32))
        acting.start()
        time.sleep(chance.uniform(0, 0.3))
        with nora.transaction(Action.MANAGE_ACCOUNTS) as records:
            if chance.random() < 0.5:
                records.set_role(name, Role.TECHNICIAN)
            else:
                records.remove_user(name)
            taken = records.audit_head()
        acting.join()
        mal.close()
        assert taken is not None
        with nora.transaction(Action.READ_AUDIT) as records:
            events = [e for e in records.audit_events(0, 10**6) if e.actor == name]
        late = [e for e in events if e.sequence > taken.sequence]
        tally.runs += 1
        tally.acknowledged += len([e for e in events if e.kind not in _NO_ACTS])
        tally.reported += acting.refused
        tally.faults += [f"{name}: {e.kind} after it was taken" for e in late]
        if not acting.refused:
            tally.faults.append(f"{name} was never refused")
    nora.close()
    return tally


class _Acting(threading.Thread):
    """Acts at random until it was refused ten times."""

    def __init__(self, store: SqlCipherOpenStore, seed: int) -> None:
        super().__init__()
        self._store = store
        self._chance = random.Random(seed)
        self.refused = 0

    def run(self) -> None:
        staff = StaffService(self._store, any_password)
        me = self._store.user.name
        acts = (
            lambda: staff.change_role(me, Role.ADMINISTRATOR),
            staff.new_recovery_code,
            lambda: staff.set_idle_minutes(self._chance.randint(1, 240)),
            lambda: AuditService(self._store).verify(),
        )
        while self.refused < 10:
            try:
                self._chance.choice(acts)()
            except DrscreenError:
                self.refused += 1
