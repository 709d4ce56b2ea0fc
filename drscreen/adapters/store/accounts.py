"""Accounts: a row says who somebody is, an envelope in the key file lets them in.

A row without an envelope would be an account nobody can use, so the envelope is written first and
the row is what counts: an envelope without a row opens nothing (`account_row`) and is swept at the
next sign-in. The key file is read and replaced only under the database's write lock, so that two
windows cannot drop each other's envelope.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from drscreen.adapters.store.faults import disk_errors
from drscreen.adapters.store.files import sweep_unfinished
from drscreen.adapters.store.key_file import read_key_file, write_key_file
from drscreen.adapters.store.keys import DataKey, KeyCost, account_key
from drscreen.adapters.store.tables import UserRow
from drscreen.domain.errors import StoreError, UserExists
from drscreen.domain.users import User


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
    """The account of that name."""
    return session.scalars(
        select(UserRow).where(UserRow.account == account_key(user_name))
    ).one_or_none()


class Accounts:
    """The key file beside an open database. Only within a transaction."""

    def __init__(self, path: Path, data_key: DataKey, cost: KeyCost) -> None:
        self.path = path
        self.data_key = data_key
        self._cost = cost

    def add(
        self, session: Session, user: User, password: str, moment: datetime, undo: ExitStack
    ) -> None:
        """Add row and envelope; `undo` takes the envelope back. Raises `UserExists`, `StoreFull`,
        `StoreUnwritable`.
        """
        if account_row(session, user.name) is not None:
            raise UserExists("There is a user of that name already.")
        session.add(user_row(user, moment))
        session.flush()
        account = account_key(user.name)
        envelope = self.data_key.sealed_for(account, password, self._cost)
        with disk_errors():
            before = read_key_file(self.path)
            write_key_file(self.path, before.with_envelope(account, envelope))
        undo.callback(self._remove, account)

    def sweep(self, session: Session) -> None:
        """Drop envelopes whose account was never completed, and unfinished files."""
        self._keep_only(set(session.scalars(select(UserRow.account))))
        with disk_errors():
            sweep_unfinished(self.path.parent)

    def _remove(self, account: str) -> None:
        # Never raises, for the error that led here matters more: an envelope left behind opens
        # nothing and is swept at the next sign-in.
        with suppress(OSError, StoreError):
            keys = read_key_file(self.path)
            self._keep_only(set(keys.envelopes) - {account})

    def _keep_only(self, accounts: set[str]) -> None:
        with disk_errors():
            keys = read_key_file(self.path)
            kept = keys.only(accounts)
            if kept != keys:
                write_key_file(self.path, kept)
