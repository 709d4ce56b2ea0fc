"""`Notices` over one session: the outbox inside the transaction of what it tells about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import desc, func, or_, select, update
from sqlalchemy.orm import Session

from drscreen.adapters.store import notice_queries as queries
from drscreen.adapters.store import notice_settings, opt_outs
from drscreen.adapters.store.audit import AuditTrail
from drscreen.adapters.store.notice_rows import fill_notice, new_row, notice_of
from drscreen.adapters.store.notice_tables import (
    HAS_REFERENCE,
    NoticeRow,
    NoticeSettingRow,
    OptOutRow,
)
from drscreen.adapters.store.older_rows import entrust, look_after
from drscreen.adapters.store.rows import known_code
from drscreen.adapters.store.seals import Findings, RowSeals
from drscreen.adapters.store.tables import PatientRow
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import PatientUnknown
from drscreen.domain.notice import (
    ENDED,
    LEASE,
    Notice,
    NoticeDraft,
    NoticePolicy,
    NoticeState,
    Purpose,
    Reason,
    Settlement,
)
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.notifier import SettingValues
from drscreen.domain.patient import Channel
from drscreen.domain.plugin_choice import PluginChoice

_NOT_TO_REDRAFT = frozenset({NoticeState.SENDING, NoticeState.SENT, NoticeState.DELIVERED})


class SqlNotices:
    """`drscreen.domain.notice_ports.Notices`. The transaction holds the write lock from its
    beginning, so nobody else sees a notice between a look at it and its change. Raises
    `StoreDamaged` where a row holds what this program does not know.
    """

    def __init__(
        self,
        session: Session,
        *,
        now: Callable[[], datetime],
        audit: AuditTrail,
        seals: RowSeals,
    ) -> None:
        self._session = session
        self._now = now
        self._audit = audit
        self._seals = seals

    # --- the way of a notice -----------------------------------------------------------------

    def queue(self, draft: NoticeDraft) -> Notice:
        """Write a notice, unless it stands there; see the port. Raises `PatientUnknown`."""
        patient = self._patient(draft.mrn)
        row = self._row_about(draft)
        if row is None:
            row = new_row(self._now())
            self._session.add(row)
        elif row.attempts or row.reason == Reason.BY_PERSON.value:
            return self._notice(row)
        return self._drafted(row, patient, draft)

    def redraft(self, notice_id: str, draft: NoticeDraft) -> Notice | None:
        """A person wants it sent after all; see the port. Raises `PatientUnknown`."""
        patient = self._patient(draft.mrn)
        row = self._row(notice_id)
        if row is None or known_code(NoticeState, row.state) in _NOT_TO_REDRAFT:
            return None
        if self._row_about(draft) not in (row, None):
            return None
        return self._drafted(row, patient, draft)

    def supersede(self, about: str, keep: Purpose) -> None:
        """Cancel the others about the same; see the port."""
        # All of them, a few: told more, SQLite would look through all that are pending.
        for row in self._session.scalars(select(NoticeRow).where(NoticeRow.about == about)).all():
            waits = row.state == NoticeState.PENDING.value and not row.attempts
            if waits and row.purpose != keep.value:
                row.state = NoticeState.CANCELLED.value
                row.reason = Reason.SUPERSEDED.value
                row.sentence = Reason.SUPERSEDED.sentence
                row.due = None
                row.changed = self._now()
        self._session.flush()

    def release_leases(self, now: datetime) -> int:
        """Make UNKNOWN what a sender has not come back with; see the port."""
        released = self._session.scalars(
            update(NoticeRow)
            .where(
                NoticeRow.state == NoticeState.SENDING.value,
                or_(NoticeRow.due <= now, NoticeRow.due > now + LEASE),
            )
            .values(
                state=NoticeState.UNKNOWN.value,
                reason=Reason.INTERRUPTED.value,
                sentence=Reason.INTERRUPTED.sentence,
                due=now + LEASE,
                changed=now,
            )
            .returning(NoticeRow.id)
        )
        return len(released.all())

    def lease(self, now: datetime, senders: Mapping[Channel, str]) -> Notice | None:
        """Take the longest due pending notice into hand; see the port."""
        row = queries.longest_due(
            self._session, now, [queries.pending(channel) for channel in senders]
        )
        if row is None or self._is_held(row, now):
            return None
        if row.reference:
            # It names an earlier attempt's message, which must not be taken for this one's.
            row.former = "\n".join(filter(None, (row.former, row.reference)))
            row.reference = ""
        row.state = NoticeState.SENDING.value
        row.notifier = senders[known_code(Channel, row.channel)]
        row.attempts += 1
        row.attempted, row.due, row.changed = now, now + LEASE, now
        row.reason = row.sentence = ""
        self._session.flush()
        return self._notice(row)

    def entrust(self, now: datetime, senders: Mapping[Channel, str]) -> int:
        """Let a service be asked about what nobody is known to have; see the port."""
        return entrust(self._session, now, senders)

    def next_to_ask(self, now: datetime, notifiers: Collection[str]) -> Notice | None:
        """Take the longest due notice that a service has or may have; see the port."""
        row = queries.longest_due(self._session, now, queries.asked(notifiers))
        if row is None:
            return None
        row.due = now + LEASE
        self._session.flush()
        return self._notice(row)

    def settle(self, notice_id: str, attempts: int, settlement: Settlement) -> Notice | None:
        """Write what became of an attempt; see the port."""
        row = self._row(notice_id)
        if row is None or row.attempts != attempts or known_code(NoticeState, row.state) in ENDED:
            return None
        return self._settle(row, settlement)

    def change(self, notice_id: str, state: NoticeState, settlement: Settlement) -> Notice | None:
        """A person's act; see the port."""
        row = self._row(notice_id)
        if row is None or row.state != state.value:
            return None
        return self._settle(row, settlement)

    def next_due(self, senders: Mapping[Channel, str]) -> datetime | None:
        """When something is to be done next; see the port."""
        sending = NoticeRow.state == NoticeState.SENDING.value
        waiting = [sending, *map(queries.pending, senders), *queries.asked(senders.values())]
        found = (
            self._session.scalar(select(func.min(NoticeRow.due)).where(those, queries.HAS_DUE))
            for those in waiting
        )
        return min(filter(None, found), default=None)

    # --- looking -----------------------------------------------------------------------------

    def find(self, notice_id: str) -> Notice | None:
        """One notice."""
        row = self._row(notice_id)
        return None if row is None else self._notice(row)

    def page(self, states: Collection[NoticeState], offset: int, limit: int) -> list[Notice]:
        """A page, the newest first; of all states where none is named."""
        query = queries.page(states, offset, limit)
        return [notice_of(row, mrn) for row, mrn in self._session.execute(query)]

    def counts(self) -> Mapping[NoticeState, int]:
        """How many there are in each state."""
        query = select(NoticeRow.state, func.count()).group_by(NoticeRow.state)
        return {
            known_code(NoticeState, state): count for state, count in self._session.execute(query)
        }

    def of_patient(self, mrn: str, limit: int) -> list[Notice]:
        """A patient's, the newest first."""
        query = (
            queries.WITH_NUMBER.where(PatientRow.mrn == mrn)
            .order_by(desc(NoticeRow.id))
            .limit(limit)
        )
        return [notice_of(row, number) for row, number in self._session.execute(query)]

    def claimed(self, notifier: str, address: str) -> frozenset[str]:
        """The references that notices to an address have already."""
        found = self._session.execute(
            select(NoticeRow.reference, NoticeRow.former).where(
                NoticeRow.address == address, NoticeRow.notifier == notifier
            )
        )
        return frozenset(
            reference
            for row in found
            for reference in (row.reference, *row.former.split("\n"))
            if reference
        )

    # --- who wants no more -------------------------------------------------------------------

    def opted_out(self, channel: Channel, address: str) -> bool:
        """Whether somebody at that address asked for no more messages."""
        return self.opted_out_since(channel, address) is not None

    def opted_out_since(self, channel: Channel, address: str) -> datetime | None:
        """When they did; None where nobody did."""
        return opt_outs.since(self._session, channel, address)

    def opt_out(self, channel: Channel, address: str) -> None:
        """Record that, and withdraw the consent; see the port."""
        opt_outs.record(self._session, self._audit, channel, address, self._now())

    def forget_opt_out(self, channel: Channel, address: str) -> None:
        """The person asked for messages again."""
        opt_outs.forget(self._session, channel, address)

    def patients_at(self, channel: Channel, address: str) -> int:
        """How many patients were written to there."""
        return opt_outs.patients_at(self._session, channel, address)

    # --- what the clinic wants ---------------------------------------------------------------

    def policy(self) -> NoticePolicy:
        """What the clinic wants; the defaults where nobody said."""
        return notice_settings.policy(self._session)

    def set_policy(self, policy: NoticePolicy) -> None:
        """Change it; see the port."""
        notice_settings.set_policy(self._session, self._audit, policy)

    def texts(self) -> Sequence[NoticeText]:
        """The clinic's own templates."""
        return notice_settings.texts(self._session)

    def set_text(self, text: NoticeText) -> None:
        """Keep one; see the port."""
        notice_settings.set_text(self._session, self._audit, text)

    def remove_text(self, purpose: Purpose, channel: Channel, language: str) -> None:
        """Go back to the default; see the port."""
        notice_settings.remove_text(self._session, self._audit, (purpose, channel, language))

    def notifier_settings(self, name: str) -> SettingValues:
        """A notifier's settings, secrets and all."""
        return notice_settings.notifier_settings(self._session, name)

    def set_notifier_settings(self, name: str, values: Mapping[str, str]) -> None:
        """Replace them; see the port."""
        notice_settings.set_notifier_settings(self._session, self._audit, name, values)

    def plugin_choices(self) -> Mapping[str, PluginChoice]:
        """The chosen plugins, by package."""
        return notice_settings.plugin_choices(self._session)

    def choose_plugin(self, choice: PluginChoice) -> None:
        """Let those files run; see the port."""
        notice_settings.choose_plugin(self._session, self._audit, choice)

    def revoke_plugin(self, package: str) -> None:
        """Let none of a package run; see the port."""
        notice_settings.revoke_plugin(self._session, self._audit, package)

    # --- inside ------------------------------------------------------------------------------

    def _is_held(self, row: NoticeRow, now: datetime) -> bool:
        """Whether what decides that a notice may go out is older than the audit log says: all that
        is queued is held then. Also whether an older page of an index has led to it.
        """
        connection = self._session.connection()
        found: Findings = {
            table: self._seals.wrong(connection, table, number)
            for table, number in (
                (NoticeRow.__tablename__, row.id),
                (PatientRow.__tablename__, row.patient_id),
                (OptOutRow.__tablename__, None),
                (NoticeSettingRow.__tablename__, None),
            )
        }
        found = {table: wrong for table, wrong in found.items() if wrong}
        self._session.refresh(row)
        if not found and row.state == NoticeState.PENDING.value:
            return False
        look_after(self._session, self._seals, self._audit, found, now)
        return True

    def _row(self, notice_id: str) -> NoticeRow | None:
        return self._session.scalars(
            select(NoticeRow).where(NoticeRow.uuid == notice_id)
        ).one_or_none()

    def _row_about(self, draft: NoticeDraft) -> NoticeRow | None:
        return self._session.scalars(
            select(NoticeRow).where(
                NoticeRow.about == draft.about,
                NoticeRow.purpose == draft.purpose.value,
                NoticeRow.channel == draft.channel.value,
            )
        ).one_or_none()

    def _patient(self, mrn: str) -> int:
        found = self._session.scalar(select(PatientRow.id).where(PatientRow.mrn == mrn))
        if found is None:
            raise PatientUnknown("There is no patient with that number.")
        return found

    def _drafted(self, row: NoticeRow, patient: int, draft: NoticeDraft) -> Notice:
        row.patient_id = patient
        row.changed = self._now()
        fill_notice(row, draft)
        self._session.flush()
        return self._notice(row)

    def _settle(self, row: NoticeRow, settlement: Settlement) -> Notice | None:
        if settlement.reference and settlement.reference != row.reference:
            another = select(NoticeRow.id).where(
                NoticeRow.notifier == row.notifier,
                NoticeRow.reference == settlement.reference,
                HAS_REFERENCE,
                NoticeRow.id != row.id,
            )
            if self._session.scalar(another) is not None:
                return None
            row.reference = settlement.reference
        row.state = settlement.state.value
        row.due = None if settlement.state in ENDED else settlement.due
        row.reason, row.sentence = settlement.reason, settlement.sentence
        row.changed = self._now()
        if not settlement.counted:
            row.attempts = max(row.attempts - 1, 0)
        if settlement.state in (NoticeState.SENT, NoticeState.DELIVERED) and not row.notified:
            row.notified = True
            pseudonym = self._session.scalars(
                select(PatientRow.pseudonym).where(PatientRow.id == row.patient_id)
            ).one()
            self._audit.note(
                AuditKind.NOTIFIED,
                pseudonym,
                channel=row.channel,
                purpose=row.purpose,
                notice=row.uuid,
            )
        self._session.flush()
        return self._notice(row)

    def _notice(self, row: NoticeRow) -> Notice:
        mrn = select(PatientRow.mrn).where(PatientRow.id == row.patient_id)
        return notice_of(row, self._session.scalars(mrn).one())
