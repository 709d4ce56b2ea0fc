"""The outbox: notices, who asked for no more, the clinic's templates and settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WAITS = sa.text("due IS NOT NULL")


def upgrade() -> None:
    """Empty tables."""
    _create_notices()
    _create_settings()


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=True),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.Column("changed", sa.DateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted", sa.DateTime(), nullable=True),
        sa.Column("notifier", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("former", sa.String(), nullable=False),
        sa.Column("notified", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_notices_patient_id_patients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("uuid", name=op.f("uq_notices_uuid")),
        sa.UniqueConstraint(
            "about", "purpose", "channel", name=op.f("uq_notices_about_purpose_channel")
        ),
    )
    op.create_index(
        "ix_notices_pending", "notices", ["state", "channel", "due"], sqlite_where=_WAITS
    )
    op.create_index(
        "ix_notices_asked", "notices", ["state", "notifier", "due"], sqlite_where=_WAITS
    )
    op.create_index(op.f("ix_notices_state"), "notices", ["state"])
    op.create_index(op.f("ix_notices_patient_id"), "notices", ["patient_id"])
    op.create_index(op.f("ix_notices_address_channel"), "notices", ["address", "channel"])
    op.create_index(
        "ix_notices_reference",
        "notices",
        ["notifier", "reference"],
        unique=True,
        sqlite_where=sa.text("reference != ''"),
    )


def _create_settings() -> None:
    op.create_table(
        "notice_opt_outs",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("moment", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name=op.f("pk_notice_opt_outs")),
    )
    op.create_table(
        "notice_texts",
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "channel", "language", name=op.f("pk_notice_texts")),
    )
    op.create_table(
        "notice_settings",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notice_settings")),
    )
