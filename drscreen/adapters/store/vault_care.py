"""Looking after the whole vault: read every photograph, put strays aside, leave the first format.

None of it holds the write lock while it reads or writes photographs, but for the few that are
given another file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.strays import put_strays_aside
from drscreen.adapters.store.tables import ExamRow, PatientRow, PhotographRow
from drscreen.adapters.store.vault import Stored, Vault
from drscreen.domain.errors import PhotographLost
from drscreen.domain.image import Laterality
from drscreen.domain.integrity import IntegrityReport, PhotographFault, PhotographProblem

#: How many rows are fetched in one transaction, and how many photographs re-encrypted in one.
_PAGE = 200
_PAGE_OF_FILES = 10


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded photograph: where its file is, and how the clinic names it."""

    stored: Stored
    mrn: str
    day: date
    eye: Laterality

    def problem(self, fault: PhotographFault) -> PhotographProblem:
        """That it cannot be shown, and why."""
        return PhotographProblem(fault, self.stored.photograph_id, self.mrn, self.day, self.eye)


def recorded(engine: Engine) -> Iterator[Recorded]:
    """Every recorded photograph, in the order of recording, a page a transaction."""
    last = 0
    while True:
        with engine.begin() as connection, Session(connection) as session:
            found = session.execute(
                select(PhotographRow, PatientRow.mrn, ExamRow.day)
                .join(ExamRow, PhotographRow.exam_id == ExamRow.id)
                .join(PatientRow, ExamRow.patient_id == PatientRow.id)
                .where(PhotographRow.id > last)
                .order_by(PhotographRow.id)
                .limit(_PAGE)
            ).all()
            if not found:
                return
            last = found[-1][0].id
            page = [
                Recorded(rows.stored_of(row), mrn, day, Laterality(row.eye))
                for row, mrn, day in found
            ]
        yield from page


def check_photographs(
    engine: Engine,
    vault: Vault,
    step: Callable[[], None],
    spare: Callable[[str], bytes | None] = lambda _name: None,
) -> IntegrityReport:
    """Read every recorded photograph, name those that cannot be shown, put strays aside.

    `spare` gives another copy of a file of the vault, from a backup; one that is whole takes the
    place of what was lost. `step` is called after each. Raises a `StoreError` or `DBAPIError`.
    """
    strays = put_strays_aside(engine, vault)
    seen = mended = 0
    problems: list[PhotographProblem] = []
    for one in recorded(engine):
        seen += 1
        try:
            vault.read(one.stored)
        except PhotographLost as error:
            if current_name(engine, one.stored.photograph_id) == one.stored.name:
                if _mended(vault, one.stored, spare(one.stored.name)):
                    mended += 1
                else:
                    problems.append(one.problem(error.fault))
        step()
    return IntegrityReport(seen, tuple(problems), strays.litter, mended, unnamed=strays.lost)


def _mended(vault: Vault, stored: Stored, content: bytes | None) -> bool:
    if content is None:
        return False
    try:
        vault.opened(stored, content)
    except PhotographLost:
        return False
    vault.put_back(stored.name, content)
    return True


def current_name(engine: Engine, photograph_id: str) -> str | None:
    """The name of a photograph's file now; None where it was erased."""
    with engine.begin() as connection:
        return connection.scalar(
            select(PhotographRow.vault_name).where(PhotographRow.uuid == photograph_id)
        )


def leave_first_format(engine: Engine, vault: Vault) -> None:
    """Give each photograph of the vault's first format a key and a file of its own.

    May be killed at any moment and goes on the next time. One that cannot be read is left as it
    is. Raises a `StoreError` or `DBAPIError`.
    """
    last = 0
    while True:
        with engine.begin() as connection, Session(connection) as session:
            page = session.scalars(
                select(PhotographRow)
                .where(PhotographRow.sealed_key.is_(None), PhotographRow.id > last)
                .order_by(PhotographRow.id)
                .limit(_PAGE_OF_FILES)
            ).all()
            left = [name for name, row in [(r.vault_name, r) for r in page] if _moved(row, vault)]
            last = page[-1].id if page else last
            session.flush()
        if not page:
            return
        for name in left:
            vault.remove(name)


def _moved(row: PhotographRow, vault: Vault) -> bool:
    try:
        data = vault.read(rows.stored_of(row))
    except PhotographLost:
        return False
    stored = vault.write(row.uuid, row.sha256, data)
    row.vault_name, row.sealed_key = stored.name, stored.sealed_key
    return True
