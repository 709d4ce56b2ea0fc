"""Each test of a promise runs against the store in memory and the encrypted one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drscreen.domain.store_ports import OpenStore, Store
from drscreen.domain.users import Role
from tests.adapters.store.samples import PASSWORD, store_at
from tests.fakes.store import FakeStore

MAKERS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda home: FakeStore(),
    "sqlcipher": store_at,
}


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MAKERS[request.param](tmp_path / "clinic home")


@pytest.fixture
def opened(store: Store) -> Iterator[OpenStore]:
    store.create("Hilltop Clinic", "Nora", "Nora Lind", Role.ADMINISTRATOR, PASSWORD)
    unlocked = store.open("Nora", PASSWORD)
    yield unlocked
    unlocked.close()
