"""The first schema: clinic, accounts, patients, exams, photographs, gradings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_REFUSED = "SELECT RAISE(ABORT, 'a grading is never changed')"


def upgrade() -> None:
    """Create everything."""
    _create_tables()
    _protect_gradings()


def _create_tables() -> None:
    op.create_table(
        "clinic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("database_id", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_clinic_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic")),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mrn", sa.String(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("consent_sms", sa.Boolean(), nullable=False),
        sa.Column("consent_email", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("changed", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("mrn", name=op.f("uq_patients_mrn")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("account", name=op.f("uq_users_account")),
    )
    op.create_table(
        "exams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_exams_patient_id_patients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exams")),
        sa.UniqueConstraint("patient_id", "day", name=op.f("uq_exams_patient_id_day")),
        sa.UniqueConstraint("uuid", name=op.f("uq_exams_uuid")),
    )
    op.create_table(
        "photographs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("exam_id", sa.Integer(), nullable=False),
        sa.Column("eye", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken", sa.DateTime(), nullable=False),
        sa.Column("is_drawing", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("vault_name", sa.String(), nullable=False),
        sa.CheckConstraint("eye IN ('OD', 'OS')", name=op.f("ck_photographs_eye")),
        sa.ForeignKeyConstraint(
            ["exam_id"], ["exams.id"], name=op.f("fk_photographs_exam_id_exams")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photographs")),
        sa.UniqueConstraint("uuid", name=op.f("uq_photographs_uuid")),
        sa.UniqueConstraint("vault_name", name=op.f("uq_photographs_vault_name")),
    )
    op.create_index(
        op.f("ix_photographs_exam_id_taken"), "photographs", ["exam_id", "taken"], unique=False
    )
    op.create_table(
        "gradings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("photograph_id", sa.Integer(), nullable=False),
        sa.Column("gradable", sa.Boolean(), nullable=False),
        sa.Column("quality_score", sa.Double(), nullable=False),
        sa.Column("quality_reasons", sa.String(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("probability_0", sa.Double(), nullable=True),
        sa.Column("probability_1", sa.Double(), nullable=True),
        sa.Column("probability_2", sa.Double(), nullable=True),
        sa.Column("probability_3", sa.Double(), nullable=True),
        sa.Column("probability_4", sa.Double(), nullable=True),
        sa.Column("referable_probability", sa.Double(), nullable=True),
        sa.Column("vision_threatening_probability", sa.Double(), nullable=True),
        sa.Column("referable", sa.Boolean(), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("model_sha256", sa.String(), nullable=False),
        sa.Column("threshold_referable", sa.Double(), nullable=False),
        sa.Column("threshold_abstain_low", sa.Double(), nullable=False),
        sa.Column("threshold_abstain_high", sa.Double(), nullable=False),
        sa.Column("threshold_vision_threatening", sa.Double(), nullable=False),
        sa.Column("graded", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(grade IS NULL) = (gradable = 0)", name=op.f("ck_gradings_graded_if_gradable")
        ),
        sa.CheckConstraint("grade BETWEEN 0 AND 4", name=op.f("ck_gradings_grade")),
        sa.ForeignKeyConstraint(
            ["photograph_id"],
            ["photographs.id"],
            name=op.f("fk_gradings_photograph_id_photographs"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gradings")),
        sa.UniqueConstraint("photograph_id", name=op.f("uq_gradings_photograph_id")),
    )


def _protect_gradings() -> None:
    """The database itself refuses to change or remove a grading, whatever program asks."""
    op.execute(f"CREATE TRIGGER gradings_no_update BEFORE UPDATE ON gradings BEGIN {_REFUSED}; END")
    op.execute(f"CREATE TRIGGER gradings_no_delete BEFORE DELETE ON gradings BEGIN {_REFUSED}; END")
    # INSERT OR REPLACE removes the old row without asking the trigger above.
    op.execute(
        "CREATE TRIGGER gradings_no_replace BEFORE INSERT ON gradings WHEN EXISTS ("  # noqa: S608
        "SELECT 1 FROM gradings WHERE id = NEW.id OR photograph_id = NEW.photograph_id"
        f") BEGIN {_REFUSED}; END"
    )
