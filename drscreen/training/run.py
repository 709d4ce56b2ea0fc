"""A training from labels to a bundle: split, train, calibrate, evaluate, write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from drscreen.adapters.model.bundle import Bundle, Tensors, read_bundle
from drscreen.adapters.model.bundle_writer import BundleContent, as_stored, write_bundle
from drscreen.adapters.model.network import fold_norms
from drscreen.adapters.model.predictor import network_with
from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import grade_photograph
from drscreen.domain.quality import QualityVerdict
from drscreen.domain.referral import decide
from drscreen.training.calibration import Calibration, calibrate
from drscreen.training.card import model_card
from drscreen.training.datasets.dataset import Dataset, find_dataset
from drscreen.training.datasets.layouts import UNGRADABLE
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.datasets.plain import write_labels
from drscreen.training.datasets.report import write_reports
from drscreen.training.evaluation import EvaluatedPhotograph, Evaluation, evaluate
from drscreen.training.metrics import Floats
from drscreen.training.split import split_patients
from drscreen.training.squares import Squares, load_squares
from drscreen.training.trainer import (
    Trainer,
    TrainingPlan,
    TrainingProgress,
    content_hash,
    predict_squares,
)

#: One patient in so many is held out of training, for calibration and measurement.
FOLDS = 4
HELD_OUT = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of photographs with its labels file. `name` is what the card calls it."""

    name: str
    images: Path
    labels: Path


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a run reports to: the step of decoding, training or measuring that was done."""

    counted: Callable[[str, int, int], None] = lambda _what, _done, _all: None
    trained: Callable[[TrainingProgress], None] = lambda _progress: None


class TrainingRun:
    """One training with its data at hand. Use from one thread."""

    def __init__(
        self,
        plan: TrainingPlan,
        sources: Sequence[Source],
        run: Path,
        *,
        start: Path | None = None,
        device: str = "cpu",
        listener: Listener | None = None,
    ) -> None:
        """Read labels, decode (or find decoded) photographs, resume where a checkpoint is.

        Raises `DatasetError` or `CheckpointError`.
        """
        self._plan, self._sources, self._start = plan, sources, start
        self._listener = listener or Listener()
        self.datasets: list[Dataset] = [
            find_dataset(s.images, labels=s.labels, name=s.name) for s in sources
        ]
        wanted = [
            p for found in self.datasets for p in found.photographs if p.quality != UNGRADABLE
        ]
        prepared = load_squares(
            wanted, plan.input, run, lambda d, a: self._listener.counted("decoding", d, a)
        )
        write_reports(run, [found.report for found in self.datasets], prepared.findings)
        self.squares: Squares = prepared.squares
        self.photographs, self.unreadable = prepared.photographs, prepared.unreadable
        self.left_out = prepared.findings
        folds = split_patients(self.photographs, FOLDS, plan.seed)
        fold = np.array([folds[p.patient] for p in self.photographs], dtype=np.int64)
        self.grades = np.array([int(p.grade) for p in self.photographs], dtype=np.int64)
        self.held_out = np.flatnonzero(fold == HELD_OUT)
        self.trained_on = np.flatnonzero(fold != HELD_OUT)
        if not self.held_out.size or not self.trained_on.size:
            raise DatasetError(f"At least {FOLDS} patients are needed to train and to measure.")
        self._trainer = Trainer(
            plan,
            squares=self.squares,
            grades=self.grades,
            rows=self.trained_on,
            run=run,
            start=start,
            device=device,
        )
        (run / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n")
        self._list_held_out(run)

    def train(self, seconds: float) -> bool:
        """Train on; True where the plan is done, False where `seconds` ran out first."""
        return self._trainer.train(self._listener.trained, seconds)

    def write(self, folder: Path, name: str, version: str) -> tuple[Bundle, Evaluation]:
        """Calibrate and measure on the patients held out, then write the bundle."""
        network = self._trainer.network()
        tensors: Tensors = {
            key: value.numpy()
            for key, value in network.state_dict().items()
            if not key.endswith("num_batches_tracked")
        }
        architecture = self._plan.architecture
        full = self._logits(network, "measuring fp32")
        eight_bit = self._logits(network_with(architecture, as_stored(tensors)), "measuring 8-bit")
        half = self._bf16_logits(network_with(architecture, as_stored(tensors)))
        truth = self.grades[self.held_out]
        calibration = calibrate(eight_bit, truth)
        evaluation = evaluate(self._cross_fitted(eight_bit))
        agreement = {
            **_agreement("quantised", full, eight_bit, calibration),
            **_agreement("bf16", eight_bit, half, calibration),
        }
        provenance = self._provenance()
        metrics = {"held_out": asdict(evaluation)}
        content = BundleContent(
            name=name,
            version=version,
            architecture=architecture,
            input=self._plan.input,
            temperature=calibration.temperature,
            operating_point=calibration.operating_point,
            card=model_card(
                name,
                version,
                plan=self._plan,
                calibration=calibration,
                evaluation=evaluation,
                provenance=provenance,
                agreement=agreement,
            ),
            agreement=agreement,
            provenance=provenance,
            metrics=metrics,
        )
        return write_bundle(folder, tensors, content), evaluation

    def _list_held_out(self, run: Path) -> None:
        """A labels file for each source, so that `drscreen evaluate` can measure the whole road,
        quality gate included, on the photographs that were not trained on.
        """
        held_out = [self.photographs[row] for row in self.held_out]
        for source in self._sources:
            write_labels(run / f"held_out-{source.name}.csv", held_out, source.images)

    def _logits(self, network: nn.Module, what: str) -> Floats:
        return predict_squares(
            network,
            self.squares,
            self.held_out,
            self._plan.input,
            progress=lambda d, a: self._listener.counted(what, d, a),
        )

    def _bf16_logits(self, network: nn.Module) -> Floats:
        """As the predictor runs it: trunk in bf16, head in fp32."""
        folded = fold_norms(network)
        head = folded.get_submodule("fc")
        folded.set_submodule("fc", nn.Identity())
        features = predict_squares(
            folded.to(torch.bfloat16),
            self.squares,
            self.held_out,
            self._plan.input,
            dtype=torch.bfloat16,
            progress=lambda d, a: self._listener.counted("measuring bf16", d, a),
        )
        with torch.inference_mode():
            logits = head(torch.from_numpy(features).float()).double().numpy()
        return np.asarray(logits)

    def _cross_fitted(self, logits: Floats) -> list[EvaluatedPhotograph]:
        """Held-out photographs judged with a calibration of the other half of the patients.

        So no patient's figure rests on a threshold that was chosen on that patient.
        """
        photographs = [self.photographs[row] for row in self.held_out]
        halves = split_patients(photographs, 2, self._plan.seed + 1)
        half = np.array([halves[p.patient] for p in photographs])
        truth = self.grades[self.held_out]
        judged: list[EvaluatedPhotograph] = []
        for side in (0, 1):
            calibration = calibrate(logits[half != side], truth[half != side])
            judged += [
                _judged(photographs[i], logits[i], calibration)
                for i in np.flatnonzero(half == side)
            ]
        return judged

    def _provenance(self) -> dict[str, Any]:
        def mix(rows: npt.NDArray[np.int64]) -> dict[str, Any]:
            return {
                "photographs": int(rows.size),
                "patients": len({self.photographs[row].patient for row in rows}),
                "grades": np.bincount(self.grades[rows], minlength=5).tolist(),
            }

        return {
            "sources": [
                {"name": s.name, "labels_sha256": _sha256(s.labels)} for s in self._sources
            ],
            "left_out": {"unreadable": len(self.unreadable), "labelled ungradable": UNGRADABLE},
            "trained_on": mix(self.trained_on),
            "held_out": mix(self.held_out),
            "start": _start(self._start) if self._start else None,
            "plan": asdict(self._plan),
            "torch": torch.__version__,
        }


def _judged(
    photograph: LabelledPhotograph, logits: Floats, calibration: Calibration
) -> EvaluatedPhotograph:
    point = calibration.operating_point
    grading = grade_photograph(logits.tolist(), calibration.temperature, point)
    decision = decide(QualityVerdict(gradable=True, score=1.0), grading, point)
    return EvaluatedPhotograph(photograph.patient, photograph.grade, grading, decision)


def _agreement(what: str, one: Floats, other: Floats, calibration: Calibration) -> dict[str, float]:
    """Shares of photographs whose grade, and whose referable call, are the same under both."""
    point, temperature = calibration.operating_point, calibration.temperature
    pairs = [
        (grade_photograph(a, temperature, point), grade_photograph(b, temperature, point))
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
    ]
    return {
        f"{what}_grade": sum(a.grade == b.grade for a, b in pairs) / len(pairs),
        f"{what}_referable": sum(a.referable == b.referable for a, b in pairs) / len(pairs),
    }


def _start(path: Path) -> dict[str, Any]:
    """What a training started from; an earlier bundle brings its own provenance along."""
    start = {"file": path.name, "sha256": content_hash(path)}
    return start | (
        {"provenance": read_bundle(path).manifest["provenance"]} if path.is_dir() else {}
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
