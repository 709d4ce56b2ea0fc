"""What an upgrade to 0008 makes of records that an older program wrote."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from drscreen.adapters.store import migrate
from drscreen.adapters.store.engine import open_engine
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore
from tests.adapters.store.contract.patients import numbers
from tests.adapters.store.samples import PASSWORD, store_at, unlocked
from tests.adapters.store.test_frozen import OLDEST, thawed

SEARCH = "SELECT mrn, search FROM patients ORDER BY id"


def write(home: Path, *statements: str) -> list[Any]:
    """As an older program would have: without an upgrade. What the last one answers."""
    key = store_at(home)._folder.checked_key_file()[0].unlock("Nora", PASSWORD)
    engine = open_engine(home / "store" / "records.db", key.database_key(), key.database_id)
    with engine.begin() as connection:
        rows = [connection.execute(text(statement)) for statement in statements][-1].all()
    engine.dispose()
    return list(rows)


def test_old_records_are_found_by_what_another_keyboard_types(tmp_path: Path) -> None:
    home = thawed(OLDEST, tmp_path)
    with closing(unlocked(home)) as opened:
        assert numbers(opened, "orsted") == ["A-17"]
        assert numbers(opened, "1961-02-28") == ["A-17"]
        assert numbers(opened, "mueller") == numbers(opened, "mull") == ["B-2"]
        _still_indexed(opened)


def _still_indexed(opened: OpenStore) -> None:
    """The index follows changes after the upgrade too."""
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        found = records.find_patient("B-2")
        assert found is not None
        records.change_patient(type(found)("B-2", "Yıldız", version=found.version))
    assert numbers(opened, "mull") == []
    assert numbers(opened, "yildiz") == ["B-2"]


def test_numbers_that_look_the_same_are_told_apart_and_can_be_opened(tmp_path: Path) -> None:
    home = thawed(OLDEST, tmp_path)
    write(
        home,
        "UPDATE patients SET mrn = 'A  17' WHERE mrn = 'A-17'",
        "UPDATE patients SET mrn = 'A 17' WHERE mrn = 'B-2'",
        "UPDATE patients SET mrn = 'C' || char(0x115f) || '3' WHERE mrn = '0003'",
        SEARCH,
    )
    with closing(unlocked(home)) as opened:
        assert numbers(opened, "") == ["A 17 (2)", "A 17", "C3"]
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            assert records.find_patient("A 17 (2)") is not None
    with closing(unlocked(home)) as again:
        assert again.alarms == ()


def test_an_upgrade_that_is_broken_off_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = thawed(OLDEST, tmp_path)
    before = write(home, SEARCH)

    real = migrate.migrate

    def broken(connection: Any) -> None:
        real(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "migrate", broken)
    with pytest.raises(KeyboardInterrupt):
        unlocked(home)
    assert write(home, SEARCH) == before
    monkeypatch.undo()
    with closing(unlocked(home)) as opened:
        assert numbers(opened, "orsted") == ["A-17"]
