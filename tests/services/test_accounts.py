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
from tests.fakes.passwords import any_password
from tests.fakes.store import FakeStore

PASSWORD = "correct horse battery"


@pytest.fixture
def accounts() -> AccountsService:
    return AccountsService(FakeStore(), any_password)


def test_first_start_makes_an_administrator_and_signs_in(accounts: AccountsService) -> None:
    assert accounts.is_first_start()
    opened = accounts.create_clinic("  Hilltop ", " nora ", PASSWORD, " Nora Lind ")
    assert not accounts.is_first_start()
    assert opened.clinic == "Hilltop"
    assert opened.user == User("nora", Role.ADMINISTRATOR, "Nora Lind")


def test_a_clinics_and_a_persons_name_are_tidied_like_every_name(
    accounts: AccountsService,
) -> None:
    sri = "\u0dc1\u0dca\u200d\u0dbb\u0dd3"
    opened = accounts.create_clinic(f"\ufeff{sri}\u00a0Clinic", "nora", PASSWORD, f"\u200b{sri}")
    assert (opened.clinic, opened.user.display_name) == (f"{sri} Clinic", sri)


@pytest.mark.parametrize("display_name", ["Nora\nLind", "Nora\x00", "\ud800", "x" * 201])
def test_a_name_that_others_see_is_checked(accounts: AccountsService, display_name: str) -> None:
    with pytest.raises(InvalidInput, match="name that others see"):
        accounts.create_clinic("Hilltop", "nora", PASSWORD, display_name)
    assert accounts.is_first_start()


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
