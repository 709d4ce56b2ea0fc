"""The outbox as people use it: what was told to whom, and what to do where it was not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import InvalidInput, NoticeUnknown, PatientUnknown
from drscreen.domain.notice import (
    Notice,
    NoticeState,
    Purpose,
    Reason,
    Settlement,
)
from drscreen.domain.opt_out import OptOut, Wish
from drscreen.domain.patient import Channel
from drscreen.domain.permissions import Action
from drscreen.domain.ports import Clock
from drscreen.domain.store_ports import OpenStore
from drscreen.services.announcing import Announcer
from drscreen.services.permission import needs

#: What a clock may differ by between two machines; more than that was set back.
_CLOCK_DIFFERS = timedelta(hours=1)
#: What waits for somebody to decide.
_UNDECIDED = (NoticeState.PENDING, NoticeState.UNKNOWN, NoticeState.FAILED)


@dataclass(frozen=True, slots=True)
class ListedNotice:
    """A notice, and the name of its patient as it is recorded now; may be empty."""

    notice: Notice
    patient: str


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """A page of the outbox. `clock_was_set_back`: its newest notice lies in the future."""

    rows: tuple[ListedNotice, ...]
    total: int
    counts: Mapping[NoticeState, int]
    clock_was_set_back: bool = False


class OutboxService:
    """Any thread; each call is its own transaction."""

    def __init__(self, store: OpenStore, clock: Clock, announcer: Announcer) -> None:
        self._store = store
        self._clock = clock
        self._announcer = announcer

    @needs(Action.SEE_NOTICES)
    def page(
        self, states: Collection[NoticeState] = (), offset: int = 0, limit: int = 100
    ) -> OutboxPage:
        """The newest first; of all states where none is named."""
        with self._store.transaction(Action.SEE_NOTICES) as records:
            counts = records.notices.counts()
            rows = records.notices.page(states, offset, limit)
            newest = records.notices.page((), 0, 1)
            patients = records.find_patients({notice.mrn for notice in rows})
        names = {mrn: patient.display_name for mrn, patient in patients.items()}
        latest = self._clock.now() + _CLOCK_DIFFERS
        return OutboxPage(
            tuple(ListedNotice(notice, names.get(notice.mrn, "")) for notice in rows),
            sum(counts.get(state, 0) for state in (states or NoticeState)),
            counts,
            any(notice.created > latest for notice in newest),
        )

    @needs(Action.SEE_NOTICES)
    def of_patient(self, mrn: str, limit: int = 20) -> tuple[Notice, ...]:
        """What one patient was told or is to be told, the newest first."""
        with self._store.transaction(Action.SEE_NOTICES) as records:
            return tuple(records.notices.of_patient(mrn, limit))

    @needs(Action.HANDLE_NOTICES)
    def remind(self, mrn: str, purpose: Purpose, appointment: str = "") -> Notice:
        """Queue a reminder; its state says at once where it cannot be sent.

        Raises `PatientUnknown`, `ReminderTooSoon`.
        """
        with self._store.transaction(Action.HANDLE_NOTICES) as records:
            return self._announcer.remind(records, mrn, purpose, self._clock.now(), appointment)

    @needs(Action.HANDLE_NOTICES)
    def retry(self, notice_id: str) -> Notice:
        """Send one that failed, was cancelled, or of which nobody knows, by what the patient's
        record says now. Raises `NoticeUnknown`.
        """
        with self._store.transaction(Action.HANDLE_NOTICES) as records:
            notice = records.notices.find(notice_id)
            if notice is None:
                raise NoticeUnknown("There is no such notice.")
            return self._announcer.again(records, notice, self._clock.now())

    @needs(Action.HANDLE_NOTICES)
    def cancel(self, notice_id: str) -> Notice:
        """Let one that waits, failed or is unknown rest for good. Raises `NoticeUnknown`."""
        ended = Settlement(NoticeState.CANCELLED, None, Reason.BY_PERSON, Reason.BY_PERSON.sentence)
        with self._store.transaction(Action.HANDLE_NOTICES) as records:
            for state in _UNDECIDED:
                changed = records.notices.change(notice_id, state, ended)
                if changed is not None:
                    return changed
        raise NoticeUnknown("This notice is being sent, or has ended already.")

    @needs(Action.SEE_NOTICES)
    def opted_out(self, mrn: str) -> tuple[OptOut, ...]:
        """Where nothing goes to a patient because somebody at their address asked so."""
        with self._store.transaction(Action.SEE_NOTICES) as records:
            patient = records.find_patient(mrn)
            return () if patient is None else self._announcer.opted_out(records, patient)

    @needs(Action.EDIT_PATIENTS)
    def write_again(self, mrn: str, channel: Channel, wish: Wish) -> OptOut:
        """The patient wants messages on that channel again: the consent is given anew, and noted
        with who asked how and when. Returns what was lifted, for everybody with that address.

        What the service itself holds back stays held back; it will say so when the next notice is
        sent. Raises `PatientUnknown`; `InvalidInput` where there is nothing to lift, or the day
        lies in the future or before they asked for no more.
        """
        now = self._clock.now()
        with self._store.transaction(Action.EDIT_PATIENTS) as records:
            patient = records.find_patient(mrn)
            if patient is None:
                raise PatientUnknown("There is no patient with that number.")
            stopped = self._announcer.opted_out(records, patient)
            lifted = next((one for one in stopped if one.channel is channel), None)
            if lifted is None:
                raise InvalidInput("Nobody at this patient's address asked for no more messages.")
            if wish.day > now.date():
                raise InvalidInput("The day on which they asked lies in the future.")
            if wish.day < lifted.since.astimezone(now.tzinfo).date():
                raise InvalidInput("They asked for no more messages after that day.")
            records.notices.forget_opt_out(channel, lifted.address)
            asked = {"by": wish.by.value, "how": wish.how.value, "day": wish.day.isoformat()}
            records.note(
                AuditKind.CHANGED, mrn, {"fields": "opt_out", "channel": channel.value, **asked}
            )
            if channel not in patient.consent:
                records.change_patient(replace(patient, consent=patient.consent | {channel}))
        return lifted

    @needs(Action.HANDLE_NOTICES)
    def ask_now(self) -> int:
        """Have the services asked at once about all that is sent or unknown; returns how many."""
        states = (NoticeState.UNKNOWN, NoticeState.SENT)
        now = self._clock.now()
        with self._store.transaction(Action.HANDLE_NOTICES) as records:
            notices = records.notices
            asked = [n for n in notices.page(states, 0, _MOST_ASKED) if n.due is not None]
            for notice in asked:
                soon = Settlement(notice.state, now, notice.reason, notice.sentence)
                notices.change(notice.id, notice.state, soon)
        return len(asked)


#: More than a clinic has on its way at a time.
_MOST_ASKED = 1000
