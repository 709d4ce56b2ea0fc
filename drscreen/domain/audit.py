"""The audit chain: what is recorded of who did what, and what its verification can find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from drscreen.domain.errors import InvalidInput


class AuditKind(StrEnum):
    """What happened. Stable codes; an event about a patient names a pseudonym, never a number."""

    STORE_MADE = "store_made"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    VIEWED = "viewed"
    CREATED = "created"
    CHANGED = "changed"
    GRADED = "graded"
    SIGNED = "signed"
    EXPORTED = "exported"
    NOTIFIED = "notified"
    ERASED = "erased"
    USER_ADDED = "user_added"
    USER_REMOVED = "user_removed"
    ROLE_CHANGED = "role_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a code
    PASSWORD_RECOVERED = "password_recovered"  # noqa: S105
    RECOVERY_CODE_MADE = "recovery_code_made"
    DATA_KEY_CHANGED = "data_key_changed"
    SETTING_CHANGED = "setting_changed"
    BACKED_UP = "backed_up"
    NETWORK_ALLOWED = "network_allowed"
    NETWORK_REFUSED = "network_refused"
    NETWORK_CHANGED = "network_changed"
    AUDIT_VERIFIED = "audit_verified"
    AUDIT_EXPORTED = "audit_exported"
    ALARM = "alarm"


class Alarm(StrEnum):
    """Something about the store that must be said loudly, the gravest first; recorded in the chain
    as well.
    """

    DATABASE_BEHIND = "database_behind"
    HISTORY_REPLACED = "history_replaced"
    WITNESS_AHEAD = "witness_ahead"
    ROWS_BEHIND = "rows_behind"
    PHOTOGRAPHS_UNNAMED = "photographs_unnamed"
    KEY_FILE_BEHIND = "key_file_behind"
    ANCHOR_BEHIND = "anchor_behind"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_DAMAGED = "anchor_damaged"
    KEY_FILE_REPAIRED = "key_file_repaired"
    KEY_COPY_BEHIND = "key_copy_behind"
    ATTEMPTS_MISSING = "attempts_missing"
    RECORDS_MOVED = "records_moved"
    CLOCK_SET_BACK = "clock_set_back"
    KEY_CHANGE_DUE = "key_change_due"
    DISK_FULL = "disk_full"
    DISK_UNWRITABLE = "disk_unwritable"
    NETWORK_BEHIND = "network_behind"

    @property
    def sentence(self) -> str:
        """What it means, for whoever stands at the machine."""
        return _ALARMS[self]


#: The records may not be the newest that there were, so that what they have not done yet may have
#: been done.
BEHIND = frozenset(
    {
        Alarm.DATABASE_BEHIND,
        Alarm.HISTORY_REPLACED,
        Alarm.WITNESS_AHEAD,
        Alarm.ROWS_BEHIND,
        Alarm.PHOTOGRAPHS_UNNAMED,
        Alarm.ANCHOR_MISSING,
        Alarm.ANCHOR_DAMAGED,
    }
)

_ALARMS = {
    Alarm.DATABASE_BEHIND: (
        "The records are OLDER than when they were last closed here: something that was recorded "
        "is missing. Somebody put an older copy in their place, or the disk lost writes."
    ),
    Alarm.HISTORY_REPLACED: (
        "The records are NOT the ones that were last closed here: their history differs."
    ),
    Alarm.WITNESS_AHEAD: (
        "The records are OLDER than they were on this machine: all of them together were exchanged "
        "for an earlier copy. This is expected once after a backup was put in their place."
    ),
    Alarm.RECORDS_MOVED: (
        "The records were last opened on another machine or in another folder. If that copy is "
        "still in use, both will record and write to patients: use only one. Notices that were "
        "waiting rest until somebody decides about each."
    ),
    Alarm.ROWS_BEHIND: (
        "A part of the records is OLDER than the audit log says: rights, consents or settings of "
        "before were put back. Roles are as the log has them; consents that were older count no "
        "more, and notices rest, until somebody here has decided anew."
    ),
    Alarm.PHOTOGRAPHS_UNNAMED: (
        "Photographs were found that were recorded here and that no record names any more: the "
        "records are OLDER than they were. The files are kept; look for a newer backup."
    ),
    Alarm.KEY_FILE_BEHIND: (
        "The key file is OLDER than the records: somebody put an earlier one in its place. "
        "Passwords and recovery codes of before open nothing; whoever changed theirs needs a new "
        "one."
    ),
    Alarm.ANCHOR_BEHIND: (
        "The seal of the audit log is OLDER than the key file: somebody put an earlier one in its "
        "place. The records themselves are the newest that are known here."
    ),
    Alarm.ANCHOR_MISSING: (
        "The seal of the audit log is missing, so an older copy of the records could not be told. "
        "This is expected once after a backup was restored, and at no other time."
    ),
    Alarm.ANCHOR_DAMAGED: (
        "The seal of the audit log was altered, so an older copy of the records could not be told."
    ),
    Alarm.KEY_FILE_REPAIRED: (
        "The key file was damaged; its backup copy was used and put in its place. Check the disk."
    ),
    Alarm.KEY_COPY_BEHIND: (
        "The copy of the key file was damaged or older than it should be, and was made anew. Check "
        "the disk, and ask who had access."
    ),
    Alarm.KEY_CHANGE_DUE: (
        "An account was removed, and the data key that it knew is still in use. Close drscreen "
        "everywhere else, then run 'drscreen user change-key'."
    ),
    Alarm.DISK_FULL: (
        "The disk is full. The records are open for reading only: nothing is saved or sent, and "
        "who looks at them is not noted. Free some room, then sign in again."
    ),
    Alarm.DISK_UNWRITABLE: (
        "The disk cannot be written. The records are open for reading only: nothing is saved or "
        "sent, and who looks at them is not noted. See to the disk, then sign in again."
    ),
    Alarm.NETWORK_BEHIND: (
        "A network grades that is OLDER than one of the same name that was used here before. "
        "Unless somebody chose it, its folder was exchanged: see 'drscreen model list'."
    ),
    Alarm.ATTEMPTS_MISSING: (
        "The list of failed sign-ins was removed, or an older one put in its place: attempts since "
        "the last sign-in are not known. This is expected once after a backup was restored."
    ),
    Alarm.CLOCK_SET_BACK: (
        "The clock of this computer was set BACK: what is recorded now is dated before what was "
        "recorded earlier. Set the clock right, and ask who changed it."
    ),
}


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One link of the chain. `subject` is a patient's pseudonym, an account, or empty."""

    sequence: int
    moment: datetime
    actor: str
    kind: str
    subject: str
    details: Mapping[str, str] = field(default_factory=dict)
    mac: str = ""


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The newest link: how many there are, and the last one's code in hexadecimal."""

    sequence: int
    mac: str

    @property
    def text(self) -> str:
        """As printed on exports: enough digits that nobody makes another chain with the same."""
        return f"{self.sequence}:{self.mac[:20]}"

    @staticmethod
    def parse(text: str) -> AuditHead:
        """A printed head. Raises `InvalidInput`."""
        number, _, digits = text.strip().lower().partition(":")
        if not number.isdecimal() or len(digits) < 20 or set(digits) - set("0123456789abcdef"):
            raise InvalidInput("A head of the audit log reads like 1234:5f2a… with 20 digits.")
        return AuditHead(int(number), digits)


class AuditFault(StrEnum):
    """How a chain can be broken."""

    ALTERED = "altered"
    MISSING = "missing"
    MISPLACED = "misplaced"
    BEHIND = "behind"
    REPLACED = "replaced"
    ROWS_BEHIND = "rows_behind"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_DAMAGED = "anchor_damaged"

    @property
    def sentence(self) -> str:
        """What was found, with the place left to the caller."""
        return _FAULTS[self]


_FAULTS = {
    AuditFault.ALTERED: "the event was edited, or moved here from another place",
    AuditFault.MISSING: "events before this one were removed",
    AuditFault.MISPLACED: "the event does not follow the one before it",
    AuditFault.BEHIND: "the log ends before the place that its seal names: its end was removed, "
    "or an older copy of the records was put here",
    AuditFault.REPLACED: "the log is not the one that its seal names",
    AuditFault.ROWS_BEHIND: "rows that give rights, consents or settings were older than the log "
    "says, and were made safe",
    AuditFault.ANCHOR_MISSING: "the seal of the log is missing",
    AuditFault.ANCHOR_DAMAGED: "the seal of the log was altered",
}


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """Where the chain is broken, and how."""

    fault: AuditFault
    sequence: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a verification found. `problems` holds the first hundred of `faults`; `alarms` are
    those that the chain itself recorded earlier. `set_back` names events that are dated before
    the one they follow: the chain holds, and the clock did not; a hundred at most.
    """

    events: int
    head: AuditHead | None
    faults: int
    problems: tuple[AuditProblem, ...]
    alarms: tuple[AuditEvent, ...]
    set_back: tuple[int, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether every link holds and the end is where the seal says."""
        return self.faults == 0
