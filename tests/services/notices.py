"""A clinic whose notices the services' tests send: fakes of everything outside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from drscreen.domain.image import Laterality
from drscreen.domain.notice import Notice, NoticePolicy, NoticeState
from drscreen.domain.notifier import Receipt, ReceiptState
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.screening import ScreeningResult
from drscreen.services.delivery import DeliveryService
from drscreen.services.outbox import OutboxService
from tests.adapters.store.samples import referred, ungradable
from tests.fakes.notifiers import RIGHT, FakeNotifiers, announcer
from tests.fakes.screening import FakeClock
from tests.fakes.store import FakeOpenStore, FakeStore

MORNING = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
PHONE = "+5511987654321"
#: No quiet hours and no waiting, so that a test says itself what it waits for.
AT_ONCE = NoticePolicy(quiet_from=time(0), quiet_until=time(0), hold_minutes=0)
ZOE = Patient(
    "A-1", "Ørsted", "Zoë", phone=PHONE, email="zoe@example.org", consent=frozenset({Channel.SMS})
)

BOTH = frozenset({Channel.SMS, Channel.EMAIL})


def answering(state: ReceiptState, **more: Any) -> Callable[[Any], Receipt]:
    return lambda _asked: Receipt(state, **more)


@dataclass
class NoticeClinic:
    """One store, its announcer, its notifiers and its delivery."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(MORNING))
    notifiers: FakeNotifiers = field(default_factory=FakeNotifiers)
    photographs: int = 0

    def __post_init__(self) -> None:
        self.store: FakeOpenStore = FakeStore.opened(now=self.clock.now)
        self.announcer = announcer(self.store)
        self.outbox = OutboxService(self.store, self.clock, self.announcer)
        self.delivery = self.new_delivery()
        self.set_policy(AT_ONCE)
        for name in ("pigeon", "raven"):
            self.configure(name)

    def new_delivery(self) -> DeliveryService:
        """As another window's, or this one's after a restart."""
        return DeliveryService(self.store, self.clock, self.notifiers, self.announcer, lambda: 0.5)

    def set_policy(self, policy: NoticePolicy) -> None:
        with self.store.transaction(Action.EDIT_PATIENTS) as records:
            records.notices.set_policy(policy)

    def configure(self, name: str, **values: str) -> None:
        with self.store.transaction(Action.EDIT_PATIENTS) as records:
            records.notices.set_notifier_settings(name, RIGHT | values)

    def add(self, patient: Patient = ZOE) -> None:
        with self.store.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(patient)

    def amend(self, **changes: Any) -> None:
        with self.store.transaction(Action.EDIT_PATIENTS) as records:
            patient = records.find_patient(ZOE.mrn)
            assert patient is not None
            records.change_patient(replace(patient, **changes))

    def photograph(self, eye: Laterality = Laterality.OD, *, gradable: bool = True) -> None:
        """One more photograph of the patient, in the transaction that a screening makes."""
        self.photographs += 1
        data = f"photograph {self.photographs}".encode()
        made: ScreeningResult = referred(data) if gradable else ungradable(data)
        assert made.sha256 == hashlib.sha256(data).hexdigest()
        now = self.clock.now()
        with self.store.transaction(Action.EDIT_PATIENTS) as records:
            record = records.save_photograph(ZOE.mrn, eye, data, made, recorded_at=now)
            self.announcer.exam_changed(records, ZOE.mrn, record.exam_id, now)

    def work(self) -> int:
        """Steps until nothing is due; how many did something."""
        for done in range(100):
            if not self.delivery.step().did:
                return done
        raise AssertionError("the delivery turns in a circle")

    def wait(self, **time_: float) -> None:
        """Let time pass, then work."""
        self.clock.advance(timedelta(**time_))
        # What a monotonic clock says never goes back.
        self.clock.seconds += abs(timedelta(**time_).total_seconds())
        self.work()

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The newest first."""
        return tuple(row.notice for row in self.outbox.page().rows)

    @property
    def notice(self) -> Notice:
        """The only one."""
        (only,) = self.notices
        return only

    def state(self) -> NoticeState:
        """Of the only one."""
        return self.notice.state
