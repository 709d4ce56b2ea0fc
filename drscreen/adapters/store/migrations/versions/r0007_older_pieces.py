"""What tells an older piece that was put back: which key file and which envelopes count, and the
sums of the rows' seals.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing counts yet: whoever signs in writes the key file, and seals the rows."""
    for table, name in (
        ("clinic", "key_writes"),
        ("clinic", "recovery_generation"),
        ("users", "envelope"),
    ):
        op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("clinic", sa.Column("place", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "seals",
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("part", "bucket", name=op.f("pk_seals")),
        sqlite_with_rowid=False,
    )
