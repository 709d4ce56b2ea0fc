"""Bring a database to the schema of this program, and refuse one from a newer program."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from drscreen.domain.errors import StoreDamaged, StoreNewer

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest revision in migrations/versions; a test compares. Known here because importing
#: Alembic takes most of a second, which a sign-in to an up-to-date database need not spend.
HEAD = "0010"

#: What a clinic must never lose; an upgrade that changes how many rows they have is undone.
_KEPT = frozenset(
    (
        "clinic",
        "users",
        "patients",
        "exams",
        "photographs",
        "gradings",
        "audit_events",
        "notices",
        "notice_opt_outs",
        "notice_texts",
    )
)


def configuration(connection: Connection) -> Config:
    """Alembic on a live, keyed connection; there is no alembic.ini."""
    from alembic.config import Config

    folder = resources.files("drscreen.adapters.store") / "migrations"
    config = Config()
    # Alembic reads % as a placeholder, and a home folder may be called anything.
    config.set_main_option("script_location", str(Path(str(folder))).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Within the connection's transaction: all steps or none."""
    from alembic import command

    command.upgrade(configuration(connection), "head")


def bring_up_to_date(connection: Connection, keep_copy: Callable[[str], None]) -> bool:
    """Run the steps that are missing; whether there were any.

    Before the first of them `keep_copy` is called with the schema that is about to be left.
    Raises `StoreNewer`, `StoreDamaged`, `DBAPIError`.
    """
    stamps = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    if stamps == [HEAD]:
        return False
    if len(stamps) != 1:
        raise StoreDamaged("The records do not say which version of the program wrote them.")
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(configuration(connection))
    known = {script.revision for script in scripts.walk_revisions()}
    if stamps[0] not in known:
        raise StoreNewer("The records were written by a newer drscreen.")
    keep_copy(stamps[0])
    kept = [table for table in inspect(connection).get_table_names() if table in _KEPT]
    before = _counts(connection, kept)
    migrate(connection)
    if (
        _counts(connection, kept) != before
        or connection.execute(text("PRAGMA foreign_key_check")).all()
    ):
        raise StoreDamaged("The records would not have come through the upgrade whole.")
    return True


def _counts(connection: Connection, tables: list[str]) -> list[int | None]:
    return [
        connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - our own names
        for table in tables
    ]
