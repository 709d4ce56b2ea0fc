"""How a program ended that nobody closed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProgramKind(StrEnum):
    """What was running."""

    WINDOW = "window"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class UncleanEnd:
    """A program that was killed, crashed, or lost its power.

    `unrecorded` is how many photographs were on the window's list and not recorded. `fault` and
    `places` are what Python could still say of a crash: the signal's name, and files, lines and
    functions of the program; empty where it was killed. Nothing of a patient.
    """

    kind: ProgramKind
    unrecorded: int = 0
    fault: str = ""
    places: str = ""
