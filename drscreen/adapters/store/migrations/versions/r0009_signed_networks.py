"""Who signed the network of a result, who answers for an unsigned one, and which graded here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of results from before, the signer is not recorded."""
    for name in ("model_signer", "model_allowed_by"):
        op.add_column("gradings", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.create_table(
        "networks",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("first_used", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_networks"),
    )
    op.execute(
        "INSERT INTO networks SELECT model_sha256, model_name, model_version, min(graded) "
        "FROM gradings GROUP BY model_sha256"
    )
    op.create_table(
        "network_consents",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("allowed_by", sa.String(), nullable=False),
        sa.Column("allowed", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_network_consents"),
    )
