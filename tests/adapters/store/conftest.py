from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from drscreen.adapters.store.opened import SqlCipherOpenStore
from tests.adapters.store.samples import made_store, unlocked


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a fresh store, made once; tests work on copies."""
    home = tmp_path_factory.mktemp("template") / "home"
    made_store(home)
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    """A home with a fresh store."""
    return Path(shutil.copytree(template, tmp_path / "home"))


@pytest.fixture
def opened(home: Path) -> Iterator[SqlCipherOpenStore]:
    """That store, opened by Nora."""
    store = unlocked(home)
    yield store
    store.close()
