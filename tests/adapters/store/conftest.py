from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from drscreen.adapters.store.opened import SqlCipherOpenStore
from tests.adapters.store.samples import made_store, unlocked
from tests.fixtures.freeze import fill


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for backups."""
    made = tmp_path / "other disk" / "backups"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def filled(opened: SqlCipherOpenStore) -> SqlCipherOpenStore:
    """That store, with patients, exams and photographs."""
    fill(opened)
    return opened
