"""What every failure says, and the one that is none."""

from __future__ import annotations

from typing import ClassVar


class DrscreenError(Exception):
    """Base of all expected failures. `code` is stable: scripts and translations key on it."""

    code: ClassVar[str] = "error"
    kept: ClassVar[str] = "Nothing was changed."
    advice: ClassVar[str] = ""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Cancelled(DrscreenError):
    """The person asked for the job to end. Not a fault."""

    code = "cancelled"
    advice = "Start again when you are ready."

    def __init__(self) -> None:
        super().__init__("The job was cancelled.")
