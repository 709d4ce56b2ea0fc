from __future__ import annotations

from collections.abc import Callable

import pytest

from drscreen.adapters.system.password_strength import weakness
from drscreen.domain.errors import (
    AccountProtected,
    InvalidInput,
    KeyChangeRefused,
    NotPermitted,
    PasswordNeeded,
    PasswordTooWeak,
    SignInFailed,
    UserExists,
    UserUnknown,
)
from drscreen.domain.permissions import NEEDS_PASSWORD, Action
from drscreen.domain.sign_in import Proof
from drscreen.domain.users import Role, User
from drscreen.services.accounts import AccountsService
from drscreen.services.staff import IDLE_MINUTES_MAX, StaffService
from tests.fakes.store import FakeOpenStore, FakeStore

PASSWORD, FRESH = "correct horse battery", "another password"


@pytest.fixture
def accounts() -> AccountsService:
    return AccountsService(FakeStore(), weakness)


@pytest.fixture
def store(accounts: AccountsService) -> FakeOpenStore:
    opened = accounts.create_clinic("Hilltop", "nora", PASSWORD)
    assert isinstance(opened, FakeOpenStore)
    return opened


@pytest.fixture
def staff(store: FakeOpenStore) -> StaffService:
    return StaffService(store, weakness)


def test_added_user_signs_in(accounts: AccountsService, staff: StaffService) -> None:
    staff.add(User(" tess ", Role.TECHNICIAN, " Tess "), FRESH)
    assert accounts.sign_in("tess", FRESH).user == User("tess", Role.TECHNICIAN, "Tess")


@pytest.mark.parametrize(
    ("user", "password", "error"),
    [
        ("Nora", FRESH, UserExists),
        ("!", FRESH, InvalidInput),
        ("tess", "short", PasswordTooWeak),
        ("tess", "Password1234", PasswordTooWeak),
        ("tess", "hilltop12345", PasswordTooWeak),
        ("tessandra", "Tessandra123", PasswordTooWeak),
        ("tess", "drscreen2026", PasswordTooWeak),
        ("tess", "Welcome2026!", PasswordTooWeak),
        ("tess", "monkey123456", PasswordTooWeak),
        ("tess", "qwertyuiop12", PasswordTooWeak),
        ("tess", "elevenchars", PasswordTooWeak),
        ("tess", "aaaaaaaaaaaa", PasswordTooWeak),
        ("tess", "abcdefghijklm", PasswordTooWeak),
        ("tess", "987654321098", PasswordTooWeak),
    ],
)
def test_added_user_is_checked(
    staff: StaffService, user: str, password: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        staff.add(User(user, Role.TECHNICIAN), password)
    assert [one.name for one in staff.accounts()] == ["nora"]


@pytest.mark.parametrize(
    "password",
    ["     x y z    ", "пароль из слов", "hilltop is not all of it", "tess7#kq2!xx"],
)
def test_no_kind_of_character_is_asked_for(staff: StaffService, password: str) -> None:
    staff.add(User("tess", Role.TECHNICIAN), password)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("Password1234", "commonly used"),
        ("tessandra123", "your name"),
        ("aaaaaaaaaaaa", "Repeats"),
        ("abcdefghijklm", "Sequences"),
    ],
)
def test_sentence_says_what_is_weak(staff: StaffService, password: str, words: str) -> None:
    with pytest.raises(PasswordTooWeak, match=words):
        staff.add(User("tessandra", Role.TECHNICIAN), password)


@pytest.mark.parametrize("password", ["ab" * 512, "correct horse battery " * 40])
def test_long_passwords_are_judged_by_their_beginning(password: str) -> None:
    assert bool(weakness(password, ())) == password.startswith("ab")


def test_password_of_an_earlier_rule_goes_on_opening(accounts: AccountsService) -> None:
    accounts.create_clinic("Hilltop", "nora", PASSWORD)
    with accounts.sign_in("nora", PASSWORD).transaction(Action.SET_PASSWORDS) as records:
        records.set_password("nora", "weak")
    accounts.sign_in("nora", "weak").close()


def test_removed_user_is_out(accounts: AccountsService, staff: StaffService) -> None:
    staff.add(User("tess", Role.TECHNICIAN), FRESH)
    removal = staff.remove("Tess")
    assert (removal.recovery_code, removal.refused) == (None, None)
    with pytest.raises(SignInFailed):
        accounts.sign_in("tess", FRESH)
    with pytest.raises(UserUnknown):
        staff.remove("tess")


def test_removed_administrator_takes_no_recovery_code_along(
    accounts: AccountsService, staff: StaffService
) -> None:
    known = staff.new_recovery_code()
    staff.add(User("ada", Role.ADMINISTRATOR), FRESH)
    code = staff.remove("ada").recovery_code
    assert code
    with pytest.raises(SignInFailed):
        accounts.recover(known, "nora", FRESH)
    accounts.recover(code.lower(), "nora", FRESH).close()
    accounts.sign_in("nora", FRESH)


def test_removal_counts_even_if_the_key_cannot_change_now(
    accounts: AccountsService,
    staff: StaffService,
    store: FakeOpenStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise KeyChangeRefused("The records are open in another window or program.")

    staff.add(User("tess", Role.TECHNICIAN), FRESH)
    monkeypatch.setattr(store, "change_data_key", refuse)
    assert staff.remove("tess").refused is not None
    with pytest.raises(SignInFailed):
        accounts.sign_in("tess", FRESH)


def test_clinic_keeps_an_administrator(accounts: AccountsService, staff: StaffService) -> None:
    staff.add(User("tess", Role.TECHNICIAN), FRESH)
    with pytest.raises(AccountProtected):
        staff.remove("NORA")
    with pytest.raises(AccountProtected):
        staff.change_role("nora", Role.CLINICIAN)
    staff.change_role("tess", Role.ADMINISTRATOR)
    staff.change_role("nora", Role.CLINICIAN)
    with pytest.raises(NotPermitted):
        staff.accounts()
    others = StaffService(accounts.sign_in("tess", FRESH), weakness).accounts()
    assert {one.name: one.role for one in others} == {
        "nora": Role.CLINICIAN,
        "tess": Role.ADMINISTRATOR,
    }


def test_own_password_needs_the_current_one(accounts: AccountsService, staff: StaffService) -> None:
    with pytest.raises(SignInFailed):
        staff.change_own_password("wrong", FRESH)
    with pytest.raises(PasswordTooWeak):
        staff.change_own_password(PASSWORD, "short")
    staff.change_own_password(PASSWORD, FRESH)
    accounts.sign_in("nora", FRESH)


def test_mistyped_recovery_code_is_told_from_a_wrong_one(
    accounts: AccountsService, staff: StaffService
) -> None:
    code = staff.new_recovery_code()
    with pytest.raises(InvalidInput):
        accounts.recover(code[:-1], "nora", FRESH)
    with pytest.raises(PasswordTooWeak):
        accounts.recover(code, "nora", "short")


@pytest.mark.parametrize("minutes", [-1, 0, 241])
def test_idle_minutes_have_bounds(staff: StaffService, minutes: int) -> None:
    staff.set_idle_minutes(5)
    with pytest.raises(InvalidInput):
        staff.set_idle_minutes(minutes)
    assert staff.idle_minutes() == 5


def test_never_of_an_earlier_version_reads_as_the_longest(
    staff: StaffService, store: FakeOpenStore
) -> None:
    with store.transaction(Action.MANAGE_CLINIC) as records:
        records.set_idle_minutes(0)
    assert staff.idle_minutes() == IDLE_MINUTES_MAX


DANGEROUS: dict[Action, Callable[[StaffService, Proof | None], object]] = {
    Action.ADD_ADMINISTRATORS: lambda staff, proof: staff.add(
        User("ada", Role.ADMINISTRATOR), FRESH, proof
    ),
    Action.REMOVE_ACCOUNTS: lambda staff, proof: staff.remove("tess", proof),
    Action.CHANGE_ROLES: lambda staff, proof: staff.change_role("tess", Role.CLINICIAN, proof),
    Action.SET_PASSWORDS: lambda staff, proof: staff.set_password(
        "tess", "four words for tess", proof
    ),
    Action.MAKE_RECOVERY_CODES: lambda staff, proof: staff.new_recovery_code(proof),
    Action.CHANGE_DATA_KEY: lambda staff, proof: staff.change_data_key(proof),
}


def test_every_dangerous_act_is_tried() -> None:
    elsewhere = {Action.ERASE_PATIENTS, Action.CHANGE_OWN_PASSWORD}
    assert set(DANGEROUS) | elsewhere == NEEDS_PASSWORD


@pytest.mark.parametrize("action", DANGEROUS)
def test_dangerous_act_takes_the_password_typed_for_it(
    staff: StaffService, store: FakeOpenStore, action: Action
) -> None:
    staff.add(User("tess", Role.TECHNICIAN), FRESH)
    store.is_fresh = False
    before = staff.accounts()
    other = next(one for one in DANGEROUS if one is not action)
    for proof in (None, staff.reenter(other, PASSWORD), Proof(action, b"guessed")):
        with pytest.raises(PasswordNeeded):
            DANGEROUS[action](staff, proof)
    with pytest.raises(SignInFailed):
        staff.reenter(action, "not my password")
    assert staff.accounts() == before
    DANGEROUS[action](staff, staff.reenter(action, PASSWORD))
