"""What the screening controller tells the views, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drscreen.domain.errors import (
    PhotographError,
    PhotographRecordedAlready,
    PhotographRecordedElsewhere,
)
from drscreen.domain.image import Laterality
from drscreen.domain.screening import PredictorSpec, ScreeningResult, Stage
from drscreen.qt.failure import Failure


class State(StrEnum):
    """Where an added file stands."""

    STAGED = "staged"
    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that was added for a patient. `fraction` is 0 to 1 while it is worked on. `again`
    records it although the same file is recorded for somebody else: the person was told.
    """

    id: int
    path: Path
    mrn: str
    eye: Laterality | None = None
    state: State = State.STAGED
    stage: Stage | None = None
    fraction: float = 0.0
    result: ScreeningResult | None = None
    failure: Failure | None = None
    again: bool = False

    @property
    def is_recorded_already(self) -> bool:
        """Nothing is left to do about the file but to take it off the list."""
        return self._failed_as(PhotographRecordedAlready)

    @property
    def is_recorded_elsewhere(self) -> bool:
        """Whether the person has to say if it is to be recorded here as well."""
        return self._failed_as(PhotographRecordedElsewhere)

    def _failed_as(self, error: type[PhotographError]) -> bool:
        return self.failure is not None and self.failure.code == error.code


@dataclass(frozen=True, slots=True)
class Batch:
    """`ended` of `total` photographs; `seconds_left` is a guess, None before there is one."""

    ended: int = 0
    total: int = 0
    seconds_left: float | None = None

    @property
    def is_running(self) -> bool:
        """Whether some are still to come."""
        return self.ended < self.total


@dataclass(frozen=True, slots=True)
class Graded:
    """A photograph of a patient was screened and recorded."""

    mrn: str
    result: ScreeningResult


@dataclass(frozen=True, slots=True)
class NetworkState:
    """Ready where `spec` is set, failed where `failure` is, loading where neither."""

    spec: PredictorSpec | None = None
    failure: Failure | None = None
