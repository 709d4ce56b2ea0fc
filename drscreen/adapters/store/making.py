"""A new store: built beside its place, which it takes last."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from drscreen.adapters.store.accounts import user_row
from drscreen.adapters.store.anchor import Anchor
from drscreen.adapters.store.attempts import Attempts
from drscreen.adapters.store.audit import AuditChain, AuditTrail, chain_key
from drscreen.adapters.store.engine import checkpoint, open_engine
from drscreen.adapters.store.envelope import sealed_for
from drscreen.adapters.store.faults import database_errors, disk_errors
from drscreen.adapters.store.files import UNFINISHED, sync_folder
from drscreen.adapters.store.key_file import KeyFile, write_key_file
from drscreen.adapters.store.keys import DataKey, account_key
from drscreen.adapters.store.migrate import migrate
from drscreen.adapters.store.place import refuse_long_path, refuse_network_share
from drscreen.adapters.store.seals import RowSeals
from drscreen.adapters.store.store_folder import (
    ANCHOR,
    ATTEMPTS,
    DATABASE,
    FOLDER,
    KEY_FILE,
    VAULT,
    StoreFolder,
)
from drscreen.adapters.store.tables import ClinicRow
from drscreen.adapters.store.vault import Vault
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import StoreExists
from drscreen.domain.sign_in import Patience
from drscreen.domain.users import User


def make_store(
    folder: StoreFolder, clinic: str, first: User, password: str, now: Callable[[], datetime]
) -> None:
    """Make the store with its first account.

    Everything is built in a folder beside its place, which gets its name last: so there is
    either a whole store or none, and an older one is never touched.

    Raises `StoreExists`, and other `StoreError`s where it cannot be made here.
    """
    refuse_long_path(folder.home)
    refuse_network_share(folder.home)
    if folder.exists():
        raise _exists()
    with disk_errors(), ExitStack() as on_failure:
        _make_home(folder.home, on_failure)
        building = Path(tempfile.mkdtemp(prefix=f".{FOLDER}-", suffix=UNFINISHED, dir=folder.home))
        on_failure.callback(shutil.rmtree, building, ignore_errors=True)
        data_key = DataKey.new()
        _build(building, data_key, clinic, first, now)
        account = account_key(first.name)
        envelope = sealed_for(data_key, account, password, folder.cost)
        keys = KeyFile(data_key.database_id).with_envelope(account, envelope)
        write_key_file(building / KEY_FILE, keys, data_key)
        Attempts(building / ATTEMPTS, Patience()).start()
        try:
            building.rename(folder.path)
        except OSError:
            if folder.exists():  # another window was faster
                raise _exists() from None
            raise
        on_failure.pop_all()
        sync_folder(folder.home)


def _make_home(home: Path, on_failure: ExitStack) -> None:
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        on_failure.callback(_remove_if_empty, folder)


def _build(
    folder: Path, data_key: DataKey, clinic: str, user: User, now: Callable[[], datetime]
) -> None:
    Vault(folder / VAULT, data_key.vault_key()).make_folders()
    database = folder / DATABASE
    database.touch(mode=0o600)
    engine = open_engine(database, data_key.database_key(), data_key.database_id)
    moment, seals = now(), RowSeals(engine)
    try:
        with database_errors(), engine.begin() as connection, Session(connection) as session:
            migrate(connection)
            row = ClinicRow(
                id=1, name=clinic, database_id=data_key.database_id.hex(), created=moment
            )
            key = chain_key(row, data_key)
            chain = AuditChain(key, data_key.database_id, Anchor(folder / ANCHOR, key))
            seals.unlock(chain.key)
            seals.seal_all(connection)
            session.add_all([row, user_row(user, moment)])
            trail = AuditTrail(chain, session, user.name, moment)
            trail.note(AuditKind.STORE_MADE)
            trail.note(AuditKind.USER_ADDED, user.name, role=user.role.value)
            session.flush()
        checkpoint(engine)
        chain.anchor.move(trail.head, durably=True)
    finally:
        engine.dispose()


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _exists() -> StoreExists:
    return StoreExists("There is a store in this folder already.")
