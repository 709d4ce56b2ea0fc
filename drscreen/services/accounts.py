"""Make a clinic's store, sign in, recover an account."""

from __future__ import annotations

from drscreen.domain.errors import InvalidInput
from drscreen.domain.recovery import checked_recovery_code
from drscreen.domain.store_ports import OpenStore, Store
from drscreen.domain.text import checked_line
from drscreen.domain.users import (
    PasswordJudge,
    Role,
    check_new_password,
    checked_display_name,
    checked_user_name,
)
from drscreen.services.permission import before_sign_in

CLINIC_NAME_MAX = 200


class AccountsService:
    """Any thread. Opening a store derives a key, which takes a few tenths of a second.

    `judge` says why a new password is too weak.
    """

    def __init__(self, store: Store, judge: PasswordJudge) -> None:
        self._store = store
        self._judge = judge

    @before_sign_in
    def is_first_start(self) -> bool:
        """Whether this home has no store yet."""
        return not self._store.exists()

    @before_sign_in
    def create_clinic(
        self, clinic: str, user: str, password: str, display_name: str = ""
    ) -> OpenStore:
        """Make the store; the first account is its administrator. Returns it opened.

        Raises `InvalidInput`, `PasswordTooWeak`, `StoreExists`, `StoreUnwritable`.
        """
        name = checked_user_name(user)
        title = checked_line(clinic, "clinic's name", CLINIC_NAME_MAX, "clinic")
        shown = checked_display_name(display_name)
        check_new_password(password, self._judge, (name, title))
        if not title:
            raise InvalidInput("The clinic needs a name.", "clinic")
        self._store.create(title, name, shown, Role.ADMINISTRATOR, password)
        return self._store.open(name, password)

    @before_sign_in
    def sign_in(self, user: str, password: str) -> OpenStore:
        """Open the store as `user`. Raises `SignInFailed` without telling which of the two was
        wrong, or a `StoreError`.
        """
        return self._store.open(user.strip(), password)

    @before_sign_in
    def recover(self, code: str, user: str, password: str) -> OpenStore:
        """Give an account a new password by the recovery code, and open the store with it.

        Raises `InvalidInput` where the code is mistyped, `PasswordTooWeak`, `UserUnknown`,
        `SignInFailed`, or a `StoreError`.
        """
        checked = checked_recovery_code(code)
        check_new_password(password, self._judge, (user,))
        return self._store.recover(checked, user.strip(), password)
