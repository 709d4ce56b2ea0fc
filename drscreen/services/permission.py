"""Every public method of a service says who may call it, and is refused to others.

`needs` is for what is done in an open store, `before_sign_in` for the rest; a test walks all
services and fails where a method says neither. This is the door: it asks what the account may do
at this moment, and each transaction behind it asks again (`OpenStore.transaction`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from drscreen.domain.errors import NotPermitted
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore

P = ParamSpec("P")
R = TypeVar("R")

#: Under this name a callable keeps its `Action`; None where nobody needs to be signed in.
MARK = "needs_action"


def needs(action: Action) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a method whose object keeps its open store as `_store`, or a function that is
    handed one.

    The call raises `NotPermitted` or `AccountRemoved` before anything is done; `NotPermitted`
    too where there is no store to ask.
    """

    def decorate(call: Callable[P, R]) -> Callable[P, R]:
        @wraps(call)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            _open_store((*args, *kwargs.values())).require(action)
            return call(*args, **kwargs)

        setattr(checked, MARK, action)
        return checked

    return decorate


def before_sign_in(call: Callable[P, R]) -> Callable[P, R]:
    """Mark what anybody may call, because it opens a store or touches none."""
    setattr(call, MARK, None)
    return call


def _open_store(arguments: tuple[Any, ...]) -> OpenStore:
    for argument in arguments:
        for store in (argument, getattr(argument, "_store", None)):
            if hasattr(store, "require"):
                return cast(OpenStore, store)
    raise NotPermitted("Nobody is signed in here.")
