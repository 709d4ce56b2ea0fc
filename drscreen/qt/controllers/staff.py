"""Accounts, the recovery code, the idle time and the audit log of whoever is signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from drscreen.domain.audit import AuditReport
from drscreen.domain.permissions import Action, may
from drscreen.domain.users import Role, User
from drscreen.qt.background import Background
from drscreen.qt.controllers.session import Session, heard_in_session
from drscreen.qt.failure import Failure
from drscreen.services.staff import Removal

_Answer = TypeVar("_Answer")


class StaffController(QObject):
    """Every answer arrives by signal on the GUI thread; `done` carries words for the person."""

    session_changed = Signal()
    accounts_listed = Signal(object)
    minutes_known = Signal(int)
    code_made = Signal(str)
    verified = Signal(object)
    busy_changed = Signal(bool)
    done = Signal(str)
    failed = Signal(object)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._session: Session | None = None

    def use(self, session: Session | None) -> None:
        """Work for that session from now on; None when nobody is signed in."""
        self._session = session
        self.session_changed.emit()
        if session is not None:
            staff = session.staff
            self._run(lambda _: staff.idle_minutes(), self._tell_minutes)
            self.refresh()

    @property
    def user(self) -> User | None:
        """Who is signed in."""
        return self._session.store.user if self._session else None

    def may(self, action: Action) -> bool:
        """Whether the one who is signed in may do it."""
        return self.user is not None and may(self.user, action)

    def refresh(self) -> None:
        """List the accounts again, for those who may see them."""
        if self.may(Action.MANAGE_ACCOUNTS):
            self._run(lambda session: session.staff.accounts(), self._tell_accounts)

    def add(self, user: User, password: str, repeated: str) -> None:
        """Add an account."""
        if self._same(password, repeated):
            words = self.tr("{0} may sign in now.").format(user.name)
            self._change(lambda session: session.staff.add(user, password), words)

    def remove(self, name: str) -> None:
        """Remove an account and change the data key."""

        def told(removal: Removal) -> None:
            if removal.recovery_code is not None:
                self._tell_code(removal.recovery_code)
            if removal.refused is not None:
                self._fail(Failure.of(removal.refused))
            self._tell(self.tr("{0} cannot sign in any more.").format(name))
            self.refresh()

        self._run(lambda session: session.staff.remove(name), told)

    def change_role(self, name: str, role: Role) -> None:
        """Give an account another role."""
        words = self.tr("The new role of {0} holds from the next sign-in on.").format(name)
        self._change(lambda session: session.staff.change_role(name, role), words)

    def set_password(self, name: str, password: str, repeated: str) -> None:
        """Give somebody a new password."""
        if self._same(password, repeated):
            words = self.tr("{0} has a new password.").format(name)
            self._change(lambda session: session.staff.set_password(name, password), words)

    def change_own_password(self, current: str, password: str, repeated: str) -> None:
        """Replace one's own password."""
        if self._same(password, repeated):
            self._change(
                lambda session: session.staff.change_own_password(current, password),
                self.tr("Your password is changed."),
            )

    def new_recovery_code(self) -> None:
        """Make a new code; `code_made` shows it."""
        self._run(lambda session: session.staff.new_recovery_code(), self._tell_code)

    def set_idle_minutes(self, minutes: int) -> None:
        """Set when the window locks by itself."""

        def told(_nothing: None) -> None:
            self._tell_minutes(minutes)

        self._run(lambda session: session.staff.set_idle_minutes(minutes), told)

    def verify(self) -> None:
        """Check the whole audit chain."""
        self._run(lambda session: session.audit.verify(), self._tell_report)

    def _change(self, work: Callable[[Session], object], words: str) -> None:
        def told(_answer: object) -> None:
            self._tell(words)
            self.refresh()

        self._run(work, told)

    def _run(self, work: Callable[[Session], _Answer], told: Callable[[_Answer], None]) -> None:
        session = self._session
        if session is None:
            return

        heard = heard_in_session(lambda: self._session, told)

        def answered(answer: _Answer) -> None:
            self.busy_changed.emit(False)
            heard(answer)

        self.busy_changed.emit(True)
        self._background.run(lambda: work(session), answered, self._on_failed)

    def _on_failed(self, failure: Failure) -> None:
        self.busy_changed.emit(False)
        self._fail(failure)

    def _same(self, password: str, repeated: str) -> bool:
        if password != repeated:
            self._fail(
                Failure("passwords_differ", self.tr("The two new passwords are not the same."))
            )
        return password == repeated

    # `Signal.emit` takes anything, so each message leaves through a typed method.

    def _tell(self, words: str) -> None:
        self.done.emit(words)

    def _tell_accounts(self, accounts: list[User]) -> None:
        self.accounts_listed.emit(tuple(accounts))

    def _tell_minutes(self, minutes: int) -> None:
        self.minutes_known.emit(minutes)

    def _tell_code(self, code: str) -> None:
        self.code_made.emit(code)

    def _tell_report(self, report: AuditReport) -> None:
        self.verified.emit(report)

    def _fail(self, failure: Failure) -> None:
        self.failed.emit(failure)
