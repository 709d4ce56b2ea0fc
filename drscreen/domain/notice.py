"""Notices to patients: what is queued, in which state it is, and when it may go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

from drscreen.domain.patient import Channel


class Purpose(StrEnum):
    """Why a patient is told something. Stable codes."""

    RESULT_READY = "result_ready"
    COME_BACK = "come_back"
    APPOINTMENT_DUE = "appointment_due"
    REPEAT_PHOTOGRAPH = "repeat_photograph"


#: Sent because somebody wants it, not because something happened; at most one per interval.
REMINDERS = frozenset({Purpose.COME_BACK, Purpose.APPOINTMENT_DUE})


class NoticeState(StrEnum):
    """Where a notice is. Stable codes.

    PENDING waits for its moment. SENDING is in somebody's hands. SENT: the service has it.
    DELIVERED: it arrived. FAILED: it never will; `reason` says why. UNKNOWN: it may or may not have
    been taken; the service is asked before anything is repeated. CANCELLED: nobody wants it sent.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


#: Nothing happens to these by itself any more.
ENDED = frozenset({NoticeState.DELIVERED, NoticeState.FAILED, NoticeState.CANCELLED})


class Reason(StrEnum):
    """Why a notice is where it is, where drscreen itself says so. Stable codes."""

    NO_CONSENT = "no_consent"
    NO_ADDRESS = "no_address"
    ADDRESS_INVALID = "address_invalid"
    COUNTRY_UNKNOWN = "country_unknown"
    LANDLINE = "landline"
    FOREIGN_NUMBER = "foreign_number"
    OPTED_OUT = "opted_out"
    ADDRESS_CHANGED = "address_changed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    BY_PERSON = "by_person"
    SWITCHED_OFF = "switched_off"
    NO_NOTIFIER = "no_notifier"
    NOT_CHOSEN = "not_chosen"
    SETTINGS_WRONG = "settings_wrong"
    NOTIFIER_BROKEN = "notifier_broken"
    OFFLINE = "offline"
    SERVICE_BUSY = "service_busy"
    INTERRUPTED = "interrupted"
    TIMED_OUT = "timed_out"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    ABSENT = "absent"
    CANNOT_ASK = "cannot_ask"
    RECORDS_OLDER = "records_older"
    RECORDS_MOVED = "records_moved"

    @property
    def sentence(self) -> str:
        """For whoever looks at the outbox."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.NO_CONSENT: "The patient has not agreed to be told by SMS or e-mail. Call them.",
    Reason.NO_ADDRESS: "No phone number or e-mail address is recorded for what was agreed to.",
    Reason.ADDRESS_INVALID: "The address is not one that can exist. Correct it, then retry.",
    Reason.COUNTRY_UNKNOWN: "The number has no country, and the clinic's own country is "
    "not set. Write it with + and the country's code, or set the country in the settings.",
    Reason.LANDLINE: "The number is a landline, which receives no SMS. Call them, or retry with "
    "a mobile number.",
    Reason.FOREIGN_NUMBER: "The number belongs to a country that this clinic does not write to. "
    "An administrator can allow it.",
    Reason.OPTED_OUT: "The patient asked for no more messages. The consent was withdrawn. They "
    "alone can ask for messages again; their page has the way.",
    Reason.ADDRESS_CHANGED: "The patient's address was changed; it goes to the new one.",
    Reason.EXPIRED: "It could not be sent in time and would only confuse now.",
    Reason.SUPERSEDED: "Another notice about the same visit took its place.",
    Reason.BY_PERSON: "Somebody here cancelled it.",
    Reason.SWITCHED_OFF: "An administrator has switched notices off.",
    Reason.NO_NOTIFIER: "Nothing is set up that sends on this channel.",
    Reason.NOT_CHOSEN: "What may send on this channel has to be chosen by an administrator first, "
    "or anew because it changed; see Settings, Notices. The notices wait.",
    Reason.SETTINGS_WRONG: "The settings of what sends it are incomplete. An administrator can "
    "mend them.",
    Reason.NOTIFIER_BROKEN: "What sends it does not work on this machine; see Settings.",
    Reason.OFFLINE: "No connection. It goes out when there is one.",
    Reason.SERVICE_BUSY: "The service takes no more messages for now. They go out later.",
    Reason.INTERRUPTED: "The program ended while it was being sent. The service will be asked "
    "whether it has it.",
    Reason.TIMED_OUT: "No answer came. The service will be asked whether it has it.",
    Reason.TOO_MANY_ATTEMPTS: "It was tried many times in vain.",
    Reason.ABSENT: "The service was asked and does not have it; it is tried again.",
    Reason.RECORDS_OLDER: "The records are older than they were, so it may have been sent already. "
    "The service will be asked whether it has it; where it cannot be asked, ask the patient.",
    Reason.RECORDS_MOVED: "The records came from another machine or folder, which may send it too. "
    "Make sure that only one of the two is in use, then retry it.",
    Reason.CANNOT_ASK: "It may have arrived, and this service cannot be asked. Ask the patient, "
    "then retry or cancel it.",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one patient. Moments are aware.

    `about` is what it tells of (an exam's id), so that nothing is told twice; `due` is when
    something is to be done about it next (None: nothing by itself), `expires` when it is too late.
    `attempts` counts sends; `attempted` is the newest one's beginning. `notifier` and `reference`
    name who has it. `reason` is a `Reason` or the service's code, `sentence` what it means.
    """

    id: str
    mrn: str
    purpose: Purpose
    channel: Channel
    about: str
    state: NoticeState
    address: str
    language: str
    subject: str
    body: str
    created: datetime
    due: datetime | None
    expires: datetime
    changed: datetime
    attempts: int = 0
    attempted: datetime | None = None
    notifier: str = ""
    reference: str = ""
    reason: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """A notice to be queued. `state` is PENDING, or FAILED or CANCELLED with its reason where it
    can not be sent and somebody has to know.
    """

    mrn: str
    purpose: Purpose
    channel: Channel
    about: str
    address: str
    language: str
    subject: str
    body: str
    due: datetime
    expires: datetime
    state: NoticeState = NoticeState.PENDING
    reason: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is now known of a notice, to be written; an empty `reference` leaves the known one."""

    state: NoticeState
    due: datetime | None
    reason: str = ""
    sentence: str = ""
    reference: str = ""
    counted: bool = True


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """What the clinic wants of its notices; one for all its machines.

    `region` is the ISO 3166 code of numbers that are written without a country; `regions` are
    further ones that may be written to. Quiet hours are by the patient's own clock, and may pass
    midnight; equal ends mean none. A result waits `hold_minutes`, so that the other eye and a
    retake come first. `notifiers` names which one serves a channel where several could.
    """

    on: bool = True
    region: str = ""
    regions: frozenset[str] = frozenset()
    clinic_phone: str = ""
    quiet_from: time = time(20, 0)
    quiet_until: time = time(8, 0)
    hold_minutes: int = 10
    expire_days: int = 7
    reminder_days: int = 30
    allow_personal: bool = False
    notifiers: Mapping[str, str] = field(default_factory=dict)


#: A held lease: longer than any call to a notifier may take (`adapters.notify`).
LEASE = timedelta(minutes=2)
#: After so many sends a notice is given up.
MOST_ATTEMPTS = 12
_FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=2)
#: Nothing waits longer for its turn; a later `due` is that of a clock that was ahead.
FARTHEST_DUE = timedelta(days=2)
#: A service needs a moment before it lists what it took.
ASK_AFTER = timedelta(seconds=30)


def backoff(attempts: int, chance: float, asked: timedelta | None = None) -> timedelta:
    """How long to wait after so many attempts (1 or more): doubling, half of it by chance.

    `chance` is from 0 to 1. "Equal jitter" of M. Brooker, Exponential Backoff and Jitter (AWS
    Architecture Blog, 2015). Never less than what the service `asked` for, never more than
    `LONGEST_WAIT`.
    """
    doublings: int = 2 ** min(attempts - 1, 12)
    full = min(_FIRST_WAIT * doublings, LONGEST_WAIT)
    wait = full / 2 + full / 2 * chance
    return min(max(wait, asked or timedelta(0)), LONGEST_WAIT)


def next_allowed(moment: datetime, zone: tzinfo, policy: NoticePolicy) -> datetime:
    """`moment`, or the end of the quiet hours it falls into, by the clock of `zone`.

    The end is a time of day there, so a change to or from summer time moves it with the clock.
    """
    local = moment.astimezone(zone)
    start, end = policy.quiet_from, policy.quiet_until
    now = local.time()
    if start == end:
        return moment
    quiet = start <= now < end if start < end else now >= start or now < end
    if not quiet:
        return moment
    day = local.date() + timedelta(days=1 if start > end and now >= start else 0)
    return datetime.combine(day, end, tzinfo=zone).astimezone(moment.tzinfo)
