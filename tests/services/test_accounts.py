from __future__ import annotations

import pytest

from drscreen.domain.errors import (
    InvalidInput,
    PasswordTooWeak,
    SignInFailed,
    StoreExists,
)
from drscreen.domain.users import Role, User
from drscreen.services.accounts import AccountsService
from tests.fakes.store import FakeStore

PASSWORD = "correct horse battery"


@pytest.fixture
def accounts() -> AccountsService:
    return AccountsService(FakeStore())


def test_first_start_makes_an_administrator_and_signs_in(accounts: AccountsService) -> None:
    assert accounts.is_first_start()
    opened = accounts.create_clinic("  Hilltop ", " nora ", PASSWORD, " Nora Lind ")
    assert not accounts.is_first_start()
    assert opened.clinic == "Hilltop"
    assert opened.user == User("nora", Role.ADMINISTRATOR, "Nora Lind")


@pytest.mark.parametrize(
    ("clinic", "user", "password", "error"),
    [
        ("", "nora", PASSWORD, InvalidInput),
        ("   ", "nora", PASSWORD, InvalidInput),
        ("c" * 201, "nora", PASSWORD, InvalidInput),
        ("line\nbreak", "nora", PASSWORD, InvalidInput),
        ("Hilltop", "n", PASSWORD, InvalidInput),
        ("Hilltop", "no ra", PASSWORD, InvalidInput),
        ("Hilltop", "nora", "short", PasswordTooWeak),
        ("Hilltop", "nora", "x" * 2000, PasswordTooWeak),
    ],
)
def test_wrong_first_start_makes_nothing(
    accounts: AccountsService, clinic: str, user: str, password: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        accounts.create_clinic(clinic, user, password)
    assert accounts.is_first_start()


def test_second_clinic_in_the_same_home_is_refused(accounts: AccountsService) -> None:
    accounts.create_clinic("Hilltop", "nora", PASSWORD)
    with pytest.raises(StoreExists):
        accounts.create_clinic("Other", "eve", PASSWORD)


def test_sign_in_forgives_spaces_and_case_of_the_name_only(accounts: AccountsService) -> None:
    accounts.create_clinic("Hilltop", "nora", PASSWORD)
    assert accounts.sign_in(" NORA ", PASSWORD).user.name == "nora"
    for user, password in (("nora", PASSWORD + " "), ("eve", PASSWORD)):
        with pytest.raises(SignInFailed):
            accounts.sign_in(user, password)
