"""Where and when the program makes backups by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nowhere, until an administrator says so."""
    for column in (
        sa.Column("backup_folder", sa.String(), nullable=False, server_default=""),
        sa.Column("backup_at", sa.String(), nullable=False, server_default="12:30"),
        sa.Column("backup_keep", sa.Integer(), nullable=False, server_default="14"),
        sa.Column("backup_last", sa.DateTime(), nullable=True),
    ):
        op.add_column("clinic", column)
