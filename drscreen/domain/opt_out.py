"""Whoever asked for no more messages, and the wish to be written to again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from drscreen.domain.patient import Channel


class AskedBy(StrEnum):
    """Who wants messages again. Stable codes; never a name, for it stands in the audit log."""

    PATIENT = "patient"
    GUARDIAN = "guardian"


class AskedHow(StrEnum):
    """How they said so. Stable codes."""

    IN_PERSON = "in_person"
    BY_TELEPHONE = "by_telephone"
    IN_WRITING = "in_writing"


@dataclass(frozen=True, slots=True)
class Wish:
    """That a patient, or who decides for them, asked on a day to be written to again."""

    by: AskedBy
    how: AskedHow
    day: date


@dataclass(frozen=True, slots=True)
class OptOut:
    """That somebody at a patient's address asked for no more messages. `since` is aware; `others`
    counts further patients who were written to there.
    """

    channel: Channel
    address: str
    since: datetime
    others: int
