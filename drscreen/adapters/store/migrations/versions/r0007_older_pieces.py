"""What tells an older piece that was put back: which key file and which envelopes count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing counts yet; the next sign-in writes the key file."""
    for table, name in (
        ("clinic", "key_writes"),
        ("clinic", "recovery_generation"),
        ("users", "envelope"),
    ):
        op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
