"""The audit chain: each event is sealed together with the one before it.

A link's code is HMAC-SHA256, under the chain's own key, of the link before and of everything the
event says. The key is random, kept sealed under the data key in the clinic's row, and stays the
same when the data key changes, so that a chain is verified as one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from sqlalchemy import Select, desc, insert, select
from sqlalchemy.orm import Session

from drscreen.adapters.store.anchor import Anchor, AnchorDamaged
from drscreen.adapters.store.attempts import Collected, Try
from drscreen.adapters.store.keys import KEY_BYTES, DataKey
from drscreen.adapters.store.seals import DECIDED, note_decision
from drscreen.adapters.store.tables import AuditRow, ClinicRow
from drscreen.domain.audit import Alarm, AuditEvent, AuditHead, AuditKind
from drscreen.domain.errors import StoreDamaged

_PURPOSE = b"audit"
#: By how much an event may lie before the one it follows: a clock is set right by seconds, and the
#: moments of two windows' transactions may cross. More than that, and it was set back.
CLOCKS_DIFFER = timedelta(minutes=2)
#: What is noted of reading. Where it cannot be, for want of room, people read all the same.
LOOKING = frozenset(
    (
        AuditKind.VIEWED,
        AuditKind.EXPORTED,
        AuditKind.AUDIT_EXPORTED,
        AuditKind.AUDIT_VERIFIED,
    )
)

#: An alarm, and what the audit log is to say of it.
Finding = tuple[Alarm, dict[str, str]]


def chain_key(clinic: ClinicRow, data_key: DataKey, former: DataKey | None = None) -> bytes:
    """The chain's key, made where there is none yet; sealed under the data key, or under the one
    before where a change is not finished. Raises `StoreDamaged`.
    """
    if clinic.audit_key is None:
        key = secrets.token_bytes(KEY_BYTES)
        clinic.audit_key = data_key.seal(_PURPOSE, key)
        return key
    for known in filter(None, (data_key, former)):
        with suppress(InvalidTag, ValueError):
            return known.unseal(_PURPOSE, clinic.audit_key)
    raise StoreDamaged("The key of the audit log does not belong to these records.")


def reseal_chain_key(clinic: ClinicRow, old: DataKey, new: DataKey) -> None:
    """Seal the chain's key under another data key. Raises `InvalidTag`."""
    if clinic.audit_key is not None:
        clinic.audit_key = new.seal(_PURPOSE, old.unseal(_PURPOSE, clinic.audit_key))


def beginning(database_id: bytes) -> bytes:
    """What the first link is chained to."""
    return hashlib.sha256(b"drscreen audit chain " + database_id).digest()


def link_code(  # noqa: PLR0917 - called a million times in a row; keywords would cost a fifth
    key: bytes,
    previous: bytes,
    sequence: int,
    moment: str,
    actor: str,
    kind: str,
    subject: str,
    details: str,
) -> bytes:
    """The code of a link. No field holds a line break, so no two events read the same."""
    message = f"{sequence}\n{moment}\n{actor}\n{kind}\n{subject}\n{details}"
    return hmac.digest(key, previous + message.encode("utf-8", "surrogatepass"), "sha256")


def head_of(session: Session) -> AuditHead | None:
    """The newest link."""
    row = session.execute(
        select(AuditRow.sequence, AuditRow.mac).order_by(desc(AuditRow.sequence)).limit(1)
    ).one_or_none()
    return None if row is None else AuditHead(row.sequence, row.mac.hex())


class AuditChain:
    """Appends to the chain of one database. Only within a transaction, whose write lock keeps
    the head still.
    """

    def __init__(self, key: bytes, database_id: bytes, anchor: Anchor) -> None:
        self.key = key
        self.database_id = database_id
        self.anchor = anchor

    def append(
        self,
        session: Session,
        kind: AuditKind,
        *,
        actor: str,
        moment: datetime,
        subject: str = "",
        details: Mapping[str, str] | None = None,
    ) -> AuditHead:
        """Add a link; the head that is to be anchored once it is committed.

        Where the clock was set back since the link before, that is a link of its own first.
        """
        newest = select(AuditRow.sequence, AuditRow.moment, AuditRow.mac)
        last = session.execute(newest.order_by(desc(AuditRow.sequence)).limit(1)).one_or_none()
        back = datetime.fromisoformat(last.moment) - moment if last else timedelta(0)
        if back > CLOCKS_DIFFER and (details or {}).get("alarm") != Alarm.CLOCK_SET_BACK:
            seconds = str(round(back.total_seconds()))
            said = {"alarm": Alarm.CLOCK_SET_BACK.value, "seconds": seconds}
            self.append(session, AuditKind.ALARM, actor=actor, moment=moment, details=said)
            return self.append(
                session, kind, actor=actor, moment=moment, subject=subject, details=details
            )
        sequence = last.sequence + 1 if last else 1
        previous = last.mac if last else beginning(self.database_id)
        when = moment.astimezone(UTC).isoformat(timespec="microseconds")
        told = json.dumps(dict(details or {}), sort_keys=True, separators=(",", ":"))
        if "\n" in actor + subject:
            raise ValueError("a line break in an audit event")
        mac = link_code(self.key, previous, sequence, when, actor, kind, subject, told)
        session.execute(
            insert(AuditRow).values(
                sequence=sequence,
                moment=when,
                actor=actor,
                kind=kind.value,
                subject=subject,
                details=told,
                previous=previous,
                mac=mac,
            )
        )
        return AuditHead(sequence, mac.hex())

    def alarms(self, session: Session, key_file: AuditHead | None) -> list[Finding]:
        """Compare the chain with its anchor, with the head that the key file names and with the
        witnesses outside of the folder, as on every opening. Raises `OSError`.
        """
        found = self._by_its_files(session, key_file)
        if any(alarm in (Alarm.DATABASE_BEHIND, Alarm.HISTORY_REPLACED) for alarm, _ in found):
            return found
        for witness in self.anchor.witnesses:
            known = None
            # One that cannot be read witnesses nothing; it is written anew.
            with suppress(AnchorDamaged, OSError):
                known = witness.read()
            if behind := self.compared(session, known):
                return [*found, (Alarm.WITNESS_AHEAD, behind[0][1])]
        return found

    def _by_its_files(self, session: Session, key_file: AuditHead | None) -> list[Finding]:
        try:
            anchored = self.anchor.read()
        except AnchorDamaged:
            return [(Alarm.ANCHOR_DAMAGED, {}), *self.compared(session, key_file)]
        if anchored is None:
            missing: list[Finding] = [(Alarm.ANCHOR_MISSING, {})] if head_of(session) else []
            return missing + self.compared(session, key_file)
        found = self.compared(session, anchored) or self.compared(session, key_file)
        if not found and key_file is not None and anchored.sequence < key_file.sequence:
            # The anchor is moved first and durably, so no kill leaves it behind the key file.
            numbers = {"anchored": anchored.text, "expected": key_file.text}
            return [(Alarm.ANCHOR_BEHIND, numbers)]
        return found

    @staticmethod
    def compared(session: Session, known: AuditHead | None) -> list[Finding]:
        """What is to be said where the chain has not, or not any more, the link that is known."""
        if known is None:
            return []
        head = head_of(session)
        numbers = {"anchored": known.text, "found": head.text if head else "0"}
        if head is None or head.sequence < known.sequence:
            return [(Alarm.DATABASE_BEHIND, numbers)]
        mac = session.scalar(select(AuditRow.mac).where(AuditRow.sequence == known.sequence))
        if mac is None or mac.hex() != known.mac:
            return [(Alarm.HISTORY_REPLACED, numbers)]
        return []


class AuditTrail:
    """The chain as one transaction writes it: who acts, and when, is known."""

    def __init__(self, chain: AuditChain, session: Session, actor: str, moment: datetime) -> None:
        self._chain = chain
        self._session = session
        self.actor = actor
        self._moment = moment
        #: The newest link of this transaction; to be anchored once it is committed.
        self.head: AuditHead | None = None
        #: How many of its events tell of reading.
        self.looked = 0
        self._before: AuditHead | None = None

    def before(self) -> AuditHead:
        """The newest link that was committed when this transaction began; 0 where there is none."""
        if self._before is None:
            self._before = head_of(self._session) or AuditHead(0, "")
        return self._before

    def has_history(self) -> bool:
        """Whether the chain has begun already."""
        return head_of(self._session) is not None

    def tries_known(self) -> tuple[int, int]:
        """How often the list of failed tries had been written at the last sign-in, and up to which
        number they are told.
        """
        place = _last(self._session, AuditKind.SIGNED_IN)
        known = events(self._session, place - 1, 1) if place else []
        details = known[0].details if known else {}
        return int(details.get("tries", "0")), int(details.get("told", "0"))

    def note(self, kind: AuditKind, subject: str = "", **details: str) -> None:
        """Add an event by whoever is signed in."""
        self.before()
        self.head = self._chain.append(
            self._session,
            kind,
            actor=self.actor,
            moment=self._moment,
            subject=subject,
            details=details,
        )
        self.looked += kind in LOOKING
        if kind in DECIDED:
            note_decision(self._session, self.head.sequence)


def note_sign_in(
    trail: AuditTrail,
    alarms: list[Finding],
    tries: Collected,
    this: Try,
) -> None:
    """What happened while the records were closed, and that somebody has opened them."""
    found = list(alarms)
    writes, told = trail.tries_known()
    is_other = tries.anew or this.writes < writes
    if is_other and trail.has_history():
        found.append((Alarm.ATTEMPTS_MISSING, {}))
    for alarm, numbers in found:
        trail.note(AuditKind.ALARM, alarm=alarm.value, **numbers)
    if tries.unlisted:
        trail.note(AuditKind.SIGN_IN_FAILED, unlisted=str(tries.unlisted))
    for failure in tries.failures:
        if not is_other and 0 < failure.number <= told:
            continue  # told by a sign-in that has not tidied the list yet
        at = failure.moment.astimezone(UTC).isoformat(timespec="seconds")
        trail.note(AuditKind.SIGN_IN_FAILED, failure.account, at=at)
    trail.note(AuditKind.SIGNED_IN, tries=str(tries.writes), told=str(tries.newest))


def seen_alarms(
    session: Session, findings: list[Finding], actor: str, moment: datetime
) -> tuple[AuditEvent, ...]:
    """What a sign-in that can note nothing has to say: what is wrong now, then what was noted and
    not yet looked at.
    """
    now = [
        AuditEvent(0, moment, actor, AuditKind.ALARM.value, "", {"alarm": alarm.value, **numbers})
        for alarm, numbers in findings
    ]
    return (*now, *open_alarms(session))


def events(
    session: Session, after: int, limit: int, kinds: frozenset[str] = frozenset()
) -> list[AuditEvent]:
    """A page of the chain in its order, of some kinds only where any are named."""
    query = select(AuditRow).where(AuditRow.sequence > after).order_by(AuditRow.sequence)
    if kinds:
        query = query.where(AuditRow.kind.in_(kinds))
    return list(_as_events(session, query.limit(limit)))


def open_alarms(session: Session) -> list[AuditEvent]:
    """The alarms since an administrator last verified the chain."""
    seen = _last(session, AuditKind.AUDIT_VERIFIED)
    return events(session, seen, 100, frozenset({AuditKind.ALARM.value}))


def key_change_due(session: Session) -> list[AuditEvent]:
    """An alarm for administrators where somebody was removed since the data key was changed; said
    until it is done, and no event itself: the removal is one.
    """
    removed = _last(session, AuditKind.USER_REMOVED)
    if removed <= _last(session, AuditKind.DATA_KEY_CHANGED):
        return []
    event = next(iter(events(session, removed - 1, 1)), None)
    if event is None or event.sequence != removed:
        raise StoreDamaged("The index of the audit log names an event that is not there.")
    details = {"alarm": Alarm.KEY_CHANGE_DUE.value, "removed": event.subject}
    return [replace(event, kind=AuditKind.ALARM.value, details=details)]


def _last(session: Session, kind: AuditKind) -> int:
    """The place of the last event of a kind; 0 where there is none."""
    query = (
        select(AuditRow.sequence)
        .where(AuditRow.kind == kind.value)
        .order_by(desc(AuditRow.sequence))
        .limit(1)
    )
    return session.scalar(query) or 0


def _as_events(session: Session, query: Select[AuditRow]) -> Iterator[AuditEvent]:
    for row in session.scalars(query):
        try:
            yield AuditEvent(
                sequence=row.sequence,
                moment=datetime.fromisoformat(row.moment),
                actor=row.actor,
                kind=row.kind,
                subject=row.subject,
                details=json.loads(row.details),
                mac=row.mac.hex(),
            )
        except ValueError as error:
            raise StoreDamaged("An event of the audit log does not read back.") from error
