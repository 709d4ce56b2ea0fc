"""Backups: when one is due, what it holds, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from drscreen.domain.integrity import PhotographProblem

#: How many backups are kept where nobody says otherwise: a fortnight of nights.
KEPT = 14


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """Where and when the program makes backups by itself; nowhere where `folder` is empty.

    `at` is the time of day in the clinic's own zone. `last` is when the last one succeeded, from
    whatever cause.
    """

    folder: str = ""
    at: time = time(12, 30)
    keep: int = KEPT
    last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether a backup should be made now: none has succeeded since `at` last came round.

        A last one that lies in the future was dated by a clock that was wrong: it does not count.
        """
        if not self.folder:
            return False
        round_now = now.replace(hour=self.at.hour, minute=self.at.minute, second=0, microsecond=0)
        if round_now > now:
            round_now -= timedelta(days=1)
        return self.last is None or self.last < round_now or self.last > now


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup on its shelf. `name` is its folder's; `size` in bytes, without the photographs."""

    name: str
    created: datetime
    schema: str
    photographs: int
    size: int


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What making a backup did: how many photographs were new to the shelf, and which could not be
    copied because the store itself has them no more.
    """

    backup: Backup
    copied: int
    copied_bytes: int
    removed: tuple[str, ...]
    problems: tuple[PhotographProblem, ...]


@dataclass(frozen=True, slots=True)
class BackupCheck:
    """A backup that was read whole. `damaged` counts photographs that are not as they were
    written; a damaged database or key file raises instead. `is_ahead`: it knows events that the
    records do not have, where it was compared with them.
    """

    backup: Backup
    damaged: int
    is_ahead: bool = False
