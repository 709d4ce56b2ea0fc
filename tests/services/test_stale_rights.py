"""Rights are those of now: what another window took away counts for the session that is open.

With the real store and two handles: Nora's, who demotes or removes, and Mal's, who goes on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.errors import AccountRemoved, DrscreenError, NotPermitted
from drscreen.domain.permissions import ALLOWED, Action
from drscreen.domain.users import Role, User
from drscreen.services import permission
from tests.adapters.store.samples import made_store, store_at, unlocked
from tests.services.test_permission import CALLS

MAL = "the password of mal"
PROTECTED = [(name, of, call) for name, of, call in CALLS if getattr(call, permission.MARK)]


class TwoWindows:
    """Nora's session and Mal's, who was made an administrator."""

    def __init__(self, home: Path) -> None:
        made_store(home)
        self.nora = unlocked(home)
        with self.nora.transaction(Action.MANAGE_ACCOUNTS) as records:
            records.add_user(User("mal", Role.ADMINISTRATOR), MAL)
        self.mal = store_at(home).open("mal", MAL)

    def demote(self, role: Role) -> None:
        with self.nora.transaction(Action.MANAGE_ACCOUNTS) as records:
            records.set_role("mal", role)

    def remove(self) -> None:
        with self.nora.transaction(Action.MANAGE_ACCOUNTS) as records:
            records.remove_user("mal")

    def acts(self) -> list[str]:
        """What the audit chain says that Mal did."""
        with self.nora.transaction(Action.READ_AUDIT) as records:
            return [e.kind for e in records.audit_events(0, 1000) if e.actor == "mal"]


@pytest.fixture
def windows(tmp_path: Path) -> TwoWindows:
    return TwoWindows(tmp_path / "home")


def called(store: SqlCipherOpenStore, of: Any, call: Callable[..., Any]) -> None:
    """The call with the store at its place, and nothing else that makes sense."""
    first: Any = store
    if of is not None:
        first = of.__new__(of)
        first._store = store
    parameters = list(inspect.signature(call).parameters.values())[1:]
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
    call(first, *[None for _ in required])


@pytest.mark.parametrize(("name", "of", "call"), PROTECTED, ids=[name for name, _, _ in PROTECTED])
def test_demoted_or_removed_does_nothing_more(
    windows: TwoWindows, name: str, of: Any, call: Callable[..., Any]
) -> None:
    before = windows.acts()
    for role in set(Role) - ALLOWED[getattr(call, permission.MARK)]:
        windows.demote(role)
        with pytest.raises(NotPermitted):
            called(windows.mal, of, call)
    windows.remove()
    with pytest.raises(AccountRemoved):
        called(windows.mal, of, call)
    assert windows.acts() == before


@pytest.mark.parametrize("action", list(Action))
def test_each_transaction_asks_again(windows: TwoWindows, action: Action) -> None:
    """Demoted between the door and the act."""
    for role in set(Role) - ALLOWED[action]:
        windows.demote(Role.ADMINISTRATOR)
        windows.mal.require(action)
        windows.demote(role)
        with pytest.raises(NotPermitted), windows.mal.transaction(action):
            pytest.fail("it began")
    windows.demote(Role.ADMINISTRATOR)
    windows.mal.require(action)
    windows.remove()
    with pytest.raises(AccountRemoved), windows.mal.transaction(action):
        pytest.fail("it began")


WAYS_IN: dict[str, Callable[[SqlCipherOpenStore, Path], object]] = {
    "change_data_key": lambda store, _: store.change_data_key(),
    "back_up": lambda store, folder: store.back_up(folder / "disk", 3),
    "check_photographs": lambda store, _: store.check_photographs(),
    "verify_audit": lambda store, _: store.verify_audit(),
    "reenter": lambda store, _: store.reenter(Action.ERASE_PATIENTS, MAL),
    "check_backup": lambda store, folder: store.check_backup(folder / "disk"),
}


def test_every_way_into_the_store_is_tried_here() -> None:
    public = {name for name in vars(SqlCipherOpenStore) if not name.startswith("_")}
    asks_nothing = {"user", "clinic", "alarms", "is_read_only", "close"}
    assert public == asks_nothing | {"require", "transaction"} | set(WAYS_IN)


@pytest.mark.parametrize("way", WAYS_IN)
def test_long_acts_ask_too(windows: TwoWindows, tmp_path: Path, way: str) -> None:
    before, keys = windows.acts(), (tmp_path / "home" / "store" / "keys.json")
    windows.demote(Role.TECHNICIAN)
    sealed = keys.read_bytes()
    with pytest.raises(NotPermitted):
        WAYS_IN[way](windows.mal, tmp_path)
    assert keys.read_bytes() == sealed
    windows.remove()
    with pytest.raises(AccountRemoved):
        WAYS_IN[way](windows.mal, tmp_path)
    assert windows.acts() == before
    assert not (tmp_path / "disk").exists()


def test_data_key_is_not_changed_by_whom_was_demoted_at_the_last_moment(
    windows: TwoWindows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked once more where nobody else can write."""
    keys = tmp_path / "home" / "store" / "keys.json"
    windows.demote(Role.TECHNICIAN)
    windows.nora.close()  # which writes the key file too
    sealed = keys.read_bytes()
    monkeypatch.setattr(SqlCipherOpenStore, "_judge", lambda *_: None)
    with pytest.raises(NotPermitted):
        windows.mal.change_data_key()
    assert keys.read_bytes() == sealed


def test_method_without_a_store_is_refused() -> None:
    """Whatever became of the attribute: what cannot be asked is not allowed."""

    class Renamed:
        def __init__(self, store: object) -> None:
            self._records = store

        @permission.needs(Action.FIND_PATIENTS)
        def act(self) -> None:
            pytest.fail("it was done")

    with pytest.raises(NotPermitted):
        Renamed(object()).act()


def test_name_given_back_to_nobody(windows: TwoWindows) -> None:
    windows.remove()
    with pytest.raises(DrscreenError), windows.nora.transaction(Action.MANAGE_ACCOUNTS) as records:
        records.add_user(User("MAL", Role.ADMINISTRATOR), MAL)
    with pytest.raises(AccountRemoved):
        windows.mal.require(Action.FIND_PATIENTS)
