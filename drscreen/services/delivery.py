"""Sending what is queued: one step at a time, so that a kill between two costs nothing.

A step takes one notice in one transaction, hands it over outside of any, and writes in a second
what came of it. Whoever is killed between leaves a lease that expires; the notice is UNKNOWN then
and its service is asked before anything is repeated.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drscreen.domain.notice import (
    ASK_AFTER,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    Notice,
    NoticeState,
    Reason,
    Settlement,
    backoff,
)
from drscreen.domain.notice_ports import Notifiers
from drscreen.domain.notifier import (
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    ReceiptState,
    SettingValues,
)
from drscreen.domain.patient import Channel
from drscreen.domain.permissions import Action
from drscreen.domain.ports import Clock
from drscreen.domain.store_ports import OpenStore, Records
from drscreen.services.announcing import Announcer
from drscreen.services.permission import needs

#: Seconds until a channel without a connection, or with wrong settings, is tried again.
OFFLINE_REST = 30.0
MISCONFIGURED_REST = 300.0
#: Seconds until a service that takes nothing from this clinic for now is tried again: doubled each
#: time it says so again. It may ask for more itself, up to `LONGEST_WAIT`.
BUSY_REST, LONGEST_BUSY_REST = 5.0, 900.0
#: Seconds after which settings are read again; `refresh` does so at once.
LOOK_AGAIN = 30.0
#: How soon and how seldom a service is asked whether a message arrived.
_ASK_SOON = timedelta(seconds=10)
_ASK_SELDOM = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sender:
    """What serves a channel. `hindrance` says why it does not at present."""

    channel: Channel
    info: NotifierInfo | None
    hindrance: Reason | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Whether something was done, and else for how many seconds nothing will be to do."""

    did: bool
    wait: float = 0.0


class DeliveryService:
    """Takes queued notices to their services. One thread at a time; several processes may.

    `chance` gives numbers from 0 to 1, for waits that differ between machines.
    """

    def __init__(
        self,
        store: OpenStore,
        clock: Clock,
        notifiers: Notifiers,
        announcer: Announcer,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._clock = clock
        self._notifiers = notifiers
        self._announcer = announcer
        self._chance = chance
        self._resting: dict[Channel, tuple[float, Sender]] = {}
        #: How often in a row a channel's service took nothing.
        self._busy: Counter[Channel] = Counter()
        self._senders: tuple[Sender, ...] = ()
        self._nobody = Reason.NO_NOTIFIER
        self._values: dict[str, SettingValues] = {}
        self._looked = -LOOK_AGAIN

    @needs(Action.LET_NOTICES_GO)
    def refresh(self) -> None:
        """Settings changed or the connection came back: look again, and rest no longer."""
        self._resting.clear()
        self._looked = self._clock.elapsed() - LOOK_AGAIN

    @needs(Action.SEE_NOTICES)
    def senders(self) -> tuple[Sender, ...]:
        """What serves each channel, and why not where it does not."""
        self._look()
        return tuple(self._now_of(sender) for sender in self._senders)

    @needs(Action.LET_NOTICES_GO)
    def step(self) -> Step:
        """Do the next thing that is due: send one notice, or ask about one. Raises a `StoreError`.

        Calls a notifier, which may take as long as its time limit. Nothing goes out where what
        became of it could not be recorded.
        """
        if self._store.is_read_only:
            return Step(False, LOOK_AGAIN)
        ready = {s.channel: s.info for s in self.senders() if s.info and s.hindrance is None}
        names = {channel: info.name for channel, info in ready.items()}
        infos = {info.name: info for info in ready.values()}
        now = self._clock.now()
        with self._store.transaction(Action.LET_NOTICES_GO) as records:
            records.notices.release_leases(now)
            notice = records.notices.lease(now, names)
            if notice is not None and self._held_back(records, notice, now):
                return Step(True)
            records.notices.entrust(now, names)
            asked = None if notice else records.notices.next_to_ask(now, infos)
            claimed: frozenset[str] = frozenset()
            if asked is not None:
                claimed = records.notices.claimed(asked.notifier, asked.address)
            choices = records.notices.plugin_choices()
        self._notifiers.trust(choices)
        if notice is not None:
            self._send(notice, infos[notice.notifier])
            return Step(True)
        if asked is not None:
            self._ask(asked, infos[asked.notifier], claimed)
            return Step(True)
        return Step(False, self._pause(now, names))

    # --- what may be sent, and by whom ---------------------------------------------------------

    def _look(self) -> None:
        """Which notifier serves which channel; asks plugins, so never inside a transaction."""
        if self._clock.elapsed() - self._looked < LOOK_AGAIN:
            return
        with self._store.transaction(Action.SEE_NOTICES) as records:
            choices = records.notices.plugin_choices()
        self._notifiers.trust(choices)
        there = self._notifiers.found()
        found = [f.info for f in there if f.info and not f.problem]
        self._nobody = Reason.NO_NOTIFIER
        if any(one.waits_for_choice for one in there):
            self._nobody = Reason.NOT_CHOSEN
        with self._store.transaction(Action.SEE_NOTICES) as records:
            policy = records.notices.policy()
            self._values = {i.name: records.notices.notifier_settings(i.name) for i in found}
        off = Reason.SWITCHED_OFF
        self._senders = tuple(
            self._sender(channel, [i for i in found if i.channel == channel], policy.notifiers)
            if policy.on
            else Sender(channel, None, off, off.sentence)
            for channel in Channel
        )
        self._looked = self._clock.elapsed()

    def _sender(
        self, channel: Channel, infos: list[NotifierInfo], chosen: Mapping[str, str]
    ) -> Sender:
        """The chosen notifier of a channel, else the first whose settings are right."""
        wanted = chosen.get(channel, "")
        candidates = [info for info in infos if not wanted or info.name == wanted]
        refused = Sender(channel, None, self._nobody, self._nobody.sentence)
        for info in candidates:
            values = self._values[info.name]
            if not values:
                continue
            found = self._notifiers.check_settings(info.name, values)
            problems = [problem for problem in found if problem.hinders]
            if not problems:
                return Sender(channel, info)
            refused = Sender(channel, info, Reason.SETTINGS_WRONG, problems[0].sentence)
        return refused

    def _now_of(self, sender: Sender) -> Sender:
        until, resting = self._resting.get(sender.channel, (0.0, sender))
        if sender.hindrance is None and self._clock.elapsed() < until:
            return resting
        return sender

    def _rest(self, info: NotifierInfo, receipt: Receipt, reason: Reason) -> None:
        channel = Channel(info.channel)
        seconds = OFFLINE_REST if reason is Reason.OFFLINE else MISCONFIGURED_REST
        if reason is Reason.SERVICE_BUSY:
            seconds = min(BUSY_REST * 2 ** self._busy[channel], LONGEST_BUSY_REST)
            self._busy[channel] = min(self._busy[channel] + 1, 10)
            asked = min(receipt.retry_after or timedelta(0), LONGEST_WAIT)
            seconds = max(seconds, asked.total_seconds())
        sender = Sender(channel, info, reason, receipt.sentence or reason.sentence)
        self._resting[channel] = (self._clock.elapsed() + seconds, sender)

    def _pause(self, now: datetime, names: Mapping[Channel, str]) -> float:
        with self._store.transaction(Action.LET_NOTICES_GO) as records:
            due = records.notices.next_due(names)
        waits = [LOOK_AGAIN]
        if due is not None:
            waits.append(max((due - now).total_seconds(), 0.0))
        waits += [until - self._clock.elapsed() for until, _ in self._resting.values()]
        # A rest that has ended is looked at in the next step; never turn in a circle meanwhile.
        return max(min(waits), 0.2)

    def _held_back(self, records: Records, notice: Notice, now: datetime) -> bool:
        """Write why a leased notice does not go out now, where it does not."""
        policy = records.notices.policy()
        allowed = self._announcer.allowed_from(notice.channel, notice.address, policy, now)
        reason = self._announcer.hindrance(records, notice)
        if notice.expires <= now:
            reason = Reason.EXPIRED
        if reason is Reason.ADDRESS_CHANGED:
            records.notices.settle(
                notice.id, notice.attempts, _ended(NoticeState.FAILED, reason, counted=False)
            )
            self._announcer.again(records, replace(notice, attempts=notice.attempts - 1), now)
            return True
        if reason is not None:
            unwanted = reason in (Reason.NO_CONSENT, Reason.OPTED_OUT)
            state = NoticeState.CANCELLED if unwanted else NoticeState.FAILED
            records.notices.settle(notice.id, notice.attempts, _ended(state, reason, counted=False))
            return True
        if allowed > now:
            quiet = Settlement(NoticeState.PENDING, allowed, counted=False)
            records.notices.settle(notice.id, notice.attempts, quiet)
            return True
        return False

    # --- one call to a notifier ----------------------------------------------------------------

    def _send(self, notice: Notice, info: NotifierInfo) -> None:
        message = _message(notice, self._clock.now())
        receipt = self._notifiers.send(info.name, message, self._values[info.name])
        self._settle(notice, receipt, self._after_send(notice, info, receipt))
        if receipt.state in (ReceiptState.ACCEPTED, ReceiptState.DELIVERED):
            self._busy.pop(notice.channel, None)
        everybody = _concerns_all(receipt)
        if receipt.state is ReceiptState.DEFERRED and everybody is not None:
            self._rest(info, receipt, everybody)

    def _ask(self, notice: Notice, info: NotifierInfo, claimed: frozenset[str]) -> None:
        now = self._clock.now()
        if not info.looks_up:
            receipt = Receipt(ReceiptState.UNKNOWN)
            self._settle(notice, receipt, _ended(NoticeState.UNKNOWN, Reason.CANNOT_ASK))
            return
        enquiry = Enquiry(
            _message(notice, now),
            notice.reference,
            notice.attempted or notice.created,
            claimed - {notice.reference},
        )
        receipt = self._notifiers.look_up(info.name, enquiry, self._values[info.name])
        self._settle(notice, receipt, self._after_answer(notice, receipt))
        everybody = _concerns_all(receipt)
        if everybody is not None:
            self._rest(info, receipt, everybody)

    def _settle(self, notice: Notice, receipt: Receipt, settlement: Settlement) -> None:
        with self._store.transaction(Action.LET_NOTICES_GO) as records:
            settled = records.notices.settle(notice.id, notice.attempts, settlement)
            if settled is None or settlement.state is not NoticeState.FAILED:
                return
            if receipt.opted_out:
                records.notices.opt_out(notice.channel, notice.address)
            # In vain too often: the service certainly does not have it.
            if receipt.state in (ReceiptState.REFUSED, ReceiptState.DEFERRED):
                self._announcer.fall_back(records, notice, self._clock.now())

    def _after_send(self, notice: Notice, info: NotifierInfo, receipt: Receipt) -> Settlement:
        now = self._clock.now()
        match receipt.state:
            case ReceiptState.ACCEPTED:
                due = now + _ASK_SOON if info.looks_up else None
                return _said(NoticeState.SENT, due, receipt)
            case ReceiptState.DELIVERED:
                return _said(NoticeState.DELIVERED, None, receipt)
            case ReceiptState.REFUSED:
                return _refused(receipt)
            case ReceiptState.DEFERRED:
                return self._deferred(notice, receipt, now)
            case ReceiptState.UNKNOWN | ReceiptState.ABSENT:
                if info.looks_up:
                    return _said(NoticeState.UNKNOWN, now + ASK_AFTER, receipt, Reason.TIMED_OUT)
                return _ended(NoticeState.UNKNOWN, Reason.CANNOT_ASK)

    def _deferred(self, notice: Notice, receipt: Receipt, now: datetime) -> Settlement:
        reason = _concerns_all(receipt)
        if reason is not None:
            waiting = _said(NoticeState.PENDING, now, receipt, reason)
            return replace(waiting, counted=False)
        if notice.attempts >= MOST_ATTEMPTS:
            ended = _ended(NoticeState.FAILED, Reason.TOO_MANY_ATTEMPTS)
            return replace(ended, sentence=f"{ended.sentence} {receipt.sentence}".strip())
        wait = backoff(notice.attempts, self._chance(), receipt.retry_after)
        return _said(NoticeState.PENDING, now + wait, receipt)

    def _after_answer(self, notice: Notice, receipt: Receipt) -> Settlement:
        now = self._clock.now()
        later: datetime | None = now + _until_asked_again(notice, now)
        is_late = notice.expires <= now
        match receipt.state:
            case ReceiptState.DELIVERED:
                return _said(NoticeState.DELIVERED, None, receipt)
            case ReceiptState.REFUSED:
                return _refused(receipt)
            case ReceiptState.ACCEPTED:
                return _said(NoticeState.SENT, None if is_late else later, receipt)
            case ReceiptState.ABSENT if notice.state is NoticeState.UNKNOWN:
                if is_late:
                    return _ended(NoticeState.FAILED, Reason.EXPIRED)
                return Settlement(NoticeState.PENDING, now, Reason.ABSENT, Reason.ABSENT.sentence)
            case _:
                # Asked in vain. What is known to be with the service needs no answer for ever.
                if notice.state is NoticeState.SENT and is_late:
                    later = None
                return Settlement(notice.state, later, notice.reason, notice.sentence)


def _message(notice: Notice, now: datetime) -> Message:
    left = max(notice.expires - now, timedelta(seconds=1))
    return Message(
        notice.id, notice.address, notice.body, notice.subject, notice.language, valid_for=left
    )


def _said(
    state: NoticeState, due: datetime | None, receipt: Receipt, reason: Reason | None = None
) -> Settlement:
    """What the service said, or `reason` where it gave none."""
    code = receipt.reason or (reason or "")
    sentence = receipt.sentence or (reason.sentence if reason else "")
    return Settlement(state, due, code, sentence, receipt.reference)


def _concerns_all(receipt: Receipt) -> Reason | None:
    """Why no other message of this clinic would go out either; None where this one alone waits."""
    if receipt.offline:
        return Reason.OFFLINE
    if receipt.misconfigured:
        return Reason.SETTINGS_WRONG
    return Reason.SERVICE_BUSY if receipt.busy else None


def _refused(receipt: Receipt) -> Settlement:
    if receipt.opted_out:
        # The service may hold it back itself, and says then what the person can do about it.
        ended = _ended(NoticeState.FAILED, Reason.OPTED_OUT)
        return replace(ended, sentence=receipt.sentence or ended.sentence)
    return _said(NoticeState.FAILED, None, receipt)


def _ended(state: NoticeState, reason: Reason, *, counted: bool = True) -> Settlement:
    return Settlement(state, None, reason, reason.sentence, counted=counted)


def _until_asked_again(notice: Notice, now: datetime) -> timedelta:
    """Half as long again as has passed since it was sent, within bounds."""
    passed = now - (notice.attempted or now)
    return min(max(passed / 2, _ASK_SOON), _ASK_SELDOM)
