"""Finding a photograph by its hash: the same file must not be taken for two people unasked."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index."""
    op.create_index("ix_photographs_sha256", "photographs", ["sha256"])
