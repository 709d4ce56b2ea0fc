"""What stood here before an upgrade: a copy of the database, encrypted under the same key.

It is kept until the upgraded records were opened once more, by a sign-in that found nothing left
to upgrade. Whoever needs it puts it in the place of the database and uses the older program.
"""

from __future__ import annotations

import re
from pathlib import Path

from drscreen.adapters.store.copying import copy_database, pinned
from drscreen.adapters.store.faults import disk_errors
from drscreen.adapters.store.keys import DATABASE_ID_BYTES, DataKey
from drscreen.regular_files import NotRegular, open_regular

_STEM = "records-before-upgrade-from-"
_NAME = re.compile(rf"{_STEM}\w{{1,32}}\.db")


class UpgradeCopies:
    """The copies beside a database. Only while holding the database's write lock."""

    def __init__(self, database: Path, data_key: DataKey) -> None:
        self._database = database
        self._data_key = data_key

    def keep(self, schema: str) -> None:
        """Copy the database as it is committed. Raises `StoreFull`, `StoreDamaged`,
        `StoreUnwritable`; nothing must be upgraded then.
        """
        with disk_errors():
            copy = self._database.with_name(f"{_STEM}{schema}.db")
            with pinned(self._database, self._data_key) as reading:
                copy_database(reading, copy, self._data_key)

    def remove(self) -> None:
        """The upgrade has proved itself. Raises `StoreUnwritable`."""
        with disk_errors():
            for copy in self._database.parent.iterdir():
                if _NAME.fullmatch(copy.name) and self._is_own(copy):
                    copy.unlink(missing_ok=True)

    def _is_own(self, copy: Path) -> bool:
        """Whether it is a copy of this database: each begins with the database's id."""
        try:
            with open_regular(copy) as file:
                return file.read(DATABASE_ID_BYTES) == self._data_key.database_id
        except (FileNotFoundError, NotRegular):
            return False
