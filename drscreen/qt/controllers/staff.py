"""Accounts, the recovery code, the idle time and the audit log of whoever is signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from drscreen.domain.audit import AuditReport
from drscreen.domain.errors import PasswordNeeded
from drscreen.domain.permissions import Action, may
from drscreen.domain.sign_in import Proof
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
    #: An `Action` waits for the password: `type_password`, or `keep_from_it`.
    password_needed = Signal(object)
    password_taken = Signal()
    password_refused = Signal(object)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._session: Session | None = None
        self._waiting: tuple[Action, Callable[[Proof], None]] | None = None

    def use(self, session: Session | None) -> None:
        """Work for that session from now on; None when nobody is signed in."""
        self._session = session
        self._waiting = None
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
            self._dare(
                Action.ADD_ADMINISTRATORS,
                lambda session, proof: session.staff.add(user, password, proof),
                self._told(words),
            )

    def remove(self, name: str) -> None:
        """Remove an account and change the data key."""

        def told(removal: Removal) -> None:
            if removal.recovery_code is not None:
                self._tell_code(removal.recovery_code)
            if removal.refused is not None:
                self._fail(Failure.of(removal.refused))
            self._tell(self.tr("{0} cannot sign in any more.").format(name))
            self.refresh()

        self._dare(
            Action.REMOVE_ACCOUNTS, lambda session, proof: session.staff.remove(name, proof), told
        )

    def change_role(self, name: str, role: Role) -> None:
        """Give an account another role."""
        words = self.tr("The new role of {0} holds from the next sign-in on.").format(name)
        self._dare(
            Action.CHANGE_ROLES,
            lambda session, proof: session.staff.change_role(name, role, proof),
            self._told(words),
        )

    def set_password(self, name: str, password: str, repeated: str) -> None:
        """Give somebody a new password."""
        if self._same(password, repeated):
            words = self.tr("{0} has a new password.").format(name)
            self._dare(
                Action.SET_PASSWORDS,
                lambda session, proof: session.staff.set_password(name, password, proof),
                self._told(words),
            )

    def change_own_password(self, current: str, password: str, repeated: str) -> None:
        """Replace one's own password."""
        if self._same(password, repeated):
            self._run(
                lambda session: session.staff.change_own_password(current, password),
                self._told(self.tr("Your password is changed.")),
            )

    def new_recovery_code(self) -> None:
        """Make a new code; `code_made` shows it."""
        self._dare(
            Action.MAKE_RECOVERY_CODES,
            lambda session, proof: session.staff.new_recovery_code(proof),
            self._tell_code,
        )

    def type_password(self, password: str) -> None:
        """The password for what waits for it."""
        if self._waiting is None:
            return
        action, go_on = self._waiting

        def taken(proof: Proof) -> None:
            self._waiting = None
            self.password_taken.emit()
            go_on(proof)

        self._run(lambda session: session.staff.reenter(action, password), taken, self._refuse)

    @Slot()
    def keep_from_it(self) -> None:
        """The person thought better of it."""
        if self._waiting is not None:
            self._waiting = None
            self.refresh()

    def set_idle_minutes(self, minutes: int) -> None:
        """Set when the window locks by itself."""

        def told(_nothing: None) -> None:
            self._tell_minutes(minutes)

        self._run(lambda session: session.staff.set_idle_minutes(minutes), told)

    def verify(self) -> None:
        """Check the whole audit chain."""
        self._run(lambda session: session.audit.verify(), self._tell_report)

    def _told(self, words: str) -> Callable[[object], None]:
        def told(_answer: object) -> None:
            self._tell(words)
            self.refresh()

        return told

    def _dare(
        self,
        action: Action,
        work: Callable[[Session, Proof], _Answer],
        told: Callable[[_Answer], None],
    ) -> None:
        """What may need the password once more; done as soon as it was typed. Asked for each time:
        whoever signed in a moment ago may have left the room.
        """

        def failed(failure: Failure) -> None:
            if failure.code != PasswordNeeded.code:
                self._fail(failure)
                return
            self._waiting = (action, lambda proof: self._run(lambda s: work(s, proof), told))
            self._ask_password(action)

        untyped = Proof(action, b"")
        self._run(lambda session: work(session, untyped), told, failed)

    def _run(
        self,
        work: Callable[[Session], _Answer],
        told: Callable[[_Answer], None],
        failed: Callable[[Failure], None] | None = None,
    ) -> None:
        session = self._session
        if session is None:
            return

        heard = heard_in_session(lambda: self._session, told)

        def answered(answer: _Answer) -> None:
            self.busy_changed.emit(False)
            heard(answer)

        heard_no = heard_in_session(lambda: self._session, failed or self._fail)

        def refused(failure: Failure) -> None:
            self.busy_changed.emit(False)
            heard_no(failure)

        self.busy_changed.emit(True)
        self._background.run(lambda: work(session), answered, refused)

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

    def _ask_password(self, action: Action) -> None:
        self.password_needed.emit(action)

    def _refuse(self, failure: Failure) -> None:
        self.password_refused.emit(failure)

    def _fail(self, failure: Failure) -> None:
        self.failed.emit(failure)
