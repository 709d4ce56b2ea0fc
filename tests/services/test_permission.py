"""The permission matrix against the services themselves, not the window."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import drscreen.services
from drscreen.domain.errors import NotPermitted
from drscreen.domain.permissions import ALLOWED, Action, may
from drscreen.domain.users import Role, User
from drscreen.services import permission
from tests.fakes.store import FakeStore


def public_calls() -> Iterator[tuple[str, Any, Callable[..., Any]]]:
    """Every public function and method of every service, with the class that has it."""
    for found in pkgutil.iter_modules(drscreen.services.__path__):
        module = importlib.import_module(f"drscreen.services.{found.name}")
        if module is permission:
            continue
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
                continue
            if inspect.isfunction(thing):
                yield f"{found.name}.{name}", None, thing
            elif inspect.isclass(thing) and not hasattr(thing, "__dataclass_fields__"):
                for method, call in vars(thing).items():
                    if not method.startswith("_") and callable(call):
                        yield f"{found.name}.{name}.{method}", thing, call


CALLS = list(public_calls())


@pytest.mark.parametrize(("name", "of", "call"), CALLS, ids=[name for name, _, _ in CALLS])
def test_every_service_method_has_an_entry_and_refuses_others(
    name: str, of: Any, call: Callable[..., Any]
) -> None:
    assert hasattr(call, permission.MARK), f"{name} does not say who may call it"
    action = getattr(call, permission.MARK)
    if action is None:
        return
    assert ALLOWED[action]
    for role in set(Role) - ALLOWED[action]:
        store = FakeStore.opened(role=role)
        first = store
        if of is not None:
            first = of.__new__(of)
            first._store = store
        parameters = list(inspect.signature(call).parameters.values())[1:]
        required = [p for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
        with pytest.raises(NotPermitted) as refused:
            call(first, *[None for _ in required])
        assert role.value in refused.value.message


def test_the_walk_finds_the_services() -> None:
    names = {name for name, _, _ in CALLS}
    assert {"records.RecordsService.open_file", "screening.ScreeningService.screen"} <= names
    assert len(names) >= 12


def test_every_action_has_a_line_in_the_matrix() -> None:
    assert set(ALLOWED) == set(Action)


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        (
            Role.TECHNICIAN,
            {
                Action.FIND_PATIENTS,
                Action.VIEW_PATIENTS,
                Action.EDIT_PATIENTS,
                Action.SCREEN,
                Action.CHANGE_OWN_PASSWORD,
                Action.SEE_OWN_SESSION,
                Action.LET_BACKUPS_RUN,
                Action.SEE_NOTICES,
                Action.HANDLE_NOTICES,
                Action.LET_NOTICES_GO,
            },
        ),
        (Role.ADMINISTRATOR, set(Action)),
    ],
)
def test_what_a_role_may_do(role: Role, actions: set[Action]) -> None:
    assert {action for action in Action if may(User("x", role), action)} == actions
