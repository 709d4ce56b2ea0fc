"""Make a clinic's store, sign in, add accounts."""

from __future__ import annotations

from drscreen.domain.errors import InvalidInput
from drscreen.domain.permissions import Action
from drscreen.domain.ports import OpenStore, Store
from drscreen.domain.users import Role, User, check_new_password, checked_user_name
from drscreen.services.permission import before_sign_in, needs

CLINIC_NAME_MAX = 200


class AccountsService:
    """Any thread. Opening a store derives a key, which takes a few tenths of a second."""

    def __init__(self, store: Store) -> None:
        self._store = store

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
        check_new_password(password)
        title = clinic.strip()
        if not title or len(title) > CLINIC_NAME_MAX or not title.isprintable():
            raise InvalidInput("The clinic needs a name.")
        self._store.create(title, name, display_name.strip(), Role.ADMINISTRATOR, password)
        return self._store.open(name, password)

    @before_sign_in
    def sign_in(self, user: str, password: str) -> OpenStore:
        """Open the store as `user`. Raises `SignInFailed` without telling which of the two was
        wrong, or a `StoreError`.
        """
        return self._store.open(user.strip(), password)


@needs(Action.MANAGE_ACCOUNTS)
def add_user(store: OpenStore, user: User, password: str) -> None:
    """Add an account to an open store. Raises `InvalidInput`, `PasswordTooWeak`, `UserExists`."""
    checked = User(checked_user_name(user.name), user.role, user.display_name.strip())
    check_new_password(password)
    with store.transaction() as records:
        records.add_user(checked, password)
