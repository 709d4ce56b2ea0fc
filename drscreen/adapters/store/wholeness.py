"""Is the database whole? Every page, every index, every reference, every row, every link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlcipher3 import dbapi2 as sqlcipher

from drscreen.adapters.store.audit import AuditChain
from drscreen.adapters.store.audit_check import verify_chain
from drscreen.adapters.store.engine import checkpoint
from drscreen.adapters.store.faults import from_driver
from drscreen.domain.errors import StoreDamaged, StoreError, StoreUnwritable
from drscreen.domain.integrity import Finding, Part

#: How often pages that do not hold are read anew: another window's checkpoint may have been
#: writing one of them just then.
_AGAIN = 3
_ROWS = 1000
#: A file may be a good deal longer than what is in it; not by more than this and as much again.
_SLACK = 64_000_000
#: What SQLCipher answers to damaged pages, memory that was never asked for among it.
_DAMAGE = (sqlcipher.Error, DBAPIError, StoreError, MemoryError)


def check_database(engine: Engine, database: Path, *, is_read_only: bool) -> list[Finding]:
    """What is wrong with the database. Others may go on working. Raises a `StoreError` only where
    nothing can be said, as when another window never lets it read.
    """
    if not is_read_only:
        # SQLCipher's own check reads the file alone: the log is moved into it first.
        checkpoint(engine)
    found: list[Finding] = []
    for look in (_pages, _structure, _references, _rows):
        try:
            with closing(engine.raw_connection()) as connection:
                driver: Any = connection.driver_connection
                found += [Finding(Part.RECORDS, said) for said in look(driver, database)]
        except _DAMAGE as error:
            _raise_unless_damage(error)
            found.append(
                Finding(Part.RECORDS, "The database does not read back as it was written.")
            )
            break
    if found:
        # SQLCipher lets nobody write by a connection that has met a damaged page.
        engine.dispose()
    return found


def check_audit(
    engine: Engine, chain: AuditChain, step: Callable[[int], None] = lambda _seen: None
) -> list[Finding]:
    """What is wrong with the audit log. Raises as `check_database`."""
    try:
        report = verify_chain(engine, chain, None, step)
    except _DAMAGE as error:
        _raise_unless_damage(error)
        return [Finding(Part.AUDIT, "The audit log does not read back as it was written.")]
    if not report.faults:
        return []
    first = report.problems[0]
    place = f" at event {first.sequence}" if first.sequence else ""
    return [
        Finding(
            Part.AUDIT,
            f"The audit log is broken{place}: {first.fault.sentence} "
            "'drscreen audit verify' tells more.",
        )
    ]


def _raise_unless_damage(error: BaseException) -> None:
    said = error.orig if isinstance(error, DBAPIError) else error
    told = said if isinstance(said, StoreError) else None
    if isinstance(said, sqlcipher.Error):
        told = from_driver(said)
    # Reading alone is "refused for writing" by a connection that has met a damaged page.
    if told is not None and not isinstance(told, StoreDamaged | StoreUnwritable):
        raise told from error


def _pages(driver: Any, database: Path) -> Iterator[str]:
    """Each page of the file against its seal."""
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    (size,) = driver.execute("PRAGMA page_size").fetchone()
    if database.stat().st_size > 2 * int(pages) * int(size) + _SLACK:
        yield "The file of the records is far longer than what is in it."
        return
    for _ in range(_AGAIN):
        wrong = driver.execute("PRAGMA cipher_integrity_check").fetchall()
        if not wrong:
            return
    yield f"{len(wrong)} pages of the database do not read back as they were written."


def _structure(driver: Any, _database: Path) -> Iterator[str]:
    told = driver.execute("PRAGMA integrity_check").fetchall()
    if told != [("ok",)]:
        yield "The database's tables and indices do not agree; some records may not be found."


def _references(driver: Any, _database: Path) -> Iterator[str]:
    loose = driver.execute("PRAGMA foreign_key_check").fetchall()
    if loose:
        yield f"{len(loose)} records belong to something that is not there."


def _rows(driver: Any, _database: Path) -> Iterator[str]:
    """Each row's content: a page that only lengths are read of is not looked at (measured)."""
    tables = driver.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    for (table,) in tables:
        reading = driver.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the schema's own names
        while reading.fetchmany(_ROWS):
            pass
    yield from ()
