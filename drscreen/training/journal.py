"""Predictions kept photograph by photograph, so that an evaluation goes on where it was stopped.

A file of JSON lines that only ever grows. A photograph is known by the hash of its bytes, a
prediction besides by its maker: the network, the program and the machine. Neither names nor grades
given by people are in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drscreen.domain.errors import FileUnwritable
from drscreen.domain.grading import Grade, Grading
from drscreen.domain.quality import QualityReason, QualityVerdict
from drscreen.domain.referral import Decision
from drscreen.domain.screening import ScreeningRequest, ScreeningResult


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the program said of one photograph; `grading` is None where it was ungradable."""

    sha256: str
    quality: QualityVerdict
    grading: Grading | None
    decision: Decision


def as_prediction(result: ScreeningResult) -> Prediction:
    """What an evaluation needs of a screened photograph."""
    return Prediction(result.sha256, result.quality, result.grading, result.decision)


def maker_of(screen: Callable[[ScreeningRequest], ScreeningResult], samples: Iterable[Path]) -> str:
    """A hash of network and of all that it makes of the program's own sample photographs.

    Another network, another quality gate or preparation, another precision, and as a rule another
    machine or library, give another hash; so a prediction is used again only where it would be
    made again. Under a second.
    """
    digest = hashlib.sha256()
    for sample in samples:
        result = screen(ScreeningRequest(sample))
        digest.update(f"{result.model.sha256} {result.quality} {result.grading}\n".encode())
    return digest.hexdigest()


class Journal:
    """The predictions of one maker in a file, which others may share. One thread at a time."""

    def __init__(self, file: Path, maker: str) -> None:
        """Read what is there, and open to add to it.

        A line that breaks off, as a process that was killed may leave one, counts for nothing and
        is ended. Raises `FileUnwritable` where the file is something else or cannot be written.
        """
        self._maker = maker
        self._known: dict[str, Prediction] = {}
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            before = file.read_bytes() if file.exists() else b""
            self._read(file, before)
            # Unbuffered: a line is written by one call, whole or, on a full disk, cut at its end.
            self._handle = file.open("ab", buffering=0)
            if before and not before.endswith(b"\n"):
                self._handle.write(b"\n")
        except OSError as error:
            raise FileUnwritable.because(
                f"The journal {file} cannot be read or written.", error
            ) from error
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.close()

    def find(self, sha256: str) -> Prediction | None:
        """What this maker said of the photograph with that hash."""
        return self._known.get(sha256)

    def keep(self, prediction: Prediction) -> None:
        """Write it down. It outlives the process; raises `FileUnwritable` on a full disk."""
        self._known[prediction.sha256] = prediction
        entry = {"maker": self._maker, **_as_json(prediction)}
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        try:
            written = self._handle.write(line)
        except OSError as error:
            raise FileUnwritable.because(
                f"The journal {self._file} cannot be written.", error
            ) from error
        if written != len(line):
            raise FileUnwritable(f"The disk of the journal {self._file} is full.")

    def _read(self, file: Path, content: bytes) -> None:
        lines = content.splitlines()
        entries = [entry for entry in map(_parsed, lines) if entry is not None]
        if lines and not entries:
            raise FileUnwritable(f"{file} is there and is no journal of predictions.")
        for maker, prediction in entries:
            if maker == self._maker:
                self._known[prediction.sha256] = prediction


def _as_json(prediction: Prediction) -> dict[str, Any]:
    quality, grading = prediction.quality, prediction.grading
    return {
        "photograph": prediction.sha256,
        "quality": {"score": quality.score, "reasons": list(quality.reasons)},
        "grading": None
        if grading is None
        else {
            "grade": int(grading.grade),
            "probabilities": list(grading.probabilities),
            "referable_probability": grading.referable_probability,
            "vision_threatening_probability": grading.vision_threatening_probability,
            "referable": grading.referable,
        },
        "decision": str(prediction.decision),
    }


def _parsed(line: bytes) -> tuple[str, Prediction] | None:
    """Maker and prediction; None for a line that is not whole, or not ours."""
    try:
        entry = json.loads(line)
        quality, found = entry["quality"], entry["grading"]
        reasons = tuple(QualityReason(reason) for reason in quality["reasons"])
        grading = None
        if found is not None:
            p0, p1, p2, p3, p4 = (float(p) for p in found["probabilities"])
            grading = Grading(
                Grade(found["grade"]),
                (p0, p1, p2, p3, p4),
                float(found["referable_probability"]),
                float(found["vision_threatening_probability"]),
                bool(found["referable"]),
            )
        return str(entry["maker"]), Prediction(
            str(entry["photograph"]),
            QualityVerdict(not reasons, float(quality["score"]), reasons),
            grading,
            Decision(entry["decision"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
