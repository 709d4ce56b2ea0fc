"""Screening without imaging and without a network: everything answers at once, as it is told."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import PhotographDamaged, PhotographEmpty, PhotographNotFound
from drscreen.domain.explanation import CellMap, Explanation
from drscreen.domain.grading import OperatingPoint
from drscreen.domain.image import DecodedPhotograph, InputSpec, RgbImage
from drscreen.domain.quality import QualityReason, QualityVerdict
from drscreen.domain.screening import ModelInfo, PredictorSpec
from drscreen.domain.signature import Signer

PNG = b"\x89PNG\r\n\x1a\n"

SPEC = PredictorSpec(
    model=ModelInfo("fake", "1.0", "f" * 64, Signer.FOUNDERS),
    input=InputSpec(8, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
    temperature=1.0,
    operating_point=OperatingPoint(0.4, 0.35, 0.45, 0.5),
    device="cpu",
    precision="float32",
)


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)) -> None:
        self.moment = now
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.moment

    def elapsed(self) -> float:
        self.seconds += 0.125
        return self.seconds

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.moment += by


class FakeReader:
    """Reads real files; anything that begins like a PNG decodes to a grey square."""

    def read(self, path: Path) -> bytes:
        if not path.is_file():
            raise PhotographNotFound("The photograph was not found.")
        data = path.read_bytes()
        if not data:
            raise PhotographEmpty("The file is empty.")
        return data

    def decode(self, data: bytes, cancel: CancelToken | None = None) -> DecodedPhotograph:
        if cancel is not None:
            cancel.raise_if_cancelled()
        if not data.startswith(PNG):
            raise PhotographDamaged("The photograph is damaged or incomplete.")
        image = RgbImage(8, 8, bytes([128]) * (8 * 8 * 3))
        digest = hashlib.sha256(data).hexdigest()
        return DecodedPhotograph(digest, "image/png", 800, 800, image, 0.01)

    def whole(
        self, data: bytes, cancel: CancelToken | None = None, side: int | None = None
    ) -> RgbImage:
        return self.decode(data, cancel).image

    def prepare(self, image: RgbImage, spec: InputSpec) -> RgbImage:
        return RgbImage(spec.size, spec.size, bytes([image.pixels[0]]) * (spec.size**2 * 3))


class FakeGate:
    """Passes everything, except the photographs whose verdicts were queued."""

    def __init__(self) -> None:
        self._queued: list[QualityVerdict] = []

    def queue(self, *reasons: QualityReason) -> None:
        """The next photograph fails for these reasons; none: it passes."""
        self._queued.append(QualityVerdict(not reasons, 0.2 if reasons else 0.9, reasons))

    def assess(self, photograph: DecodedPhotograph) -> QualityVerdict:
        return self._queued.pop(0) if self._queued else QualityVerdict(True, 0.9)


class FakePredictor:
    """Is sure of one grade. `during` runs inside `predict`, on the thread that predicts."""

    def __init__(
        self, grade: int = 0, spec: PredictorSpec = SPEC, during: Callable[[], None] | None = None
    ) -> None:
        self.grade = grade
        self.during = during
        self.threads: list[int] = []
        self._spec = spec

    @property
    def spec(self) -> PredictorSpec:
        return self._spec

    def predict(self, images: Sequence[RgbImage]) -> list[tuple[float, ...]]:
        self.threads.append(threading.get_ident())
        if self.during is not None:
            self.during()
        logits = tuple(6.0 if grade == self.grade else 0.0 for grade in range(5))
        return [logits for _ in images]

    def explain(self, image: RgbImage) -> tuple[tuple[float, ...], Explanation]:
        (logits,) = self.predict([image])
        return logits, Explanation(CellMap(2, (0.0, 1.0, 0.0, 0.0)), {})


class Gateway:
    """Something that stays shut until it is opened: a predictor in the middle of its work."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self.entered.set()
        if not self._open.wait(20):
            raise TimeoutError("nobody opened the gateway")

    def open(self) -> None:
        """Let the work go on."""
        self._open.set()
