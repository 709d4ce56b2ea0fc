"""Who is signed in: first start, sign-in, lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from drscreen.domain.store_ports import OpenStore
from drscreen.qt.background import Background, Priority
from drscreen.qt.failure import Failure
from drscreen.services.accounts import AccountsService
from drscreen.services.audit import AuditService
from drscreen.services.records import RecordsService
from drscreen.services.staff import StaffService

AccountsFactory = Callable[[], AccountsService]
RecordsFactory = Callable[[OpenStore], RecordsService]
StaffFactory = Callable[[OpenStore], StaffService]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Session:
    """An open store and what is done in it. `recovery_code` is there at the first start only."""

    store: OpenStore
    records: RecordsService
    staff: StaffService
    audit: AuditService
    recovery_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NewClinic:
    """What the first start asks for."""

    clinic: str
    display_name: str
    user: str
    password: str
    repeated: str


class SessionController(QObject):
    """Opens and closes the store. Keys are derived on the background thread.

    `accounts` is called there too, because making it imports the database.
    """

    first_start_needed = Signal()
    sign_in_needed = Signal()
    busy_changed = Signal(bool)
    failed = Signal(object)
    signed_in = Signal(object)
    signed_out = Signal()

    def __init__(
        self,
        accounts: AccountsFactory,
        records: RecordsFactory,
        staff: StaffFactory,
        background: Background,
        close: Callable[[OpenStore], None],
    ) -> None:
        """`close` is called on the background thread, behind all that a session asked for."""
        super().__init__()
        self._close = close
        self._accounts = accounts
        self._records = records
        self._staff = staff
        self._background = background
        self._session: Session | None = None
        self._busy = False

    @property
    def session(self) -> Session | None:
        """The open session, if somebody is signed in."""
        return self._session

    def start(self) -> None:
        """Find out whether there is a store, and ask for what is needed next."""
        self._background.run(
            lambda: self._accounts().is_first_start(), self._on_looked, self._on_failed
        )

    def create_clinic(self, form: NewClinic) -> None:
        """Make the store and sign its administrator in."""
        if form.password != form.repeated:
            self._fail("passwords_differ", self.tr("The two passwords are not the same."))
            return
        self._enter(
            lambda: self._accounts().create_clinic(
                form.clinic, form.user, form.password, form.display_name
            ),
            is_new=True,
        )

    def sign_in(self, user: str, password: str) -> None:
        """Open the store."""
        if not user.strip() or not password:
            self._fail("incomplete", self.tr("Type your user name and your password."))
            return
        self._enter(lambda: self._accounts().sign_in(user, password))

    def recover(self, code: str, user: str, password: str, repeated: str) -> None:
        """Give an account a new password by the recovery code, and open the store."""
        if password != repeated:
            self._fail("passwords_differ", self.tr("The two passwords are not the same."))
            return
        self._enter(lambda: self._accounts().recover(code, user, password))

    def tell(self, failure: Failure) -> None:
        """Say where people sign in why the session ended."""
        self.failed.emit(failure)

    def sign_out(self) -> None:
        """Close the store behind everything that was still asked of it."""
        session, self._session = self._session, None
        if session is None:
            return
        self.signed_out.emit()
        store = session.store
        self._background.run(lambda: self._close(store), _ignore, self._on_failed, Priority.LAST)
        self.sign_in_needed.emit()

    def _enter(self, open_store: Callable[[], OpenStore], *, is_new: bool = False) -> None:
        if self._busy:
            return

        def work() -> Session:
            store = open_store()
            staff = self._staff(store)
            code = staff.new_recovery_code() if is_new else ""
            return Session(store, self._records(store), staff, AuditService(store), code)

        self._set_busy(True)
        self._background.run(work, self._on_entered, self._on_failed)

    def _on_looked(self, is_first_start: bool) -> None:
        if is_first_start:
            self.first_start_needed.emit()
        else:
            self.sign_in_needed.emit()

    def _on_entered(self, session: Session) -> None:
        self._session = session
        self._set_busy(False)
        self.signed_in.emit(session)

    def _on_failed(self, failure: Failure) -> None:
        self._set_busy(False)
        self.failed.emit(failure)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.busy_changed.emit(busy)

    def _fail(self, code: str, message: str) -> None:
        self.failed.emit(Failure(code, message))


def heard_in_session(
    current: Callable[[], Session | None], answer: Callable[[_Answer], None]
) -> Callable[[_Answer], None]:
    """`answer`, silent once `current` is not the session that it is now: of an earlier one nobody
    wants to hear.
    """
    asked = current()

    def heard(value: _Answer) -> None:
        if current() is asked:
            answer(value)

    return heard


def _ignore(_nothing: None) -> None:
    """Closing has no answer worth showing."""
