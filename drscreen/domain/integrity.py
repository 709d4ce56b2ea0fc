"""What a look through the whole of it finds: records, photographs, networks, backups."""

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


class Part(StrEnum):
    """What is looked at besides the photographs."""

    RECORDS = "records"
    AUDIT = "audit"
    NETWORK = "network"
    BACKUPS = "backups"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not whole, in a sentence."""

    part: Part
    sentence: str


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """`orphans` is how many files no record named; they were put aside for 30 days. `mended` is how
    many photographs were fetched back from backups; they are no problem any more. `findings` is
    what else is not whole. `unnamed` is how many files were found whose records were lost; they are
    kept.
    """

    photographs: int
    problems: tuple[PhotographProblem, ...]
    orphans: int
    mended: int = 0
    findings: tuple[Finding, ...] = ()
    unnamed: int = 0
