"""A training from data sets to a bundle: gather, train, calibrate, measure, write."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from drscreen.adapters.model.bundle import Bundle, Tensors, read_bundle
from drscreen.adapters.model.bundle_writer import BundleContent, check_replaceable, write_bundle
from drscreen.adapters.model.predictor import network_with
from drscreen.domain.errors import DatasetError
from drscreen.training.averaging import kept_in_part, starting_tensors
from drscreen.training.card import model_card
from drscreen.training.datasets.plain import write_labels
from drscreen.training.gathering import DataPlan, Gathered, gather
from drscreen.training.measurement import Measurement, measure
from drscreen.training.plan import TrainingPlan
from drscreen.training.plots import (
    write_confusion,
    write_loss_curve,
    write_reliability,
    write_risk_coverage,
    write_roc,
)
from drscreen.training.trainer import (
    LOG_FILE,
    Trainer,
    TrainingProgress,
    content_hash,
)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a run reports to: the step of decoding, training or measuring that was done."""

    counted: Callable[[str, int, int], None] = lambda _what, _done, _all: None
    trained: Callable[[TrainingProgress], None] = lambda _progress: None


def check_out(folder: Path) -> None:
    """Raises `FileUnwritable` where a bundle written there would remove something else."""
    check_replaceable(folder)


class TrainingRun:
    """One training with its data at hand. Use from one thread."""

    def __init__(
        self,
        plan: TrainingPlan,
        data: DataPlan,
        run: Path,
        *,
        cache: Path | None = None,
        start: Path | None = None,
        keep_start: float = 0.0,
        device: str = "cpu",
        listener: Listener | None = None,
    ) -> None:
        """Read labels, decode (or find decoded) photographs, resume where a checkpoint is.

        `cache` keeps what several runs can share; the run's own folder by default. What is
        measured and written keeps a share of the starting bundle's weights, `keep_start` from 0 to
        1; training does not know of it. Raises `DatasetError` or `CheckpointError`.
        """
        self._plan, self._data, self._start, self._run = plan, data, start, run
        self._keep_start = keep_start
        self._starting = starting_tensors(start, plan.architecture) if keep_start else {}
        self._listener = listener or Listener()
        self.gathered: Gathered = gather(data, plan, run, cache or run, self._listener.counted)
        self._trainer = Trainer(plan, self.gathered.portions, run=run, start=start, device=device)
        self._write_json("plan.json", asdict(plan))
        self._write_json("provenance.json", self._provenance())
        held_out = self.gathered.held_out
        for dataset in self.gathered.datasets:
            if dataset.name in held_out.sources:
                # So that `drscreen evaluate` can measure the whole road, quality gate included.
                labels = run / f"held_out-{dataset.name}.csv"
                write_labels(labels, held_out.photographs, dataset.folder)

    def train(self, seconds: float) -> bool:
        """Train on; True where the plan is done, False where `seconds` ran out first."""
        return self._trainer.train(self._listener.trained, seconds)

    def measure(self) -> Measurement:
        """Calibrate and measure on the patients held out."""
        architecture, power = self._plan.architecture, self._plan.pooling_power
        return measure(
            self._tensors(),
            lambda stored: network_with(architecture, stored, power),
            self.gathered.held_out,
            spec=self._plan.input,
            seed=self._plan.seed,
            counted=self._listener.counted,
        )

    def write(
        self,
        folder: Path,
        name: str,
        version: str,
        measurement: Measurement,
        *,
        plots: Sequence[Path] = (),
        beside: Path | None = None,
    ) -> Bundle:
        """Write the bundle with its card and its training's plots.

        The card compares with the bundle at `beside`. Raises `DatasetError` where that was measured
        on other photographs.
        """
        # As a reader of the bundle will see it: JSON knows no tuples.
        provenance = json.loads(json.dumps(self._provenance()))
        other = read_bundle(beside) if beside else None
        if other and other.manifest["provenance"].get("held_out") != provenance["held_out"]:
            raise DatasetError(f"{other.folder.name} was measured on other photographs.")
        content = BundleContent(
            name=name,
            version=version,
            architecture=self._plan.architecture,
            input=self._plan.input,
            temperature=measurement.calibration.temperature,
            operating_point=measurement.calibration.operating_point,
            card=model_card(
                name,
                version,
                plan=self._plan,
                measurement=measurement,
                provenance=provenance,
                beside=other,
            ),
            agreement=measurement.agreement,
            grade_cuts=measurement.calibration.grade_cuts,
            pooling_power=self._plan.pooling_power,
            provenance=provenance,
            metrics={
                "held_out": asdict(measurement.evaluation),
                "by_source": {n: asdict(e) for n, e in measurement.by_source.items()},
                "risk_coverage": [asdict(point) for point in measurement.calibration.curve],
            },
            plots={plot.name: plot.read_bytes() for plot in plots},
        )
        bundle = write_bundle(folder, self._tensors(), content)
        self._write_json("metrics.json", dict(content.metrics))
        return bundle

    def draw(self, measurement: Measurement) -> list[Path]:
        """The run's plots, into its folder. Raises `PlottingUnavailable`."""
        log = (self._run / LOG_FILE).read_text(encoding="utf-8").splitlines()
        judged, evaluation = measurement.judged, measurement.evaluation
        return [
            write_loss_curve(self._run, [json.loads(line) for line in log]),
            write_roc(self._run, judged, evaluation),
            write_reliability(self._run, judged, evaluation),
            write_confusion(self._run, evaluation),
            write_risk_coverage(self._run, measurement.calibration),
        ]

    def _tensors(self) -> Tensors:
        trained = {
            key: value.numpy()
            for key, value in self._trainer.network().state_dict().items()
            if not key.endswith("num_batches_tracked")
        }
        if not self._keep_start:
            return trained
        return kept_in_part(self._starting, trained, self._keep_start)

    def _provenance(self) -> dict[str, Any]:
        return {
            **self.gathered.provenance,
            "start": _origin(self._start) if self._start else None,
            "keep_start": self._keep_start,
            "teacher": _origin(self._data.teacher) if self._data.teacher else None,
            "plan": asdict(self._plan),
            "torch": torch.__version__,
        }

    def _write_json(self, name: str, content: dict[str, Any]) -> None:
        (self._run / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _origin(path: Path) -> dict[str, Any]:
    """Where weights or beliefs came from; an earlier bundle brings its own provenance along."""
    origin = {"file": path.name, "sha256": content_hash(path)}
    if path.is_dir():
        manifest = read_bundle(path).manifest
        origin |= {"architecture": manifest["architecture"], "provenance": manifest["provenance"]}
    return origin
