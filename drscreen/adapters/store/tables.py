"""The tables. A change here needs a migration; a test compares the two.

Codes of the domain (roles, decisions, reasons) are stored as their stable strings.
"""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    MetaData,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC without an offset in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a moment without a time zone is a programming error (`ValueError`)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """As aware UTC."""
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None


class Base(DeclarativeBase):
    """All tables. Every constraint has a name, so that a migration can find it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, float: Double}  # noqa: RUF012 (SQLAlchemy's own)


class ClinicRow(Base):
    """The one clinic. `database_id` is the key file's, in hexadecimal.

    `audit_key` is the audit chain's, sealed (`audit`); NULL until the first sign-in. After
    `idle_minutes` without a person at the window it locks; 0 meant never once. `backup_at` is a
    time of day in the clinic's own zone, "12:30". `key_writes` is how often the key file was
    written when this was; `recovery_generation` which of the recovery code's envelopes counts
    (`accounts`); `place` on which machine and in which folder they were last opened (`witness`).
    """

    __tablename__ = "clinic"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    database_id: Mapped[str]
    created: Mapped[datetime]
    audit_key: Mapped[bytes | None]
    idle_minutes: Mapped[int] = mapped_column(server_default="10")
    backup_folder: Mapped[str] = mapped_column(server_default="")
    backup_at: Mapped[str] = mapped_column(server_default="12:30")
    backup_keep: Mapped[int] = mapped_column(server_default="14")
    backup_last: Mapped[datetime | None]
    key_writes: Mapped[int] = mapped_column(server_default="0")
    recovery_generation: Mapped[int] = mapped_column(server_default="0")
    place: Mapped[str] = mapped_column(server_default="")


class UserRow(Base):
    """An account. `account` is the name as compared (`keys.account_key`).

    A removed account keeps its row, so that its name is never given to somebody else. `envelope` is
    the generation of its envelope in the key file that counts (`accounts`).
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    display_name: Mapped[str]
    role: Mapped[str]
    created: Mapped[datetime]
    removed: Mapped[datetime | None]
    envelope: Mapped[int] = mapped_column(server_default="0")


class PatientRow(Base):
    """A patient. `search` is what `folding.search_text` makes of number, names and birth.
    `birth_year` is an estimate, where the day is not known.

    Triggers keep `last_exam`, and the index of words (`search`). `pseudonym` is random and stands
    for the patient in the audit chain, which outlives erasure. One index more, in the order of the
    list, stands in the migration alone: Alembic cannot compare one that descends.
    """

    __tablename__ = "patients"
    __table_args__ = (Index(None, "pseudonym", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mrn: Mapped[str] = mapped_column(unique=True)
    family_name: Mapped[str]
    given_name: Mapped[str]
    search: Mapped[str]
    birth_date: Mapped[date | None]
    birth_year: Mapped[int | None]
    sex: Mapped[str]
    phone: Mapped[str]
    email: Mapped[str]
    language: Mapped[str]
    consent_sms: Mapped[bool]
    consent_email: Mapped[bool]
    version: Mapped[int]
    created: Mapped[datetime]
    changed: Mapped[datetime]
    last_exam: Mapped[date | None]
    pseudonym: Mapped[str] = mapped_column(default=lambda: secrets.token_hex(16), server_default="")


class ExamRow(Base):
    """A patient's visit on one day. `urgency` is `review.urgency`; `reviewed` is when a clinician
    had looked at all of its photographs.
    """

    __tablename__ = "exams"
    __table_args__ = (
        UniqueConstraint("patient_id", "day"),
        Index(
            "ix_exams_review",
            "urgency",
            "day",
            "id",
            sqlite_where=text("reviewed IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    day: Mapped[date]
    urgency: Mapped[int] = mapped_column(server_default="0")
    reviewed: Mapped[datetime | None]


class PhotographRow(Base):
    """A photograph in the vault. `taken` is when it was screened.

    `sealed_key` is its own key (`photograph_keys`); NULL where the vault's first format still is.
    """

    __tablename__ = "photographs"
    __table_args__ = (
        CheckConstraint("eye IN ('OD', 'OS')", name="eye"),
        Index(None, "exam_id", "taken"),
        Index(None, "sha256"),
        Index("ix_photographs_first_format", "id", sqlite_where=text("sealed_key IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    exam_id: Mapped[int] = mapped_column(ForeignKey("exams.id"))
    eye: Mapped[str]
    sha256: Mapped[str]
    media_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    taken: Mapped[datetime]
    is_drawing: Mapped[bool]
    recorded_by: Mapped[str]
    vault_name: Mapped[str] = mapped_column(unique=True)
    sealed_key: Mapped[bytes | None]


class GradingRow(Base):
    """What screening found in a photograph, and everything it depends on.

    Written once: triggers refuse every change and removal (`migrations/versions`).
    """

    __tablename__ = "gradings"
    __table_args__ = (
        CheckConstraint("grade BETWEEN 0 AND 4", name="grade"),
        CheckConstraint("(grade IS NULL) = (gradable = 0)", name="graded_if_gradable"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    photograph_id: Mapped[int] = mapped_column(ForeignKey("photographs.id"), unique=True)
    gradable: Mapped[bool]
    quality_score: Mapped[float]
    quality_reasons: Mapped[str]
    grade: Mapped[int | None]
    probability_0: Mapped[float | None]
    probability_1: Mapped[float | None]
    probability_2: Mapped[float | None]
    probability_3: Mapped[float | None]
    probability_4: Mapped[float | None]
    referable_probability: Mapped[float | None]
    vision_threatening_probability: Mapped[float | None]
    referable: Mapped[bool | None]
    decision: Mapped[str]
    model_name: Mapped[str]
    model_version: Mapped[str]
    model_sha256: Mapped[str]
    model_signer: Mapped[str] = mapped_column(server_default="")
    model_allowed_by: Mapped[str] = mapped_column(server_default="")
    threshold_referable: Mapped[float]
    threshold_abstain_low: Mapped[float]
    threshold_abstain_high: Mapped[float]
    threshold_vision_threatening: Mapped[float]
    graded: Mapped[datetime]


class NetworkRow(Base):
    """A network that has graded here, by its manifest's hash."""

    __tablename__ = "networks"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    first_used: Mapped[datetime]


class NetworkConsentRow(Base):
    """An administrator's word for an unsigned network; gone when it was taken back."""

    __tablename__ = "network_consents"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    allowed_by: Mapped[str]
    allowed: Mapped[datetime]


class AuditRow(Base):
    """An event of the audit chain (`audit`). Triggers refuse every change and every gap."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "kind", "sequence"), Index(None, "subject", "sequence"))

    sequence: Mapped[int] = mapped_column(primary_key=True)
    moment: Mapped[str]
    actor: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    details: Mapped[str]
    previous: Mapped[bytes]
    mac: Mapped[bytes]


class SealRow(Base):
    """A sum of the seals of rows that give rights and consents (`seals`): of a table, of some rows
    of a large one, or of everything, where `part` is empty and `sequence` the place of the newest
    event that changed a right.
    """

    __tablename__ = "seals"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 (SQLAlchemy's own)

    part: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    sequence: Mapped[int]
