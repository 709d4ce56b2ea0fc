"""What makes a hundred thousand patients quick to search, and exams quick to queue for review."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from drscreen.adapters.store.review import refresh_urgency

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns and indices, the index of words, and what keeps both up to date."""
    op.add_column("patients", sa.Column("last_exam", sa.Date(), nullable=True))
    op.execute(
        "UPDATE patients SET last_exam = "
        "(SELECT max(day) FROM exams WHERE exams.patient_id = patients.id)"
    )
    op.create_index("ix_patients_list", "patients", [sa.text("last_exam DESC"), "mrn", "search"])
    op.add_column("exams", sa.Column("urgency", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("exams", sa.Column("reviewed", sa.DateTime(), nullable=True))
    op.create_index(
        "ix_exams_review",
        "exams",
        ["urgency", "day", "id"],
        sqlite_where=sa.text("reviewed IS NULL"),
    )
    refresh_urgency(op.get_bind())
    _keep_last_exam()
    _index_words()


def _keep_last_exam() -> None:
    op.execute(
        "CREATE TRIGGER exams_newest AFTER INSERT ON exams BEGIN "
        "UPDATE patients SET last_exam = max(coalesce(last_exam, ''), NEW.day) "
        "WHERE id = NEW.patient_id; END"
    )


def _index_words() -> None:
    """Every three letters in a row of what is searched. The text itself stays in its table."""
    op.execute(
        "CREATE VIRTUAL TABLE patient_words USING fts5(search, content='patients', "
        "content_rowid='id', tokenize='trigram case_sensitive 1')"
    )
    # What is erased is taken out of the index's own pages too.
    op.execute("INSERT INTO patient_words(patient_words, rank) VALUES ('secure-delete', 1)")
    op.execute("INSERT INTO patient_words(patient_words) VALUES ('rebuild')")
    add = "INSERT INTO patient_words(rowid, search) VALUES (NEW.id, NEW.search);"
    drop = (
        "INSERT INTO patient_words(patient_words, rowid, search) "
        "VALUES ('delete', OLD.id, OLD.search);"
    )
    for name, when, steps in (
        ("added", "AFTER INSERT ON patients", add),
        ("removed", "AFTER DELETE ON patients", drop),
        (
            "changed",
            "AFTER UPDATE OF search ON patients WHEN OLD.search IS NOT NEW.search",
            drop + add,
        ),
    ):
        op.execute(f"CREATE TRIGGER patient_words_{name} {when} BEGIN {steps} END")
