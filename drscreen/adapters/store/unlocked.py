"""What is held of a store while it is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from drscreen.adapters.store.accounts import Accounts
from drscreen.adapters.store.audit import AuditChain, head_of
from drscreen.adapters.store.engine import NOT_WAITING, READING, checkpoint
from drscreen.adapters.store.faults import database_errors
from drscreen.adapters.store.seals import RowSeals
from drscreen.adapters.store.upgrade_copies import UpgradeCopies
from drscreen.adapters.store.vault import Vault
from drscreen.domain.errors import StoreError


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What holds key material; forgotten as one when the store is closed."""

    engine: Engine
    vault: Vault
    accounts: Accounts
    audit: AuditChain
    seals: RowSeals

    @property
    def database(self) -> Path:
        """Where the encrypted database lies."""
        return self.accounts.path.with_name("records.db")

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """A session that changes nothing and takes no lock. Raises `StoreError`."""
        with (
            database_errors(),
            self.engine.connect().execution_options(**READING) as connection,
            Session(connection) as session,
        ):
            yield session

    def let_key_file_know(self) -> None:
        """Name where the audit chain ended in the key file, so that a database and its anchor that
        are put back together are older than what it names. The anchor goes first
        (`AuditChain.alarms`).

        Never raises and never waits: where another window is writing, that one will do it.
        """
        # MemoryError: what SQLCipher answers to some damaged pages.
        with (
            suppress(StoreError, OSError, DBAPIError, MemoryError),
            Session(self.engine) as session,
        ):
            session.connection(execution_options=NOT_WAITING)
            head = head_of(session)
            self.audit.anchor.move(head, durably=True)
            if self.audit.anchor.known() != head:
                return
            self.accounts.write_head(head)
            self.accounts.record(session)
            session.commit()

    def shred(self, names: list[str]) -> None:
        """Remove what an erasure has left outside the database's pages: files of the vault, the
        write-ahead log, a copy from before an upgrade.
        """
        for name in names:
            self.vault.remove(name)
        checkpoint(self.engine, wait=True)
        UpgradeCopies(self.database, self.accounts.data_key).remove()
