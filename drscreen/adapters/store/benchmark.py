"""How quick the store is with a crowd in it, beside the same without encryption in the same run.

The same SQLite library, schema, rows, indices and queries, without a key: what differs is what
encryption costs.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from drscreen.adapters.store import review, search
from drscreen.adapters.store.audit import AuditChain, head_of
from drscreen.adapters.store.audit_check import verify_chain
from drscreen.adapters.store.crowd import add_crowd, add_events
from drscreen.adapters.store.engine import checkpoint, keyed_connection, plain_engine
from drscreen.adapters.store.files import write_durably
from drscreen.adapters.store.keys import KeyCost
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.store import SqlCipherStore
from drscreen.adapters.store.tables import PhotographRow
from drscreen.adapters.store.unlocked import Unlocked
from drscreen.domain.audit import AuditReport
from drscreen.domain.grading import Grade, Grading, OperatingPoint
from drscreen.domain.image import Laterality
from drscreen.domain.permissions import Action
from drscreen.domain.quality import QualityVerdict
from drscreen.domain.referral import Decision
from drscreen.domain.screening import ModelInfo, ScreeningResult, Seconds
from drscreen.domain.users import Role

#: As somebody types: one letter, two, three, a number, a year, two words, a slip, nobody.
TYPED = ("m", "mü", "qx", "mül", "müller", "P0123", "1961", "schmi an", "kowlaska", "nobody")
_USER, _PASSWORD = "nurse", "only for a measurement"
#: Argon2id's own time is measured by nobody here, so it costs next to nothing.
_CHEAP = KeyCost(memory=32, passes=1, lanes=1)
_PHOTOGRAPH_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class StoreTiming:
    """Milliseconds: on the clock, median and most; `processor` of this process alone, which other
    work on the machine does not lengthen; `plain` on the clock without encryption, where there is
    such a thing. `goal` is what was asked for.
    """

    what: str
    goal: float
    median: float
    most: float
    processor: float
    plain: float | None


@dataclass(frozen=True, slots=True)
class _Seconds:
    clock: float
    processor: float


@dataclass(frozen=True, slots=True)
class StoreMeasured:
    """Everything; events verified in a second: on the clock, without encryption, and in a second
    of this process's own.
    """

    patients: int
    gradings: int
    megabytes: float
    timings: tuple[StoreTiming, ...]
    events_per_second: float
    plain_events_per_second: float
    events_per_processor_second: float


def measure_store(home: Path, *, patients: int, events: int, repeats: int) -> StoreMeasured:
    """Make a store with a crowd in `home` and measure it; minutes, and gigabytes of disk.

    Raises a `StoreError`, `OSError`.
    """
    store = SqlCipherStore(home, cost=_CHEAP)
    store.create("Crowd", _USER, "", Role.ADMINISTRATOR, _PASSWORD)
    with closing(store.open(_USER, _PASSWORD)) as opened, opened._in_use() as inner:
        with inner.engine.begin() as connection:
            add_crowd(connection, patients)
            with Session(connection) as session:
                head = head_of(session)
            if head is not None:
                head = add_events(connection, inner.audit, events, head)
        inner.audit.anchor.move(head, durably=True)
        plain_path = home / "plain.db"
        _decrypt(inner, plain_path)
    opening = [_timed(lambda: store.open(_USER, _PASSWORD).close()) for _ in range(repeats)]
    plain = plain_engine(plain_path)
    with closing(store.open(_USER, _PASSWORD)) as opened, opened._in_use() as inner:
        timings = [
            _queried(what, goal, (inner.engine, plain), query, repeats)
            for what, goal, query in _QUERIES
        ]
        timings.append(_timing("opening, beyond Argon2id", 100, opening))
        saved = [_saved(opened) for _ in range(repeats)]
        unencrypted = [_saved_plain(plain, home) for _ in range(repeats)]
        timings.append(_timing("saving a graded photograph of 2 MB", 30, saved, unencrypted))
        verified, verified_plain = (
            _verified(engine, inner.audit) for engine in (inner.engine, plain)
        )
        with inner.engine.begin() as connection:
            gradings = connection.scalar(text("SELECT count(*) FROM gradings")) or 0
        size = inner.database.stat().st_size / 1e6
    plain.dispose()
    return StoreMeasured(
        patients,
        gradings,
        size,
        tuple(timings),
        verified[0],
        verified_plain[0],
        verified[1],
    )


def _decrypt(inner: Unlocked, path: Path) -> None:
    """The same database without a key; there are only invented people in it."""
    key = inner.accounts.data_key
    with closing(
        keyed_connection(inner.database, key.database_key(), key.database_id)
    ) as connection:
        connection.execute("ATTACH ? AS plain KEY ''", (str(path),))
        connection.execute("SELECT sqlcipher_export('plain')")
        connection.execute("DETACH plain")


def _queried(
    what: str,
    goal: float,
    engines: tuple[Engine, Engine],
    query: Callable[[Session], object],
    repeats: int,
) -> StoreTiming:
    both = []
    for one in engines:

        def run(one: Engine = one) -> None:
            with one.begin() as connection, Session(connection) as session:
                query(session)

        run()
        both.append([_timed(run) for _ in range(repeats)])
    return _timing(what, goal, *both)


def _timing(
    what: str, goal: float, taken: list[_Seconds], plain: list[_Seconds] | None = None
) -> StoreTiming:
    return StoreTiming(
        what,
        goal,
        1e3 * median(one.clock for one in taken),
        1e3 * max(one.clock for one in taken),
        1e3 * median(one.processor for one in taken),
        None if plain is None else 1e3 * median(one.clock for one in plain),
    )


def _verified(engine: Engine, chain: AuditChain) -> tuple[float, float]:
    """Events in a second on the clock, and in one of the processor."""
    found: list[AuditReport] = []
    taken = _timed(lambda: found.append(verify_chain(engine, chain)))
    return found[0].events / taken.clock, found[0].events / taken.processor


def _saved(opened: SqlCipherOpenStore) -> _Seconds:
    data = secrets.token_bytes(_PHOTOGRAPH_BYTES)
    result = _result_of(data)

    def save() -> None:
        with opened.transaction(Action.SCREEN) as records:
            records.save_photograph(
                "P000001", Laterality.OD, data, result, recorded_at=datetime.now(UTC)
            )

    return _timed(save)


def _result_of(data: bytes) -> ScreeningResult:
    """Some graded result for these bytes."""
    return ScreeningResult(
        path=Path("photograph.jpg"),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/jpeg",
        width=3000,
        height=2000,
        quality=QualityVerdict(True, 0.8),
        grading=Grading(Grade.MODERATE, (0.1, 0.1, 0.6, 0.1, 0.1), 0.8, 0.2, True),
        decision=Decision.REFER,
        model=ModelInfo("crowd", "1", "00" * 32),
        operating_point=OperatingPoint(0.5, 0.4, 0.6, 0.7),
        seconds=Seconds(total=1.0),
    )


def _first_page(session: Session) -> object:
    return search.page(session, "", 0, 100), search.count_matching(session, "")


def _queue(session: Session) -> object:
    return review.queue(session, 0, 100)


def _search(typed: str) -> Callable[[Session], object]:
    def query(session: Session) -> object:
        count = search.count_matching(session, typed)
        return search.page(session, typed, 0, 100) if count else search.like(session, typed, 20)

    return query


#: What is measured, and what was asked for in milliseconds.
_QUERIES: tuple[tuple[str, float, Callable[[Session], object]], ...] = (
    ("first page of the patient list", 20, _first_page),
    ("first page of the review queue", 20, _queue),
    *((f"search as typed: {typed}", 50, _search(typed)) for typed in TYPED),
)


def _saved_plain(engine: Engine, folder: Path) -> _Seconds:
    """A file and its row, synced as the store does, and nothing encrypted."""
    data = secrets.token_bytes(_PHOTOGRAPH_BYTES)
    name = secrets.token_hex(16)
    row = {
        "uuid": name,
        "exam_id": 1,
        "eye": "OD",
        "sha256": "",
        "media_type": "image/jpeg",
        "width": 3000,
        "height": 2000,
        "taken": datetime.now(UTC),
        "is_drawing": True,
        "recorded_by": _USER,
        "vault_name": name,
        "sealed_key": b"",
    }

    def save() -> None:
        with engine.begin() as connection:
            write_durably(folder / name, data)
            connection.execute(insert(PhotographRow), [row])
        checkpoint(engine)

    return _timed(save)


def _timed(work: Callable[[], object]) -> _Seconds:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return _Seconds(time.perf_counter() - clock, time.process_time() - processor)
