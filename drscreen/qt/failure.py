"""A failure as it travels between threads: words only, no exception and no traceback."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import PurePath

from PySide6.QtCore import QCoreApplication

from drscreen.domain.errors import DrscreenError, InvalidInput


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened, what was kept, what to do. `code` is the error's stable code.

    `details` is for whoever mends the program; empty for failures that are expected. `field` names
    the field of a record that is wrong, where it is one.
    """

    code: str
    message: str
    kept: str = ""
    advice: str = ""
    details: str = ""
    field: str = ""

    @classmethod
    def of(cls, error: DrscreenError) -> Failure:
        """The words of an expected error, in the person's language where there is one."""
        field = error.field if isinstance(error, InvalidInput) else ""
        words = (tr_error(error.message), tr_error(error.kept), tr_error(error.advice))
        return cls(error.code, *words, field=field)

    @classmethod
    def unexpected(cls, error: BaseException) -> Failure:
        """The words of a fault in the program. Names the type alone: a text may hold a name."""
        return cls(
            "unexpected",
            tr_error("Something went wrong inside drscreen ({0}).").format(type(error).__name__),
            tr_error("Nothing was recorded by this job."),
            tr_error("Try again. If it happens again, start drscreen again."),
            fault_details(error),
        )

    @property
    def text(self) -> str:
        """All three sentences in one paragraph."""
        return " ".join(part for part in (self.message, self.kept, self.advice) if part)


def fault_details(error: BaseException) -> str:
    """Type and places of a fault, without its text or any value: those may hold patient data."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{PurePath(f.filename).name}:{f.lineno} in {f.name}" for f in frames]
    return "\n".join([type(error).__name__, *places])


def tr_error(text: str) -> str:
    """A sentence of the domain's in the person's language, where there is one."""
    return QCoreApplication.translate("errors", text)
