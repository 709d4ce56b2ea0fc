"""What a sign-in finds of the records and makes safe, once the secret was right."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.accounts import account_row, is_outdated
from drscreen.adapters.store.attempts import Attempts, Collected, Try
from drscreen.adapters.store.audit import (
    AuditChain,
    AuditTrail,
    Finding,
    head_of,
    key_change_due,
    note_sign_in,
    open_alarms,
    seen_alarms,
)
from drscreen.adapters.store.door import Door
from drscreen.adapters.store.faults import database_errors, disk_errors
from drscreen.adapters.store.key_change import finish, forget_old_key
from drscreen.adapters.store.key_file import KeyFile, read_or_copy, sign_in_failed
from drscreen.adapters.store.keys import DataKey, account_key
from drscreen.adapters.store.migrate import bring_up_to_date
from drscreen.adapters.store.older_rows import hold_notices, look_after
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.reading import ReadingAccounts, ReadingVault, open_for_reading
from drscreen.adapters.store.seals import RowSeals
from drscreen.adapters.store.store_folder import StoreFolder
from drscreen.adapters.store.tables import ClinicRow, SealRow
from drscreen.adapters.store.unlocked import Unlocked
from drscreen.adapters.store.upgrade_copies import UpgradeCopies
from drscreen.adapters.store.vault import Vault
from drscreen.adapters.store.vault_care import leave_first_format
from drscreen.adapters.store.witness import place
from drscreen.domain.audit import BEHIND, Alarm, AuditKind
from drscreen.domain.errors import StoreDamaged, StoreError
from drscreen.domain.notice import Reason
from drscreen.domain.sign_in import Uptime
from drscreen.domain.users import Role

#: The tries of others, where they could not be read.
_NO_OTHERS = Collected((), 0, anew=False, writes=0, newest=0)


@dataclass(frozen=True, slots=True)
class Found:
    """The key file as a try to sign in found it, what is to be said of it, when that was, and the
    try that was counted.
    """

    keys: KeyFile
    said: Alarm | None
    moment: datetime
    tried: Try
    others: Collected = _NO_OTHERS

    def findings(self, clinic: ClinicRow) -> list[Finding]:
        """What is to be said of the key file, by what the records know of it."""
        said = self.said
        if self.keys.writes < clinic.key_writes:
            said = Alarm.KEY_FILE_BEHIND
        return [] if said is None else [(said, {})]


@dataclass(frozen=True, slots=True)
class SignIn:
    """A try by `user` whose secret was right; `now` and `clock` as in `SqlCipherStore`."""

    folder: StoreFolder
    attempts: Attempts
    clock: Callable[[], Uptime]
    now: Callable[[], datetime]
    found: Found
    user: str

    def opened(self, password: str, data_key: DataKey) -> SqlCipherOpenStore:
        """The records, with all that a sign-in makes safe. Raises `StoreError`."""
        with ExitStack() as on_failure:
            engine = self.folder.engine(data_key)
            on_failure.callback(engine.dispose)
            opened = self._signed_in(engine, password, data_key)
            on_failure.pop_all()
            return opened

    def only_reading(self, data_key: DataKey, cause: StoreError) -> SqlCipherOpenStore:
        """Signed in to records that cannot be written; nothing is changed, nothing noted.

        Raises `cause` where that is not what is wrong.
        """
        reading = open_for_reading(self.folder.database, self.found.keys, data_key, cause)
        with ExitStack() as on_failure:
            on_failure.callback(reading.end)
            on_failure.callback(reading.engine.dispose)
            key, seals = reading.data_key, RowSeals(reading.engine, only_read=True)
            with (
                database_errors(),
                disk_errors(),
                reading.engine.begin() as connection,
                Session(connection, autoflush=False) as session,
            ):
                account = account_row(session, self.user)
                if account is None:
                    raise sign_in_failed()
                clinic = session.scalars(select(ClinicRow)).one_or_none()
                if clinic is None or clinic.database_id != key.database_id.hex():
                    raise StoreDamaged("The records and their key file do not belong together.")
                if is_outdated(account.envelope, self.found.keys.envelopes.get(account.account)):
                    raise sign_in_failed()
                signed_in, name = rows.user_of(account), clinic.name
                chain = self.folder.chain(clinic, key)
                seals.unlock(chain.key)
                findings = chain.alarms(session, self.found.keys.head) + self.found.findings(clinic)
                alarms = seen_alarms(session, findings, self.user, self.found.moment)
            on_failure.pop_all()
        vault = ReadingVault(self.folder.vault, key.vault_key(), reading.refusal)
        accounts = ReadingAccounts(self.folder.accounts(key), reading.refusal)
        unlocked = Unlocked(reading.engine, vault, accounts, chain, seals)
        alarms = (reading.event(self.user, self.found.moment), *alarms)
        door = Door(self.attempts, self.clock)
        return SqlCipherOpenStore(
            unlocked, signed_in, name, self.now, alarms, door=door, reading=reading
        )

    def _signed_in(self, engine: Engine, password: str, data_key: DataKey) -> SqlCipherOpenStore:
        vault = Vault(self.folder.vault, data_key.vault_key())
        accounts = self.folder.accounts(data_key)
        copies = UpgradeCopies(self.folder.database, data_key)
        old_key = self.found.keys.previous_key(data_key) if self._is_changing() else None
        seals = RowSeals(engine)
        with database_errors(), disk_errors(), engine.begin() as connection:
            upgraded = bring_up_to_date(connection, copies.keep)
            with Session(connection) as session:
                clinic = session.scalars(select(ClinicRow)).one_or_none()
                if clinic is None or clinic.database_id != data_key.database_id.hex():
                    raise StoreDamaged("The records and their key file do not belong together.")
                chain = self.folder.chain(clinic, data_key, old_key)
                seals.unlock(chain.key)
                changed = old_key is not None and finish(session, clinic, data_key, old_key)
                committed = head_of(session)
                findings = chain.alarms(session, self.found.keys.head) + self.found.findings(clinic)
                findings += self._arrived(clinic)
                trail = AuditTrail(chain, session, self.user, self.now())
                self._make_safe(session, seals, trail, findings, upgraded=upgraded)
                account = account_row(session, self.user)
                if account is None:
                    raise sign_in_failed()
                trail.actor = account.name
                if is_outdated(account.envelope, self.found.keys.envelopes.get(account.account)):
                    refuse_outdated(connection, session, chain, self.found.moment)
                accounts.sweep(session, committed)
                accounts.renew(account, password)
                accounts.record(session)
                vault.sweep()
                signed_in = rows.user_of(account)
                note_sign_in(trail, findings, self.found.others, self.found.tried)
                if changed:
                    trail.note(AuditKind.DATA_KEY_CHANGED)
                alarms = tuple(open_alarms(session))
                if signed_in.role is Role.ADMINISTRATOR:
                    alarms += tuple(key_change_due(session))
                session.flush()
            if not upgraded:
                copies.remove()
        chain.anchor.move(trail.head, durably=True)
        with database_errors(), disk_errors():
            self.attempts.clear(account_key(self.user), self.found.tried.number, self.found.others)
            if old_key is not None:
                forget_old_key(engine, self.folder.key_file, data_key)
            if not upgraded:
                # Not before the copy is gone: its photographs are the vault's files as they were.
                leave_first_format(engine, vault)
        unlocked = Unlocked(engine, vault, accounts, chain, seals)
        door = Door(self.attempts, self.clock)
        return SqlCipherOpenStore(unlocked, signed_in, clinic.name, self.now, alarms, door=door)

    def _make_safe(
        self,
        session: Session,
        seals: RowSeals,
        trail: AuditTrail,
        findings: list[Finding],
        *,
        upgraded: bool,
    ) -> None:
        """Seal the rows after an upgrade, else look whether one is older than it was; hold the
        notices where the records may be.
        """
        said = {alarm for alarm, _numbers in findings}
        older = {} if upgraded else seals.findings_at_sign_in()
        if said & {Alarm.DATABASE_BEHIND, Alarm.HISTORY_REPLACED}:
            # That the sums do not agree with the log is the same finding.
            upgraded |= older.pop(SealRow.__tablename__, None) is not None
        if older:
            look_after(session, seals, trail, older, self.now())
        elif upgraded:
            session.flush()
            seals.seal_all(session.connection())
        if Alarm.RECORDS_MOVED in said:
            hold_notices(session, self.now(), Reason.RECORDS_MOVED)
        elif said & BEHIND:
            hold_notices(session, self.now())

    def _arrived(self, clinic: ClinicRow) -> list[Finding]:
        """Remember where the records are opened, and say that they were elsewhere."""
        here, before = place(self.folder.home, self.folder.machine), clinic.place
        if not here or here == before:
            return []
        clinic.place = here
        return [(Alarm.RECORDS_MOVED, {})] if before else []

    def _is_changing(self) -> bool:
        """Whether the key file still names an old data key."""
        return bool(read_or_copy(self.folder.key_file)[0].previous)


def refuse_outdated(
    connection: Connection, session: Session, chain: AuditChain, moment: datetime
) -> NoReturn:
    """An older key file was put back, and somebody tries a password or code of then. It opens
    nothing, and is said to whoever signs in next, once.
    """
    trail = AuditTrail(chain, session, "", moment)
    if Alarm.KEY_FILE_BEHIND not in {one.details.get("alarm") for one in open_alarms(session)}:
        trail.note(AuditKind.ALARM, alarm=Alarm.KEY_FILE_BEHIND.value)
    session.flush()
    connection.commit()
    chain.anchor.move(trail.head, durably=True)
    raise sign_in_failed()
