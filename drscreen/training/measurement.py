"""What a trained network is worth on patients that it was not trained on, and what 8 bits cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from drscreen.adapters.model.bundle import Tensors
from drscreen.adapters.model.bundle_writer import as_stored
from drscreen.adapters.model.network import fold_norms
from drscreen.adapters.model.predictor import computes_bf16
from drscreen.domain.grading import grade_photograph
from drscreen.domain.image import InputSpec
from drscreen.domain.quality import QualityVerdict
from drscreen.domain.referral import decide
from drscreen.training.calibration import Calibration, calibrate
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.evaluation import EvaluatedPhotograph, Evaluation, evaluate
from drscreen.training.metrics import Floats, Ints
from drscreen.training.split import split_patients
from drscreen.training.squares import Squares
from drscreen.training.trainer import predict_squares

#: Photographs on which a network is compared with itself in other precisions, at most: a large one
#: takes minutes for them.
COMPARED = 200


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Photographs of patients that were not trained on, in the order of `rows` of `squares`."""

    squares: Squares
    rows: Ints
    photographs: Sequence[LabelledPhotograph]
    sources: Sequence[str]

    @property
    def truth(self) -> Ints:
        """The readers' grades, (n,)."""
        return np.array([int(p.grade) for p in self.photographs], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Measurement:
    """`logits` (n, 5) are those of the bundle as stored; `evaluation` is cross-fitted: each half of
    the patients is judged by a calibration of the other half, `judged` photograph by photograph.
    `by_source` is the same, a data set at a time. `agreement` is as a bundle has it.
    """

    logits: Floats
    judged: Sequence[EvaluatedPhotograph]
    calibration: Calibration
    evaluation: Evaluation
    by_source: dict[str, Evaluation]
    agreement: dict[str, float]


def measure(
    tensors: Tensors,
    load: Callable[[Tensors], nn.Module],
    held_out: HeldOut,
    *,
    spec: InputSpec,
    seed: int,
    counted: Callable[[str, int, int], None],
) -> Measurement:
    """Run a network as it is stored, in 8 bits, calibrate and judge it; compare it with full
    precision and, where this machine computes in bf16, with that, on some of the photographs.
    `load` makes it of tensors.
    """

    def logits(
        network: nn.Module, rows: Ints, what: str, dtype: torch.dtype = torch.float32
    ) -> Floats:
        return predict_squares(
            network,
            held_out.squares,
            rows,
            spec,
            dtype=dtype,
            progress=lambda done, everything: counted(what, done, everything),
        )

    folded = fold_norms(load(as_stored(tensors)))
    eight_bit = logits(folded, held_out.rows, "measuring 8-bit")
    some = np.arange(0, held_out.rows.size, math.ceil(held_out.rows.size / COMPARED))
    full = logits(fold_norms(load(tensors)), held_out.rows[some], "comparing with fp32")
    calibration = calibrate(eight_bit, held_out.truth)
    agreement = _agreement("quantised", full, eight_bit[some], calibration)
    if computes_bf16(next(folded.parameters()).device):
        # As the predictor runs it: trunk in bf16, head in fp32.
        head = folded.get_submodule("fc")
        folded.set_submodule("fc", nn.Identity())
        trunk = folded.to(torch.bfloat16)
        features = logits(trunk, held_out.rows[some], "comparing with bf16", torch.bfloat16)
        with torch.inference_mode():
            half = head(torch.from_numpy(features).float()).double().numpy()
        agreement |= _agreement("bf16", eight_bit[some], half, calibration)
    judged = cross_fitted(eight_bit, held_out, seed)
    return Measurement(
        logits=eight_bit,
        judged=judged,
        calibration=calibration,
        evaluation=evaluate(judged),
        by_source=by_source(judged, held_out),
        agreement={"photographs": float(some.size), **agreement},
    )


def by_source(judged: Sequence[EvaluatedPhotograph], held_out: HeldOut) -> dict[str, Evaluation]:
    """The evaluation of each data set apart."""
    return {
        source: evaluate([j for j, s in zip(judged, held_out.sources, strict=True) if s == source])
        for source in dict.fromkeys(held_out.sources)
    }


def cross_fitted(logits: Floats, held_out: HeldOut, seed: int) -> list[EvaluatedPhotograph]:
    """Each photograph judged with a calibration of the other half of the patients.

    So no patient's figure rests on a threshold that was chosen on that patient.
    """
    halves = split_patients(held_out.photographs, 2, seed + 1)
    half = np.array([halves[p.patient] for p in held_out.photographs])
    truth = held_out.truth
    calibrations = [calibrate(logits[half != side], truth[half != side]) for side in (0, 1)]
    return [
        _judged(photograph, row, calibrations[side])
        for photograph, row, side in zip(held_out.photographs, logits, half, strict=True)
    ]


def _judged(
    photograph: LabelledPhotograph, logits: Floats, calibration: Calibration
) -> EvaluatedPhotograph:
    point = calibration.operating_point
    cuts = calibration.grade_cuts
    grading = grade_photograph(logits.tolist(), calibration.temperature, point, cuts)
    decision = decide(QualityVerdict(gradable=True, score=1.0), grading, point)
    return EvaluatedPhotograph(photograph.patient, photograph.grade, grading, decision)


def _agreement(what: str, one: Floats, other: Floats, calibration: Calibration) -> dict[str, float]:
    """Shares of photographs whose grade, and whose referable call, are the same under both."""
    pairs = [
        tuple(
            grade_photograph(
                logits,
                calibration.temperature,
                calibration.operating_point,
                calibration.grade_cuts,
            )
            for logits in pair
        )
        for pair in zip(one.tolist(), other.tolist(), strict=True)
    ]
    return {
        f"{what}_grade": sum(a.grade == b.grade for a, b in pairs) / len(pairs),
        f"{what}_referable": sum(a.referable == b.referable for a, b in pairs) / len(pairs),
    }
