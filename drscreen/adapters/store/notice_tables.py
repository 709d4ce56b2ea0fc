"""The tables of the outbox. A change here needs a migration; see `tables`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from drscreen.adapters.store.tables import Base

#: As the index says it, word for word: SQLite uses the index for nothing else.
HAS_REFERENCE = text("reference != ''")


class NoticeRow(Base):
    """A notice (`drscreen.domain.notice.Notice`). `id` is the order in which they were queued.

    `due` is NULL where nothing is to be done; of a SENDING one it is when its lease ends. `former`
    holds the references of earlier attempts, one a line; `notified` says that the audit log has
    NOTIFIED of it. The indices over `due` hold what waits, not the many that have ended.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("about", "purpose", "channel"),
        Index(
            "ix_notices_pending",
            "state",
            "channel",
            "due",
            sqlite_where=text("due IS NOT NULL"),
        ),
        Index(
            "ix_notices_asked",
            "state",
            "notifier",
            "due",
            sqlite_where=text("due IS NOT NULL"),
        ),
        Index(None, "state"),
        Index(None, "patient_id"),
        Index(None, "address", "channel"),
        Index(
            "ix_notices_reference",
            "notifier",
            "reference",
            unique=True,
            sqlite_where=HAS_REFERENCE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    purpose: Mapped[str]
    channel: Mapped[str]
    about: Mapped[str]
    state: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    created: Mapped[datetime]
    due: Mapped[datetime | None]
    expires: Mapped[datetime]
    changed: Mapped[datetime]
    attempts: Mapped[int]
    attempted: Mapped[datetime | None]
    notifier: Mapped[str]
    reference: Mapped[str]
    reason: Mapped[str]
    sentence: Mapped[str]
    former: Mapped[str]
    notified: Mapped[bool]


class OptOutRow(Base):
    """Somebody at an address asked for no more messages."""

    __tablename__ = "notice_opt_outs"

    channel: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    moment: Mapped[datetime]


class NoticeTextRow(Base):
    """A template of the clinic's own."""

    __tablename__ = "notice_texts"

    purpose: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    body: Mapped[str]


class NoticeSettingRow(Base):
    """What an administrator set, as a JSON object: the policy, or a notifier's settings with its
    secrets. `notice_settings` knows the keys.
    """

    __tablename__ = "notice_settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
