"""A key of its own for each photograph.

Photographs of before keep NULL here and their file as it is until `vault_care.leave_first_format`
has given them a key and a file of their own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and what finds the photographs without one."""
    op.add_column("photographs", sa.Column("sealed_key", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_photographs_first_format",
        "photographs",
        ["id"],
        sqlite_where=sa.text("sealed_key IS NULL"),
    )
