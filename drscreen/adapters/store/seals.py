"""Seals over the rows that give a right or a consent, so that an older page of them is told.

SQLCipher cannot tell an earlier version of a page that is put in the place of today's: its seal
holds. So each row has a seal of its own, a hash of its values under the audit chain's key, and the
table `seals` holds the sums of them: one a table, of large ones one for every 64 rows, and one of
everything with the place of the newest event that changed a right. They lie on other pages than the
rows, so no one page can be exchanged alone. The sums are kept by triggers of each connection, as
differences: what was wrong before a change is wrong after it.

Everything in a table is sealed but what is named here; a new column or table needs nothing done. To
change what is named needs a migration.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, delete, event, insert, select, update
from sqlalchemy.orm import Session
from sqlcipher3 import dbapi2 as sqlcipher

from drscreen.adapters.store.engine import READING
from drscreen.adapters.store.faults import from_driver
from drscreen.adapters.store.tables import SealRow
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import StoreDamaged

#: Not sealed: what has a chain of its own, is written once (triggers refuse more), or gives nobody
#: a right.
_NOT_SEALED = {"alembic_version", "audit_events", "exams", "gradings", "photographs", "seals"}
#: Columns that change without anybody's deciding so.
_NOT_DECIDED = {
    "clinic": {"backup_last"},
    "patients": {"search", "last_exam"},
}
#: Tables of many rows; so many of one, in the order of their ids, have a sum together.
_LARGE = ("patients", "notices")
_TOGETHER = 64
#: Reading a hundred thousand patients takes half a second (measured): a sign-in reads as many rows
#: of a large table, and leaves larger ones to whoever decides by a row, and to `findings`.
_AT_SIGN_IN = 10_000
#: The sum of everything.
_ALL = ""
_MODULUS = 1 << 256

#: What changes a right or a consent, told by the newest of these events.
DECIDED = (
    AuditKind.CREATED,
    AuditKind.CHANGED,
    AuditKind.ERASED,
    AuditKind.USER_ADDED,
    AuditKind.USER_REMOVED,
    AuditKind.ROLE_CHANGED,
    AuditKind.PASSWORD_CHANGED,
    AuditKind.PASSWORD_RECOVERED,
    AuditKind.RECOVERY_CODE_MADE,
    AuditKind.SETTING_CHANGED,
    AuditKind.NETWORK_ALLOWED,
    AuditKind.NETWORK_REFUSED,
)


#: By table, which of its sums do not hold.
Findings = dict[str, set[int]]


class RowSeals:
    """The seals of one database, on every connection of `engine`. Any thread.

    `unlock` must have been called before the first row is changed. Of records that are only read
    the sums are not kept.
    """

    def __init__(self, engine: Engine, *, only_read: bool = False) -> None:
        self._key: bytes | None = None
        self._known: dict[str, list[str]] = {}
        self._engine = engine
        if not only_read:
            event.listen(engine, "connect", lambda driver, _record: self._connected(driver))

    def unlock(self, chain_key: bytes) -> None:
        """The key is derived from the audit chain's, which outlives changes of the data key."""
        self._key = hmac.digest(chain_key, b"drscreen row seals", "sha256")

    def seal_all(self, connection: Connection) -> None:
        """Seal what is there, after an upgrade, or once what was wrong with it has been said."""
        driver: Any = connection.connection.driver_connection
        self._known = {}
        self._keep(driver)
        sums = {
            (table, bucket): value
            for table in _tables(driver)
            for bucket, value in self._sums(driver, table).items()
        }
        sequence = connection.scalar(select(SealRow.sequence).where(SealRow.part == _ALL)) or 0
        newest = max(sequence, newest_decision(driver))
        connection.execute(delete(SealRow))
        found = [
            {"part": table, "bucket": bucket, "digest": _digest(value), "sequence": 0}
            for (table, bucket), value in sums.items()
        ]
        everything = _digest(sum(sums.values()))
        found.append({"part": _ALL, "bucket": 0, "digest": everything, "sequence": newest})
        connection.execute(insert(SealRow), found)

    def wrong(self, connection: Connection, table: str, row: int | None = None) -> set[int]:
        """Which sums of a table do not hold; only that of the row of id `row` where one is named.

        Without a row: 0 of a small table.
        """
        driver: Any = connection.connection.driver_connection
        bucket = None if row is None else row // _TOGETHER
        now = self._sums(driver, table, bucket)
        query = f"SELECT bucket, digest FROM seals WHERE part = '{table}'"  # noqa: S608 - our own names
        if bucket is not None:
            query += f" AND bucket = {bucket}"
        kept = {number: int.from_bytes(one, "big") for number, one in _asked(driver, query)}
        there = now.keys() | kept.keys()
        return {one for one in there if now.get(one, 0) != kept.get(one, 0)}

    def findings(self, connection: Connection) -> Findings:
        """Every table whose sums do not hold, and which; none of them where an index does not agree
        with its table; `seals` itself where they do not agree with each other, or with the newest
        event that changed a right. Raises a `StoreError` where a page is damaged.
        """
        found: Findings = {}
        for table in _tables(connection.connection.driver_connection):
            found |= self._of_table(connection, table)
        return found | self._of_sums(connection)

    def findings_at_sign_in(self) -> Findings:
        """The same of what was committed, without the largest tables. Damage is passed over, each
        table by itself: `check` names it, and who signs in may read the rest.
        """
        found: Findings = {}
        with self._reading() as connection:
            driver: Any = connection.connection.driver_connection
            tables = [table for table in _tables(driver) if not _is_too_large(driver, table)]
        looks: list[Callable[[Connection], Findings]] = [
            partial(self._of_table, table=table) for table in tables
        ]
        looks.append(self._of_sums)
        while looks:
            with self._reading() as connection, suppress(StoreDamaged, MemoryError):
                try:
                    while looks:
                        found |= looks.pop()(connection)
                except (StoreDamaged, MemoryError):
                    # SQLCipher lets nobody write by a connection that has met a damaged page.
                    connection.invalidate()
                    raise
        return found

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(**READING)

    def _of_table(self, connection: Connection, table: str) -> Findings:
        driver: Any = connection.connection.driver_connection
        wrong = self.wrong(connection, table)
        # An older page of an index hides rows that are there, such as somebody's opting out.
        said = [message for (message,) in _asked(driver, f"PRAGMA integrity_check({table})")]
        if not all(message == "ok" or " index " in message for message in said):
            raise StoreDamaged("The records do not read back as they were written.")
        return {} if said == ["ok"] and not wrong else {table: wrong}

    def _of_sums(self, connection: Connection) -> Findings:
        driver: Any = connection.connection.driver_connection
        kept = _asked(driver, "SELECT part, digest, sequence FROM seals")
        total = sum(int.from_bytes(digest, "big") for part, digest, _ in kept if part != _ALL)
        everything = {(digest, sequence) for part, digest, sequence in kept if part == _ALL}
        agree = everything == {(_digest(total), newest_decision(driver))}
        return {} if agree else {SealRow.__tablename__: {0}}

    # --- on a connection ---------------------------------------------------------------------

    def _connected(self, driver: Any) -> None:
        driver.create_function("row_seal", -1, self._seal)
        driver.create_function("sum_of_seals", 3, _moved)
        if _asked(driver, "SELECT 1 FROM sqlite_master WHERE name = 'seals'"):
            self._keep(driver)

    def _keep(self, driver: Any) -> None:
        """The triggers that keep the sums, of this connection alone: nobody else has the key."""
        for table in _tables(driver):
            columns = self._columns(driver, table)
            added, removed = _step(table, columns, "NEW"), _step(table, columns, "OLD")
            changes = (
                ("INSERT", added),
                ("DELETE", removed),
                (f"UPDATE OF {', '.join(columns)}", removed + added),
            )
            for change, steps in changes:
                name = f"seal_{table}_{change.split()[0].lower()}"
                driver.execute(
                    f"CREATE TEMP TRIGGER IF NOT EXISTS {name} AFTER {change} ON main.{table} "
                    f"BEGIN {steps} END"
                )

    def _seal(self, *values: object) -> bytes:
        if self._key is None:
            raise RuntimeError("the seals' key is not known yet")
        told = repr(values).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(told, key=self._key, digest_size=32).digest()

    def _columns(self, driver: Any, table: str) -> list[str]:
        if table not in self._known:
            names = [row[1] for row in _asked(driver, f"PRAGMA main.table_info({table})")]
            left_out = _NOT_DECIDED.get(table, set())
            self._known[table] = [name for name in names if name not in left_out]
        return self._known[table]

    def _sums(self, driver: Any, table: str, bucket: int | None = None) -> dict[int, int]:
        found: dict[int, int] = defaultdict(int)
        values = ", ".join(self._columns(driver, table))
        query = f"SELECT {_bucket(table, '')}, '{table}', {values} FROM {table} NOT INDEXED"  # noqa: S608
        if bucket is not None:
            rows = rows_of(bucket)
            query += f" WHERE id BETWEEN {rows.start} AND {rows.stop - 1}"
        for number, *row in _asked(driver, query):
            found[number] += int.from_bytes(self._seal(*row), "big")
        return {number: value % _MODULUS for number, value in found.items()}


def newest_decision(driver: Any) -> int:
    """The place of the newest event that changed a right or a consent; 0 where there is none."""
    each = " UNION ALL ".join(
        f"SELECT max(sequence) AS place FROM audit_events WHERE kind = '{kind.value}'"  # noqa: S608
        for kind in DECIDED
    )
    ((place,),) = _asked(driver, f"SELECT max(place) FROM ({each})")  # noqa: S608
    return int(place or 0)


def note_decision(session: Session, sequence: int) -> None:
    """An event that changes a right was added at that place."""
    session.execute(update(SealRow).where(SealRow.part == _ALL).values(sequence=sequence))


def _tables(driver: Any) -> list[str]:
    rows = _asked(driver, "PRAGMA main.table_list")
    names = (row[1] for row in rows if row[0] == "main" and row[2] == "table")
    return sorted(n for n in names if n not in _NOT_SEALED and not n.startswith("sqlite_"))


def rows_of(bucket: int) -> range:
    """The ids of the rows of a large table that have a sum together."""
    return range(bucket * _TOGETHER, (bucket + 1) * _TOGETHER)


def _asked(driver: Any, query: str) -> list[Any]:
    """Past SQLAlchemy, which costs several times as much for so many rows. Raises `StoreError`."""
    try:
        return list(driver.execute(query))
    except sqlcipher.Error as error:
        raise from_driver(error) from error


def _is_too_large(driver: Any, table: str) -> bool:
    if table not in _LARGE:
        return False
    ((last,),) = _asked(driver, f"SELECT max(id) FROM {table}")  # noqa: S608
    return (last or 0) > _AT_SIGN_IN


def _bucket(table: str, row: str) -> str:
    return f"{row}id / {_TOGETHER}" if table in _LARGE else "0"


def _step(table: str, columns: list[str], row: str) -> str:
    """Add the seal of the new row to both sums, or take that of the old one away."""
    seal = f"row_seal('{table}', {', '.join(f'{row}.{name}' for name in columns)})"
    moved = f"NULL, {seal}" if row == "OLD" else f"{seal}, NULL"
    return "".join(
        f"INSERT INTO seals (part, bucket, digest, sequence) "  # noqa: S608 - our own names
        f"VALUES ('{part}', {bucket}, sum_of_seals(NULL, {moved}), 0) "
        f"ON CONFLICT (part, bucket) DO UPDATE SET "
        f"digest = sum_of_seals(digest, excluded.digest, NULL);"
        for part, bucket in ((table, _bucket(table, f"{row}.")), (_ALL, "0"))
    )


def _moved(digest: bytes | None, added: bytes | None, removed: bytes | None) -> bytes:
    there, more, less = (int.from_bytes(one or b"", "big") for one in (digest, added, removed))
    return _digest(there + more - less)


def _digest(value: int) -> bytes:
    return (value % _MODULUS).to_bytes(32, "big")
