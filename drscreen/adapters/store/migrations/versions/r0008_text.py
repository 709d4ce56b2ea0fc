"""An estimated year of birth; what is searched, folded anew; numbers without what nobody sees."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from alembic import op

from drscreen.adapters.store.folding import search_text
from drscreen.domain.text import identity

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PAGE = 5000


def upgrade() -> None:
    """The index of words is rebuilt once at the end: following each row takes several times as
    long.
    """
    op.add_column("patients", sa.Column("birth_year", sa.Integer(), nullable=True))
    connection = op.get_bind()
    op.execute("DROP TRIGGER patient_words_changed")
    _tidy_numbers(connection)
    _fold_anew(connection)
    op.execute("INSERT INTO patient_words(patient_words) VALUES ('rebuild')")
    op.execute(
        "CREATE TRIGGER patient_words_changed AFTER UPDATE OF search ON patients "
        "WHEN OLD.search IS NOT NEW.search BEGIN "
        "INSERT INTO patient_words(patient_words, rowid, search) "
        "VALUES ('delete', OLD.id, OLD.search);"
        "INSERT INTO patient_words(rowid, search) VALUES (NEW.id, NEW.search); END"
    )


def _tidy_numbers(connection: sa.Connection) -> None:
    """A number is looked up as `identity` writes it, so it has to stand so. Of two that look the
    same, which nothing prevented before, the later one is told apart by (2).
    """
    numbers = connection.execute(sa.text("SELECT id, mrn FROM patients ORDER BY id")).all()
    taken = {row.mrn for row in numbers}
    for row in numbers:
        seen = identity(row.mrn) or "?"
        if seen == row.mrn:
            continue
        free = seen
        others = 1
        while free in taken:
            others += 1
            free = f"{seen} ({others})"
        taken.add(free)
        connection.execute(
            sa.text("UPDATE patients SET mrn = :mrn WHERE id = :id"), {"mrn": free, "id": row.id}
        )


def _fold_anew(connection: sa.Connection) -> None:
    last = -1
    while True:
        page = connection.execute(
            sa.text(
                "SELECT id, mrn, family_name, given_name, birth_date FROM patients "
                "WHERE id > :last ORDER BY id LIMIT :page"
            ),
            {"last": last, "page": _PAGE},
        ).all()
        if not page:
            return
        last = page[-1].id
        connection.execute(
            sa.text("UPDATE patients SET search = :search WHERE id = :id"),
            [
                {
                    "id": row.id,
                    "search": search_text(
                        row.mrn,
                        (row.family_name, row.given_name),
                        date.fromisoformat(row.birth_date) if row.birth_date else None,
                    ),
                }
                for row in page
            ],
        )
