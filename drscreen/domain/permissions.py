"""Who may do what: the permission matrix, one line an action."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from drscreen.domain.errors import NotPermitted
from drscreen.domain.users import Role, User


class Action(StrEnum):
    """What the services do for somebody who is signed in. The words read after "may"."""

    FIND_PATIENTS = "find patients"
    VIEW_PATIENTS = "open patients' files and photographs"
    EDIT_PATIENTS = "record and amend patients"
    SCREEN = "screen photographs"
    REVIEW = "review exams"
    EXPORT_PATIENTS = "export a patient's record"
    ERASE_PATIENTS = "erase a patient's record"
    CHANGE_OWN_PASSWORD = "change their own password"  # noqa: S105 - words
    SEE_OWN_SESSION = "see when the workstation locks"
    MANAGE_ACCOUNTS = "manage accounts"
    ADD_ADMINISTRATORS = "add an administrator"
    REMOVE_ACCOUNTS = "remove an account"
    CHANGE_ROLES = "change somebody's role"
    SET_PASSWORDS = "set somebody's password"
    MAKE_RECOVERY_CODES = "make a recovery code"
    CHANGE_DATA_KEY = "change the data key"
    MANAGE_CLINIC = "change the clinic's settings"
    READ_AUDIT = "read and verify the audit log"
    BACK_UP = "make backups and plan them"
    LET_BACKUPS_RUN = "let the planned backups run"
    CHECK_STORE = "check the store"
    ALLOW_NETWORKS = "allow networks that nobody signed"
    SEE_NOTICES = "see what patients are told"
    HANDLE_NOTICES = "send, retry and cancel notices"
    LET_NOTICES_GO = "let queued notices go out"


_T, _C, _A = Role.TECHNICIAN, Role.CLINICIAN, Role.ADMINISTRATOR

#: The matrix. An action that is not in it is nobody's.
ALLOWED: Mapping[Action, frozenset[Role]] = MappingProxyType(
    {
        Action.FIND_PATIENTS: frozenset({_T, _C, _A}),
        Action.VIEW_PATIENTS: frozenset({_T, _C, _A}),
        Action.EDIT_PATIENTS: frozenset({_T, _C, _A}),
        Action.SCREEN: frozenset({_T, _C, _A}),
        Action.CHANGE_OWN_PASSWORD: frozenset({_T, _C, _A}),
        Action.SEE_OWN_SESSION: frozenset({_T, _C, _A}),
        Action.LET_BACKUPS_RUN: frozenset({_T, _C, _A}),
        Action.SEE_NOTICES: frozenset({_T, _C, _A}),
        Action.HANDLE_NOTICES: frozenset({_T, _C, _A}),
        Action.LET_NOTICES_GO: frozenset({_T, _C, _A}),
        Action.REVIEW: frozenset({_C, _A}),
        Action.EXPORT_PATIENTS: frozenset({_C, _A}),
        Action.ERASE_PATIENTS: frozenset({_A}),
        Action.MANAGE_ACCOUNTS: frozenset({_A}),
        Action.ADD_ADMINISTRATORS: frozenset({_A}),
        Action.REMOVE_ACCOUNTS: frozenset({_A}),
        Action.CHANGE_ROLES: frozenset({_A}),
        Action.SET_PASSWORDS: frozenset({_A}),
        Action.MAKE_RECOVERY_CODES: frozenset({_A}),
        Action.CHANGE_DATA_KEY: frozenset({_A}),
        Action.MANAGE_CLINIC: frozenset({_A}),
        Action.READ_AUDIT: frozenset({_A}),
        Action.BACK_UP: frozenset({_A}),
        Action.CHECK_STORE: frozenset({_A}),
        Action.ALLOW_NETWORKS: frozenset({_A}),
    }
)


#: What nobody does on somebody else's open session: the password is typed again, or was a moment
#: ago (`domain.sign_in.PROOF_LASTS`).
NEEDS_PASSWORD = frozenset(
    {
        Action.ERASE_PATIENTS,
        Action.CHANGE_OWN_PASSWORD,
        Action.ADD_ADMINISTRATORS,
        Action.REMOVE_ACCOUNTS,
        Action.CHANGE_ROLES,
        Action.SET_PASSWORDS,
        Action.MAKE_RECOVERY_CODES,
        Action.CHANGE_DATA_KEY,
    }
)


def may(user: User, action: Action) -> bool:
    """Whether the user's role allows the action."""
    return user.role in ALLOWED.get(action, frozenset())


def require(user: User, action: Action) -> None:
    """Raise `NotPermitted` where the user's role does not allow the action."""
    if not may(user, action):
        allowed = sorted(role.value for role in ALLOWED.get(action, frozenset()))
        who = " or ".join(allowed) or "nobody"
        raise NotPermitted(
            f"Your account ({user.role.value}) may not {action.value}; this needs: {who}."
        )
