"""Accounts: a row says who somebody is, an envelope in the key file lets them in.

A row without an envelope would be an account nobody can use, so the envelope is written first and
the row is what counts: an envelope without a row opens nothing (`account_row`) and is swept at the
next sign-in. The key file is read and replaced only under the database's write lock, so that two
windows cannot drop each other's envelope.

An envelope has a generation, and the row says which one counts: one of before, in an older key file
that somebody put back, opens nothing. A newer one is a kill's between the file and the row.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from drscreen.adapters.store.envelope import Envelope, sealed_for
from drscreen.adapters.store.faults import disk_errors
from drscreen.adapters.store.files import sweep_unfinished
from drscreen.adapters.store.key_file import (
    RECOVERY,
    KeyFile,
    read_key_file,
    read_or_copy,
    write_key_file,
)
from drscreen.adapters.store.keys import DataKey, KeyCost, account_key
from drscreen.adapters.store.tables import ClinicRow, UserRow
from drscreen.domain.audit import AuditHead
from drscreen.domain.errors import SignInFailed, StoreError, UserExists, UserUnknown
from drscreen.domain.users import Role, User


def user_row(user: User, moment: datetime) -> UserRow:
    """A new row of that account."""
    return UserRow(
        account=account_key(user.name),
        name=user.name,
        display_name=user.display_name,
        role=user.role.value,
        created=moment,
    )


def account_row(session: Session, user_name: str) -> UserRow | None:
    """The account of that name, unless it was removed."""
    row = any_account_row(session, user_name)
    return row if row is not None and row.removed is None else None


def any_account_row(session: Session, user_name: str) -> UserRow | None:
    """The account of that name, removed ones too."""
    return session.scalars(
        select(UserRow).where(UserRow.account == account_key(user_name))
    ).one_or_none()


def known_account(session: Session, user_name: str) -> UserRow:
    """The account of that name. Raises `UserUnknown`."""
    row = account_row(session, user_name)
    if row is None:
        raise UserUnknown("There is no account of that name.")
    return row


class Accounts:
    """The key file beside an open database. Only within a transaction.

    Where the transaction does not commit, `undo` puts the key file back. Every method that writes
    raises `StoreFull` or `StoreUnwritable`.
    """

    def __init__(self, path: Path, data_key: DataKey, cost: KeyCost) -> None:
        self.path = path
        self.data_key = data_key
        self.cost = cost
        self._written = 0

    def under(self, data_key: DataKey) -> Accounts:
        """The same key file under another data key."""
        return Accounts(self.path, data_key, self.cost)

    def add(
        self, session: Session, user: User, password: str, moment: datetime, undo: ExitStack
    ) -> None:
        """Add row and envelope. Raises `UserExists`, also for the name of a removed account:
        the audit chain must not mean two people by one name.
        """
        if any_account_row(session, user.name) is not None:
            raise UserExists("There is, or was, a user of that name already.")
        row = user_row(user, moment)
        session.add(row)
        self._put(row, password, undo)
        session.flush()

    def set_role(self, session: Session, user_name: str, role: Role) -> UserRow:
        """Give an account another role. Raises `UserUnknown`."""
        row = known_account(session, user_name)
        row.role = role.value
        session.flush()
        return row

    def set_password(
        self, session: Session, user_name: str, password: str, undo: ExitStack
    ) -> UserRow:
        """Replace an account's envelope; the data stays as it is. Raises `UserUnknown`."""
        row = known_account(session, user_name)
        self._put(row, password, undo)
        session.flush()
        return row

    def remove(
        self, session: Session, user_name: str, moment: datetime, undo: ExitStack
    ) -> UserRow:
        """Let nobody in under that name any more. Raises `UserUnknown`."""
        row = known_account(session, user_name)
        row.removed = moment
        session.flush()
        keys = self._read()
        undo.callback(self._restore, row.account, keys.envelopes.get(row.account))
        self._write(keys.only(set(keys.envelopes) - {row.account}))
        return row

    def set_recovery_code(self, session: Session, code: str, undo: ExitStack) -> None:
        """Replace the recovery code's envelope; the old code opens nothing any more."""
        clinic = session.scalars(select(ClinicRow)).one()
        keys = self._read()
        undo.callback(self._restore_recovery, keys.recovery)
        envelope = sealed_for(self.data_key, RECOVERY, code, self.cost)
        clinic.recovery_generation = _next(clinic.recovery_generation, keys.recovery)
        self._write(
            replace(keys, recovery=replace(envelope, generation=clinic.recovery_generation))
        )

    def is_password(self, session: Session, user_name: str, password: str) -> bool:
        """Whether the password opens that account's envelope, the one that counts. Only behind
        `Door`, which counts the try.
        """
        row = account_row(session, user_name)
        keys = self._read()
        try:
            keys.unlock(user_name, password)
        except SignInFailed:
            return False
        return row is not None and not is_outdated(row.envelope, keys.envelopes.get(row.account))

    def has_recovery_code(self) -> bool:
        """Whether there is one."""
        return self._read().recovery is not None

    def renew(self, row: UserRow, password: str) -> None:
        """Seal the envelope anew where the default cost has risen or the format is the first; from
        then on the one that is there counts.
        """
        keys = self._read()
        envelope = keys.envelopes[row.account]
        row.envelope = envelope.generation
        if envelope.is_first_format or envelope.cost.is_below(self.cost):
            self._put(row, password, ExitStack())

    def sweep(self, session: Session, head: AuditHead | None) -> None:
        """Drop envelopes whose account is not there any more or was never completed, and
        unfinished files; write the key file and its copy, with the newest committed link.
        """
        there = set(session.scalars(select(UserRow.account).where(UserRow.removed.is_(None))))
        with disk_errors():
            keys, _said = read_or_copy(self.path)
            keys.check(self.data_key)
            # An older file that somebody put back must not count as newer than what there was.
            known = session.scalars(select(ClinicRow.key_writes)).one()
            self._write(replace(keys.only(there), head=head, writes=max(keys.writes, known)))
            sweep_unfinished(self.path.parent)

    def write_head(self, head: AuditHead | None) -> None:
        """Name the newest committed link of the audit chain."""
        self._write(replace(self._read(), head=head))

    def record(self, session: Session) -> None:
        """Let the database know how often the key file was written, before it is committed."""
        if self._written:
            session.execute(update(ClinicRow).values(key_writes=self._written))
            self._written = 0

    def _put(self, row: UserRow, password: str, undo: ExitStack) -> None:
        envelope = sealed_for(self.data_key, row.account, password, self.cost)
        keys = self._read()
        before = keys.envelopes.get(row.account)
        undo.callback(self._restore, row.account, before)
        row.envelope = _next(row.envelope or 0, before)
        self._write(keys.with_envelope(row.account, replace(envelope, generation=row.envelope)))

    def _restore(self, account: str, before: Envelope | None) -> None:
        # Never raises, for the error that led here matters more: an envelope left behind without
        # its row opens nothing and is swept at the next sign-in.
        with suppress(OSError, StoreError):
            keys = self._read()
            if before is not None:
                self._write(keys.with_envelope(account, before))
            elif account in keys.envelopes:
                self._write(keys.only(set(keys.envelopes) - {account}))

    def _restore_recovery(self, before: Envelope | None) -> None:
        with suppress(OSError, StoreError):
            self._write(replace(self._read(), recovery=before))

    def _read(self) -> KeyFile:
        with disk_errors():
            keys = read_key_file(self.path)
        keys.check(self.data_key)
        return keys

    def _write(self, keys: KeyFile) -> None:
        with disk_errors():
            self._written = write_key_file(self.path, keys, self.data_key)


def is_outdated(counts: int, envelope: Envelope | None) -> bool:
    """Whether an envelope was replaced by the one whose generation `counts`."""
    return envelope is not None and envelope.generation < counts


def _next(counted: int, envelope: Envelope | None) -> int:
    return max(counted, envelope.generation if envelope else 0) + 1
