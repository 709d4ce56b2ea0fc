"""What the services need from outside, as Protocols. Adapters implement them; fakes do in tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from drscreen.domain.backup import Backup, BackupCheck
from drscreen.domain.cancel import CancelToken
from drscreen.domain.explanation import Explanation
from drscreen.domain.export import PatientExport
from drscreen.domain.image import DecodedPhotograph, InputSpec, RgbImage
from drscreen.domain.quality import QualityVerdict
from drscreen.domain.screening import PredictorSpec
from drscreen.domain.settings import Settings


class Clock(Protocol):
    """The only source of time in services."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in the clinic's own zone: its date is the visit's."""
        ...

    def elapsed(self) -> float:
        """Monotonic seconds from an arbitrary origin."""
        ...


class PhotographReader(Protocol):
    """Turns a file into pixels that screening can use."""

    def read(self, path: Path) -> bytes:
        """The file's own bytes. Raises `PhotographNotFound`, `...Empty`, `...TooLarge`."""
        ...

    def decode(self, data: bytes, cancel: CancelToken | None = None) -> DecodedPhotograph:
        """Orientation applied, colours brought to sRGB. Raises a `PhotographError`, or `Cancelled`
        where `cancel` asks for it, in the middle of the work where the decoder can be ended.
        """
        ...

    def whole(
        self, data: bytes, cancel: CancelToken | None = None, side: int | None = None
    ) -> RgbImage:
        """Every pixel of the file as people look at it, upright, in sRGB; with `side` fewer, but
        at least so many on the short side, and sooner.

        Raises a `PhotographError`, or `Cancelled` as `decode` does.
        """
        ...

    def prepare(self, image: RgbImage, spec: InputSpec) -> RgbImage:
        """Field of view found, cropped, squared without distortion, scaled to `spec.size`.

        The same function that training uses; deterministic.
        """
        ...


class QualityGate(Protocol):
    """Decides whether a photograph can be graded."""

    def assess(self, photograph: DecodedPhotograph) -> QualityVerdict:
        """The verdict with its reasons. Deterministic; never raises for a decoded photograph."""
        ...


class Predictor(Protocol):
    """A loaded network. One thread at a time."""

    @property
    def spec(self) -> PredictorSpec:
        """What it is and what it takes."""
        ...

    def predict(self, images: Sequence[RgbImage]) -> list[tuple[float, ...]]:
        """Five raw logits for each prepared square of `spec.input.size` pixels.

        The same photograph gives the same bits on the same machine. Raises `PredictionFailed`.
        """
        ...

    def explain(self, image: RgbImage) -> tuple[tuple[float, ...], Explanation]:
        """The logits that `predict` gives, and where on the square they came from.

        Raises `PredictionFailed`.
        """
        ...


class PatientReport(Protocol):
    """One patient's record on paper. Any thread."""

    def small_picture(self, image: RgbImage) -> bytes:
        """A photograph small enough for a page, as JPEG."""
        ...

    def render(self, export: PatientExport, pictures: Mapping[str, bytes]) -> bytes:
        """The PDF's bytes; `pictures` by photograph id."""
        ...


class Backups(Protocol):
    """A folder of backups. Needs no password: all of it is encrypted."""

    def backups(self) -> list[Backup]:
        """All that are finished, newest first. Raises `BackupUnwritable`."""
        ...

    def verify(self, name: str, step: Callable[[], None]) -> BackupCheck:
        """Read every byte of one; an empty name means the newest.

        Raises `BackupMissing`, `BackupDamaged`, `BackupUnwritable`.
        """
        ...

    def restore(
        self, name: str, home: Path, *, without_damaged: bool, step: Callable[[], None]
    ) -> BackupCheck:
        """Put one into a home that holds nothing yet; a whole store afterwards or none.

        Raises a `BackupError` or `StoreError`; `BackupDamaged` for a damaged photograph too, unless
        those are to be left out.
        """
        ...


class SettingsFile(Protocol):
    """Where this machine's settings are kept."""

    def load(self) -> Settings:
        """What was saved; defaults where nothing was, or where it cannot be read."""
        ...

    def save(self, settings: Settings) -> None:
        """Keep for next time, atomically."""
        ...
