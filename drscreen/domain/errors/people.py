"""Who may come in, and whom the records know."""

from __future__ import annotations

import math
from datetime import timedelta

from drscreen.domain.errors.base import DrscreenError
from drscreen.domain.errors.store import StoreError


class SignInFailed(DrscreenError):
    """Unknown user or wrong password; deliberately not told apart."""

    code = "sign_in_failed"
    advice = "Check the user name, and whether Caps Lock is on."


class PasswordWrong(SignInFailed):
    """Somebody who is signed in mistyped their password."""

    advice = "Check whether Caps Lock is on."


class SignInThrottled(SignInFailed):
    """Too many failures in a row for this name; nothing was tried."""

    code = "sign_in_throttled"
    advice = "Wait, then type the password slowly. The administrator can give you a new one."

    def __init__(self, wait: timedelta) -> None:
        self.seconds = math.ceil(wait.total_seconds())
        super().__init__(
            f"Too many sign-ins failed for this user name: wait {self.seconds} seconds."
        )


class PasswordNeeded(DrscreenError):
    """A dangerous act, and the password was not typed a moment ago. `action` says which."""

    code = "password_needed"
    advice = "Type your password again."

    def __init__(self, action: str) -> None:
        self.action = action
        super().__init__(f"Your password is needed once more to {action}.")


class UserUnknown(DrscreenError):
    """No account of that name."""

    code = "user_unknown"
    advice = "See the list of accounts; a removed one cannot come back under its name."


class AccountProtected(DrscreenError):
    """What would leave the clinic without an administrator."""

    code = "account_protected"
    advice = "Make another account an administrator first."


class AccountRemoved(StoreError):
    """The account of whoever is signed in was removed by an administrator."""

    code = "account_removed"
    advice = "Ask the administrator."


class KeyChangeRefused(StoreError):
    """The data key cannot be changed now."""

    code = "key_change_refused"
    kept = "The old key stays in use; nothing was lost."
    advice = "Close drscreen everywhere else, then change the key again."


class PasswordTooWeak(DrscreenError):
    """A password below the rule of `domain.users`."""

    code = "password_too_weak"
    advice = "A few words that you can remember make a good password."


class NotPermitted(DrscreenError):
    """The person's role does not allow it."""

    code = "not_permitted"
    advice = "Ask somebody whose account allows it, or the administrator for another role."


class UserExists(DrscreenError):
    """A user of that name is there already."""

    code = "user_exists"
    advice = "Choose another user name."


class PatientExists(DrscreenError):
    """A patient with that number is there already."""

    code = "patient_exists"
    advice = "Open the existing record instead."


class PatientUnknown(DrscreenError):
    """No patient with that number."""

    code = "patient_unknown"
    advice = "Check the number, or make a new record."


class InvalidInput(DrscreenError):
    """A field whose content cannot be what it says; `field` is its name in the record, if known."""

    code = "invalid_input"
    advice = "Correct the field and save again."

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field
