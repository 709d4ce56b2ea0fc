"""The figures of a bundle's card, measured again from the photographs they were measured on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.network import fold_norms
from drscreen.adapters.model.predictor import load_network
from drscreen.domain.errors import DatasetError
from drscreen.training.evaluation import FIGURES, Evaluation, evaluate, recorded
from drscreen.training.gathering import DataPlan, gather
from drscreen.training.measurement import by_source, cross_fitted
from drscreen.training.metrics import Estimate
from drscreen.training.plan import Stage, TrainingPlan
from drscreen.training.trainer import predict_squares

#: Figures are given to three digits; processors and numbers of threads differ below them.
TOLERANCE = 0.0015


@dataclass(frozen=True, slots=True)
class Reproduced:
    """A figure of the card (None where it has none) beside the same one measured now."""

    source: str
    figure: str
    card: Estimate | None
    now: Estimate

    @property
    def agrees(self) -> bool:
        """Whether both are the same to three digits."""
        if self.card is None or self.card.value is None or self.now.value is None:
            return (self.card.value if self.card else None) is self.now.value
        return abs(self.card.value - self.now.value) < TOLERANCE


def reproduce(
    bundle: Bundle,
    data: Sequence[Path],
    also: Sequence[Path] = (),
    *,
    cache: Path | None = None,
    counted: Callable[[str, int, int], None] = lambda *_: None,
) -> list[Reproduced]:
    """Split the same photographs by the same seed, grade who was held out, judge as the card did.

    `data` and `also` are the folders the training was given. Raises `DatasetError` where they hold
    other photographs, or the bundle does not say how it was made.
    """
    provenance = bundle.manifest["provenance"]
    try:
        plan = _plan(bundle.architecture, provenance["plan"])
        wanted = provenance["held_out"]
        fold = int(wanted["fold"])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{bundle.info.name} does not say how it was made.") from error
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        photographs = DataPlan(tuple(data), tuple(also), fold=fold)
        gathered = gather(photographs, plan, run, cache or run, counted)
        if gathered.provenance["held_out"] != wanted:
            raise DatasetError(
                f"These are not the photographs that {bundle.info.name} was measured on: "
                f"{gathered.provenance['held_out']['photographs']} would be held out, "
                f"{wanted['photographs']} were."
            )
        held_out = gathered.held_out
        logits = predict_squares(
            fold_norms(load_network(bundle)),
            held_out.squares,
            held_out.rows,
            bundle.input,
            progress=lambda done, everything: counted("measuring", done, everything),
        )
    judged = cross_fitted(logits, held_out, plan.seed)
    metrics = bundle.manifest["metrics"]
    found = _beside("all", metrics.get("held_out"), evaluate(judged))
    for source, evaluation in by_source(judged, held_out).items():
        found += _beside(source, metrics.get("by_source", {}).get(source), evaluation)
    return found


def _beside(source: str, card: object, now: Evaluation) -> list[Reproduced]:
    return [
        Reproduced(source, figure, recorded(card, figure), getattr(now, figure))
        for figure in FIGURES
    ]


def _plan(architecture: str, told: Mapping[str, Any]) -> TrainingPlan:
    """As much of a plan as says how photographs are prepared and split."""
    stages = tuple(Stage(int(stage["size"]), int(stage["epochs"])) for stage in told["stages"])
    return TrainingPlan(
        architecture, stages, seed=int(told["seed"]), equalise=bool(told["equalise"])
    )
