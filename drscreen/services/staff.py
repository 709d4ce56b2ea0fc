"""Who works here: accounts, passwords, the recovery code, when the workstation locks."""

from __future__ import annotations

from dataclasses import dataclass

from drscreen.domain.errors import (
    AccountProtected,
    InvalidInput,
    KeyChangeRefused,
    UserUnknown,
)
from drscreen.domain.permissions import Action
from drscreen.domain.recovery import new_recovery_code
from drscreen.domain.sign_in import Proof
from drscreen.domain.store_ports import OpenStore, Records
from drscreen.domain.text import identity
from drscreen.domain.users import (
    PasswordJudge,
    Role,
    User,
    check_new_password,
    checked_display_name,
    checked_user_name,
)
from drscreen.services.permission import needs

IDLE_MINUTES_MAX = 240


@dataclass(frozen=True, slots=True)
class Removal:
    """What followed from removing an account.

    `recovery_code` is the new one, where the old may have been known: administrators see it.
    `refused` says why the data key could not be changed yet; do it as soon as it can be.
    """

    recovery_code: str | None
    refused: KeyChangeRefused | None


class StaffService:
    """Any thread; a new envelope takes a few tenths of a second, a new data key longer.

    What is dangerous takes a proof of `reenter`, bound to the act; without one the sign-in must
    have been a moment ago. Raises `PasswordNeeded` then, before anything is done.

    `judge` says why a new password is too weak.
    """

    def __init__(self, store: OpenStore, judge: PasswordJudge) -> None:
        self._store = store
        self._judge = judge

    @needs(Action.CHANGE_OWN_PASSWORD)
    def reenter(self, action: Action, password: str) -> Proof:
        """Type the own password once more, for one act. Raises as `OpenStore.reenter`."""
        return self._store.reenter(action, password)

    @needs(Action.MANAGE_ACCOUNTS)
    def accounts(self) -> list[User]:
        """All accounts by name."""
        with self._store.transaction(Action.MANAGE_ACCOUNTS) as records:
            return records.users()

    @needs(Action.MANAGE_ACCOUNTS)
    def add(self, user: User, password: str, proof: Proof | None = None) -> User:
        """Add an account; an administrator's with a proof. Raises `InvalidInput`,
        `PasswordTooWeak`, `UserExists`.
        """
        checked = User(
            checked_user_name(user.name), user.role, checked_display_name(user.display_name)
        )
        self._check(checked.name, password)
        is_administrator = checked.role is Role.ADMINISTRATOR
        action = Action.ADD_ADMINISTRATORS if is_administrator else Action.MANAGE_ACCOUNTS
        with self._store.transaction(action, proof) as records:
            records.add_user(checked, password)
        return checked

    @needs(Action.REMOVE_ACCOUNTS)
    def remove(self, name: str, proof: Proof | None = None) -> Removal:
        """Remove an account, then put the records under a new data key, which it never had.

        Raises `UserUnknown`, `AccountProtected`. A data key that cannot be changed now is told in
        the answer: the account is out all the same.
        """
        if self._is_me(name):
            raise AccountProtected("You cannot remove the account that you are signed in with.")
        code = None
        with self._store.transaction(Action.REMOVE_ACCOUNTS, proof) as records:
            user = _known(records, name)
            if user.role is Role.ADMINISTRATOR:
                code = new_recovery_code()
                records.set_recovery_code(code)
            records.remove_user(name)
        try:
            self._store.change_data_key(Action.REMOVE_ACCOUNTS, proof)
        except KeyChangeRefused as refused:
            return Removal(code, refused)
        return Removal(code, None)

    @needs(Action.CHANGE_DATA_KEY)
    def change_data_key(self, proof: Proof | None = None) -> None:
        """Put the records under a new data key. Raises `KeyChangeRefused`, `StoreFull`."""
        self._store.change_data_key(Action.CHANGE_DATA_KEY, proof)

    @needs(Action.CHANGE_ROLES)
    def change_role(self, name: str, role: Role, proof: Proof | None = None) -> None:
        """Give an account another role, from its next sign-in on.

        Raises `UserUnknown`, `AccountProtected` where no administrator would be left.
        """
        with self._store.transaction(Action.CHANGE_ROLES, proof) as records:
            user = _known(records, name)
            others = [
                other
                for other in records.users()
                if other.role is Role.ADMINISTRATOR and other.name != user.name
            ]
            if user.role is Role.ADMINISTRATOR and role is not user.role and not others:
                raise AccountProtected("This is the only administrator.")
            records.set_role(name, role)

    @needs(Action.SET_PASSWORDS)
    def set_password(self, name: str, password: str, proof: Proof | None = None) -> None:
        """Give somebody a new password, who has forgotten theirs.

        Raises `UserUnknown`, `PasswordTooWeak`.
        """
        self._check(name, password)
        with self._store.transaction(Action.SET_PASSWORDS, proof) as records:
            records.set_password(name, password)

    @needs(Action.CHANGE_OWN_PASSWORD)
    def change_own_password(self, current: str, password: str) -> None:
        """Replace the password of whoever is signed in and still knows it.

        Raises `PasswordTooWeak`, and as `OpenStore.reenter`.
        """
        me = self._store.user.name
        self._check(me, password)
        proof = self._store.reenter(Action.CHANGE_OWN_PASSWORD, current)
        with self._store.transaction(Action.CHANGE_OWN_PASSWORD, proof) as records:
            records.set_password(me, password)

    @needs(Action.MAKE_RECOVERY_CODES)
    def new_recovery_code(self, proof: Proof | None = None) -> str:
        """Make the one code that recovers; it is shown now and never again."""
        code = new_recovery_code()
        with self._store.transaction(Action.MAKE_RECOVERY_CODES, proof) as records:
            records.set_recovery_code(code)
        return code

    @needs(Action.MANAGE_ACCOUNTS)
    def has_recovery_code(self) -> bool:
        """Whether one was made."""
        with self._store.transaction(Action.MANAGE_ACCOUNTS) as records:
            return records.has_recovery_code()

    @needs(Action.SEE_OWN_SESSION)
    def idle_minutes(self) -> int:
        """After how many minutes without a person the window locks.

        Earlier versions could write 0 for never: that reads as the longest there is.
        """
        with self._store.transaction(Action.SEE_OWN_SESSION) as records:
            minutes = records.idle_minutes()
        return minutes if 1 <= minutes <= IDLE_MINUTES_MAX else IDLE_MINUTES_MAX

    @needs(Action.MANAGE_CLINIC)
    def set_idle_minutes(self, minutes: int) -> None:
        """Change that for everybody. Raises `InvalidInput`."""
        if not 1 <= minutes <= IDLE_MINUTES_MAX:
            raise InvalidInput(f"The window locks after 1 to {IDLE_MINUTES_MAX} minutes.")
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            records.set_idle_minutes(minutes)

    def _check(self, name: str, password: str) -> None:
        check_new_password(password, self._judge, (name, self._store.clinic))

    def _is_me(self, name: str) -> bool:
        return identity(name).casefold() == self._store.user.name.casefold()


def _known(records: Records, name: str) -> User:
    for user in records.users():
        if user.name.casefold() == identity(name).casefold():
            return user
    raise UserUnknown("There is no account of that name.")
