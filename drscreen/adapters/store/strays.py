"""Files of the vault that no record names: what a kill left, or what is left of lost records.

A photograph's file is written before its row is committed, so a kill between leaves a file that
nobody will miss. But a file whose photograph was graded, by the audit log, or that was written
after an event that the log does not hold, not any more or not that one, had a row: an older copy of
the records lost it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from drscreen.adapters.store.audit import head_of
from drscreen.adapters.store.tables import AuditRow, PhotographRow
from drscreen.adapters.store.vault import Vault
from drscreen.domain.audit import AuditKind


@dataclass(frozen=True, slots=True)
class Strays:
    """How many files were put aside for a while, and how many are kept because records of them
    must have been lost.
    """

    litter: int
    lost: int


def put_strays_aside(engine: Engine, vault: Vault) -> Strays:
    """Put aside the files that no record names.

    A file that is listed before the write lock is ours was written by a transaction that has
    ended when it is: so a file without a row is nobody's.
    """
    names = vault.names()
    with engine.begin() as connection, Session(connection) as session:
        strays = names - set(session.scalars(select(PhotographRow.vault_name)))
        lost = _lost(session, vault, strays) if strays else set()
        return Strays(vault.put_aside(strays - lost), vault.keep_apart(lost) if lost else 0)


def _lost(session: Session, vault: Vault, strays: set[str]) -> set[str]:
    head = head_of(session)
    last = head.sequence if head else 0
    found = {name for name in strays if not _is_in_history(session, vault, name, last)}
    ids = {photograph: name for name in strays - found if (photograph := vault.photograph_of(name))}
    if not ids:
        return found
    # One that is being given another file has its row.
    known = session.scalars(select(PhotographRow.uuid).where(PhotographRow.uuid.in_(ids)))
    for photograph in known:
        del ids[photograph]
    graded = session.execute(
        select(AuditRow.subject, AuditRow.details).where(AuditRow.kind == AuditKind.GRADED.value)
    )
    for subject, details in graded.yield_per(10_000):
        name = ids.get(json.loads(details).get("photograph", ""))
        if name is not None and not _is_erased(session, subject):
            found.add(name)
    return found


def _is_in_history(session: Session, vault: Vault, name: str, last: int) -> bool:
    """Whether the log holds the very event after which the file was written, if it tells one."""
    after = vault.written_after(name)
    if not 0 < after <= last:
        return after == 0
    mac = session.scalar(select(AuditRow.mac).where(AuditRow.sequence == after))
    return mac is not None and vault.is_of_branch(name, mac.hex())


def _is_erased(session: Session, subject: str) -> bool:
    erased = select(AuditRow.sequence).where(
        AuditRow.subject == subject, AuditRow.kind == AuditKind.ERASED.value
    )
    return session.scalar(erased.limit(1)) is not None
