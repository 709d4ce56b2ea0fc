"""What a look through the whole store finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from drscreen.domain.image import Laterality


class PhotographFault(StrEnum):
    """Why a recorded photograph cannot be shown."""

    MISSING = "missing"
    SWAPPED = "swapped"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class PhotographProblem:
    """A recorded photograph that cannot be shown, named as the clinic names it: by its exam."""

    fault: PhotographFault
    photograph_id: str
    mrn: str
    day: date
    eye: Laterality


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """`orphans` is how many files no record named; they were put aside for 30 days. `mended` is how
    many photographs were fetched back from backups; they are no problem any more.
    """

    photographs: int
    problems: tuple[PhotographProblem, ...]
    orphans: int
    mended: int = 0
