"""What any store promises of its accounts: the same for the one in memory and the encrypted one."""

from __future__ import annotations

import pytest

from drscreen.domain.errors import (
    AccountRemoved,
    SignInFailed,
    UserExists,
    UserUnknown,
)
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore, Store
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import PASSWORD


@pytest.mark.parametrize(
    ("user", "password"),
    [("Nora", "wrong password"), ("Eve", PASSWORD), ("Nora", ""), ("", ""), ("Nora", "\ud800")],
)
def test_unknown_user_and_wrong_password_read_the_same(
    store: Store, opened: OpenStore, user: str, password: str
) -> None:
    with pytest.raises(SignInFailed) as refused:
        store.open(user, password)
    assert refused.value.message == "The user name or the password is wrong."


def test_user_name_without_regard_to_case(store: Store, opened: OpenStore) -> None:
    again = store.open("nORA", PASSWORD)
    assert again.user.name == "Nora"
    again.close()


def test_second_user_signs_in_with_own_password(store: Store, opened: OpenStore) -> None:
    tess = User("tess", Role.TECHNICIAN, "Tess")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(tess, "another password")
        records.add_patient(Patient("A-17"))
    theirs = store.open("tess", "another password")
    assert theirs.user == tess
    with theirs.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("A-17") is not None
        assert records.users() == [opened.user, tess]
    theirs.close()
    with pytest.raises(SignInFailed):
        store.open("tess", PASSWORD)
    with pytest.raises(SignInFailed):
        store.open("Nora", "another password")


def test_user_names_are_unique(store: Store, opened: OpenStore) -> None:
    with pytest.raises(UserExists), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("NORA", Role.TECHNICIAN), "another password")
    store.open("Nora", PASSWORD).close()


def test_account_taken_back_with_its_transaction(store: Store, opened: OpenStore) -> None:
    with pytest.raises(KeyError), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
        raise KeyError
    with pytest.raises(SignInFailed):
        store.open("tess", "another password")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "a third password")
    store.open("tess", "a third password").close()


# --- people ----------------------------------------------------------------------------------


def test_new_password_and_role_hold(store: Store, opened: OpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
        records.set_password("TESS", "a third password")
        records.set_role("Tess", Role.CLINICIAN)
    with pytest.raises(SignInFailed):
        store.open("tess", "another password")
    theirs = store.open("tess", "a third password")
    assert theirs.user.role is Role.CLINICIAN
    theirs.close()
    with pytest.raises(UserUnknown), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_role("nobody", Role.CLINICIAN)


def test_removal_and_another_role_hold_in_windows_that_are_open(
    store: Store, opened: OpenStore
) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
    theirs = store.open("tess", "another password")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_role("tess", Role.CLINICIAN)
    with theirs.transaction(Action.EDIT_PATIENTS):
        pass
    assert theirs.user.role is Role.CLINICIAN
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.remove_user("tess")
    with pytest.raises(AccountRemoved), theirs.transaction(Action.EDIT_PATIENTS):
        pass
    theirs.close()
    with pytest.raises(UserExists), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")


def test_recovery_code_opens(store: Store, opened: OpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_recovery_code("AAAAA-BBBBB")
    with pytest.raises(SignInFailed):
        store.recover("AAAAA-CCCCC", "Nora", "a third password")
    store.recover("AAAAA-BBBBB", "Nora", "a third password").close()
    store.open("Nora", "a third password").close()


def test_idle_minutes_are_kept(store: Store, opened: OpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.idle_minutes() == 10
        records.set_idle_minutes(3)
    again = store.open("Nora", PASSWORD)
    with again.transaction(Action.EDIT_PATIENTS) as records:
        assert records.idle_minutes() == 3
    again.close()
