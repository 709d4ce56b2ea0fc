"""One photograph on its way: the request, its stages, the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from drscreen.domain.cancel import CancelToken
from drscreen.domain.explanation import Explanation
from drscreen.domain.grading import ROUNDING, GradeCuts, Grading, OperatingPoint
from drscreen.domain.image import InputSpec, Laterality
from drscreen.domain.quality import QualityVerdict
from drscreen.domain.referral import Decision
from drscreen.domain.signature import Signer, remark


class Stage(StrEnum):
    """Where a photograph is on its way."""

    READING = "reading"
    DECODING = "decoding"
    QUALITY = "quality"
    PREDICTING = "predicting"
    SAVING = "saving"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which network graded: `sha256` is the hash of the bundle's manifest, which names the rest.

    Where nobody has signed it, `allowed_by` names who let it be used.
    """

    name: str
    version: str
    sha256: str
    signer: Signer = Signer.NOBODY
    allowed_by: str = ""

    @property
    def remark(self) -> str:
        """What has to be said of its signature wherever it is named; empty where nothing has to."""
        return remark(self.signer, self.allowed_by)

    @property
    def title(self) -> str:
        """Name, version and what has to be said."""
        return f"{self.name} {self.version}" + (f" ({self.remark})" if self.remark else "")

    def as_json(self) -> dict[str, str | None]:
        """For scripts and exports: `signature` is whose it is, "nobody" where nobody signed."""
        return {
            "name": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "signature": self.signer.value or None,
            "allowed_by": self.allowed_by or None,
        }


@dataclass(frozen=True, slots=True)
class PredictorSpec:
    """All that a result depends on besides the photograph."""

    model: ModelInfo
    input: InputSpec
    temperature: float
    operating_point: OperatingPoint
    device: str
    precision: str
    grade_cuts: GradeCuts = ROUNDING


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock seconds a photograph spent in each stage; None where it did not get there."""

    decode: float | None = None
    quality: float | None = None
    predict: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class SaveTo:
    """Which record a result belongs to. `mrn` is the patient's number in the clinic."""

    mrn: str
    eye: Laterality


@dataclass(frozen=True, slots=True)
class ScreeningRequest:
    """A photograph to be screened, and where to save the result (nowhere if `save_to` is None).

    `explain` asks for what the network looked at as well. `again`: somebody was told that the same
    file is recorded for another patient or eye, and wants it recorded here all the same.
    """

    path: Path
    save_to: SaveTo | None = None
    cancel: CancelToken = field(default_factory=CancelToken, compare=False)
    explain: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class ScreeningResult:
    """What screening one photograph gave.

    `grading` is None exactly where the photograph is ungradable. `explanation` is there where it
    was asked for and the photograph was graded. `media_type` is the file's own format, e.g.
    ``image/jpeg``.
    """

    path: Path
    sha256: str
    media_type: str
    width: int
    height: int
    quality: QualityVerdict
    grading: Grading | None
    decision: Decision
    model: ModelInfo
    operating_point: OperatingPoint
    seconds: Seconds
    record: str | None = None
    explanation: Explanation | None = None
