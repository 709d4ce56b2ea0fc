"""The audit chain, pseudonyms of patients, removed accounts, the clinic's idle time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REFUSED = "SELECT RAISE(ABORT, 'the audit chain is never changed')"


def upgrade() -> None:
    """Columns are added in place: rebuilding a table would drop what refers to it."""
    op.add_column("clinic", sa.Column("audit_key", sa.LargeBinary(), nullable=True))
    op.add_column(
        "clinic", sa.Column("idle_minutes", sa.Integer(), nullable=False, server_default="10")
    )
    op.add_column("users", sa.Column("removed", sa.DateTime(), nullable=True))
    op.add_column(
        "patients", sa.Column("pseudonym", sa.String(), nullable=False, server_default="")
    )
    op.execute("UPDATE patients SET pseudonym = lower(hex(randomblob(16)))")
    op.create_index(op.f("ix_patients_pseudonym"), "patients", ["pseudonym"], unique=True)
    _create_chain()


def _create_chain() -> None:
    op.create_table(
        "audit_events",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("moment", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_events")),
    )
    for columns in (["kind", "sequence"], ["subject", "sequence"]):
        op.create_index(op.f(f"ix_audit_events_{'_'.join(columns)}"), "audit_events", columns)
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_events_no_{change.lower()} BEFORE {change} ON audit_events "
            f"BEGIN {_REFUSED}; END"
        )
    # No gap, and no INSERT OR REPLACE, which removes the old row without asking the trigger above.
    op.execute(
        "CREATE TRIGGER audit_events_append BEFORE INSERT ON audit_events "  # noqa: S608
        "WHEN NEW.sequence IS NOT "
        f"(SELECT coalesce(max(sequence), 0) + 1 FROM audit_events) BEGIN {_REFUSED}; END"
    )
