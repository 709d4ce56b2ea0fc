"""A store in memory that keeps every promise of `drscreen.domain.store_ports.Store` but encryption.

The contract tests in tests/adapters/store/contract hold it to the same assertions as the real one.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from drscreen.domain.audit import AuditEvent, AuditHead, AuditKind, AuditReport
from drscreen.domain.backup import Backup, BackupCheck, BackupReport
from drscreen.domain.errors import (
    BackupMissing,
    PasswordNeeded,
    PasswordWrong,
    SignInFailed,
    StoreError,
    StoreExists,
    StoreMissing,
    UserUnknown,
)
from drscreen.domain.integrity import IntegrityReport
from drscreen.domain.permissions import NEEDS_PASSWORD, Action, require
from drscreen.domain.sign_in import Proof
from drscreen.domain.users import Role, User
from tests.fakes.records import FakeRecords, State


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FakeStore:
    """`Store` in memory. `create` then `open`, as in life; or `FakeStore.opened()` in one go.

    `now` stamps what callers bring no moment for.
    """

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        self._state: State | None = None
        self._now = now
        self._lock = threading.Lock()

    @staticmethod
    def opened(
        user: str = "nurse",
        role: Role = Role.ADMINISTRATOR,
        now: Callable[[], datetime] = _utc_now,
    ) -> FakeOpenStore:
        """A new store, unlocked by its first user."""
        store = FakeStore(now)
        store.create("Test clinic", user, "", role, "a good long password")
        return store.open(user, "a good long password")

    def exists(self) -> bool:
        return self._state is not None

    def create(self, clinic: str, user: str, display_name: str, role: Role, password: str) -> None:
        if self._state is not None:
            raise StoreExists("There is a store in this folder already.")
        first = User(user, role, display_name)
        self._state = State(clinic, users={user.casefold(): (first, password)})

    def open(self, user: str, password: str) -> FakeOpenStore:
        if self._state is None:
            raise StoreMissing("There is no store in this folder yet.")
        account, expected = self._state.users.get(user.casefold(), (None, None))
        if account is None or password != expected:
            raise SignInFailed("The user name or the password is wrong.")
        return FakeOpenStore(self, account, self._state.clinic)

    def recover(self, code: str, user: str, password: str) -> FakeOpenStore:
        if self._state is None:
            raise StoreMissing("There is no store in this folder yet.")
        if not code or code != self._state.recovery:
            raise SignInFailed("The user name or the password is wrong.")
        if user.casefold() not in self._state.users:
            raise UserUnknown("There is no account of that name.")
        account, _old = self._state.users[user.casefold()]
        with self.changing(account) as records:
            records.set_password(user, password)
        return self.open(user, password)

    @contextmanager
    def changing(self, user: User) -> Iterator[FakeRecords]:
        """One transaction at a time; a copy of the state takes its place only at the end."""
        if not self._lock.acquire(timeout=5):
            raise StoreError("The records are in use by another window.")
        try:
            if self._state is None:
                raise StoreMissing("There is no store in this folder yet.")
            draft = self._state.copy()
            yield FakeRecords(draft, user, self._now)
            self._state = draft
        finally:
            self._lock.release()


class FakeOpenStore:
    """`OpenStore` over a `FakeStore`."""

    def __init__(self, store: FakeStore, user: User, clinic: str) -> None:
        self._store = store
        self._user = user
        self._clinic = clinic
        self.closed = False
        #: Whether the password was typed a moment ago, at the sign-in.
        self.is_fresh = True
        self._proofs: list[Proof] = []
        self.backed_up: list[tuple[Path, int]] = []

    @property
    def user(self) -> User:
        return self._user

    @property
    def clinic(self) -> str:
        return self._clinic

    @property
    def alarms(self) -> tuple[AuditEvent, ...]:
        return ()

    def require(self, action: Action) -> None:
        with self.transaction(Action.SEE_OWN_SESSION):
            require(self._user, action)

    def reenter(self, action: Action, password: str) -> Proof:
        self.require(action)
        with self.transaction(Action.SEE_OWN_SESSION) as records:
            right = records.is_password(self._user.name, password)
            if not right:
                records.note(AuditKind.SIGN_IN_FAILED)
        if not right:
            raise PasswordWrong("The password is wrong.")
        proof = Proof(action, secrets.token_bytes(16))
        self._proofs.append(proof)
        return proof

    def _check_proof(self, action: Action, proof: Proof | None) -> None:
        granted = self.is_fresh if proof is None else proof in self._proofs
        is_for_it = proof is None or proof.action is action
        if action in NEEDS_PASSWORD and not (granted and is_for_it):
            raise PasswordNeeded(action)

    @property
    def is_read_only(self) -> bool:
        return False

    def verify_audit(
        self, printed: AuditHead | None = None, step: Callable[[int], None] = lambda _seen: None
    ) -> AuditReport:
        with self.transaction(Action.READ_AUDIT) as records:
            events = records.audit_events(0, 10**9)
        step(len(events))
        return AuditReport(len(events), AuditHead(len(events), "00" * 32), 0, (), ())

    @contextmanager
    def transaction(self, action: Action, proof: Proof | None = None) -> Iterator[FakeRecords]:
        if self.closed:
            raise StoreError("The records are locked. Sign in again.")
        with self._store.changing(self._user) as records:
            self._user = records.current(self._user)
            require(self._user, action)
            self._check_proof(action, proof)
            yield records

    def check_photographs(
        self, step: Callable[[], None] = lambda: None, backups: Path | None = None
    ) -> IntegrityReport:
        with self.transaction(Action.CHECK_STORE) as records:
            return IntegrityReport(records.count_photographs(), (), 0)

    def check_backup(self, folder: Path, *, every_byte: bool = False) -> BackupCheck:
        raise BackupMissing("There is no backup in this folder.")

    def back_up(
        self,
        folder: Path,
        keep: int,
        step: Callable[[], None] = lambda: None,
        action: Action = Action.BACK_UP,
    ) -> BackupReport:
        """Nothing is written; the calls are kept."""
        moment = datetime.now(UTC)
        with self.transaction(action) as records:
            count = records.count_photographs()
        self.backed_up.append((folder, keep))
        for _ in range(count):
            step()
        return BackupReport(Backup("backup", moment, "fake", count, 0), count, 0, (), ())

    def change_data_key(
        self, action: Action = Action.CHANGE_DATA_KEY, proof: Proof | None = None
    ) -> None:
        with self.transaction(action, proof) as records:
            records.note(AuditKind.DATA_KEY_CHANGED)

    def close(self) -> None:
        self.closed = True
