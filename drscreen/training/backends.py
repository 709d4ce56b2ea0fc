"""How far results lie apart between ways to compute the same network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.network import normalise, to_batch
from drscreen.adapters.model.predictor import TorchPredictor, load_network
from drscreen.domain.errors import ExportUnavailable
from drscreen.domain.grading import Grading, grade_photograph
from drscreen.domain.image import RgbImage
from drscreen.domain.quality import QualityVerdict
from drscreen.domain.referral import decide
from drscreen.domain.settings import DeviceChoice
from drscreen.training.exporting import INPUT, OUTPUT, export_onnx

Logits = Sequence[float]
Ask = Callable[[RgbImage], Logits]
#: What the others are compared with, and what a bundle is measured in. Threads are named here and
#: nowhere else: a prediction takes those that the machine gives it.
REFERENCE = "fp32, one thread"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A back end beside the reference on `photographs`: how many changed grade, referable call and
    decision, and the largest difference of any grade's probability.
    """

    backend: str
    photographs: int
    farthest: float
    grades: int
    calls: int
    decisions: int


def agreements(
    bundle: Bundle,
    squares: Sequence[RgbImage],
    step: Callable[[str, int], None] = lambda _backend, _done: None,
) -> list[Agreement]:
    """Each back end that is here beside the reference, on squares prepared for the network.

    `step` hears the back end and how many photographs it has done. ONNX Runtime is left out where
    onnx, onnxscript or onnxruntime is not installed. Raises a `BundleError`, `PredictionFailed` or
    `ExportFailed`.
    """
    reference: list[Grading] = []
    found = []
    for name, ask in _backends(bundle):
        gradings = []
        for done, square in enumerate(squares, start=1):
            logits = ask(square)
            gradings.append(grade_photograph(logits, bundle.temperature, bundle.operating_point))
            step(name, done)
        if name == REFERENCE:
            reference = gradings
        else:
            found.append(_compared(name, bundle, reference, gradings))
    return found


def _backends(bundle: Bundle) -> Iterator[tuple[str, Ask]]:
    """The reference first; each is made when its turn comes."""
    folder = bundle.folder
    for name, threads in ((REFERENCE, 1), ("fp32, two threads", 2)):
        yield name, _asked(TorchPredictor(folder, DeviceChoice.CPU, torch.float32, threads))
    yield "fp32, layers not folded", _plain(bundle)
    yield "bf16", _asked(TorchPredictor(folder, DeviceChoice.CPU, torch.bfloat16))
    if torch.cuda.is_available():
        for name, dtype in (
            ("fp32 on the GPU", torch.float32),
            ("bf16 on the GPU", torch.bfloat16),
        ):
            yield name, _asked(TorchPredictor(folder, DeviceChoice.CUDA, dtype))
    if find_spec("onnxruntime"):
        try:
            ask = _onnx_runtime(bundle)
        except ExportUnavailable:
            return
        yield "ONNX Runtime, fp32", ask


def _asked(predictor: TorchPredictor) -> Ask:
    return lambda square: predictor.predict([square])[0]


def _plain(bundle: Bundle) -> Ask:
    network = load_network(bundle)

    def ask(square: RgbImage) -> Logits:
        with torch.inference_mode():
            batch = normalise(to_batch([square]).contiguous(), bundle.input)
            logits: list[float] = network(batch)[0].tolist()
        return logits

    return ask


def _onnx_runtime(bundle: Bundle) -> Ask:
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        export_onnx(bundle, file)
        session = onnxruntime.InferenceSession(
            file.read_bytes(), providers=["CPUExecutionProvider"]
        )

    def ask(square: RgbImage) -> Logits:
        batch = normalise(to_batch([square]).contiguous(), bundle.input).numpy()
        logits: list[float] = session.run([OUTPUT], {INPUT: batch})[0][0].tolist()
        return logits

    return ask


def _compared(
    name: str, bundle: Bundle, reference: Sequence[Grading], found: Sequence[Grading]
) -> Agreement:
    pairs = list(zip(reference, found, strict=True))
    point, graded = bundle.operating_point, QualityVerdict(gradable=True, score=1.0)
    return Agreement(
        backend=name,
        photographs=len(pairs),
        farthest=max(
            abs(p - q)
            for a, b in pairs
            for p, q in zip(a.probabilities, b.probabilities, strict=True)
        ),
        grades=sum(a.grade != b.grade for a, b in pairs),
        calls=sum(a.referable != b.referable for a, b in pairs),
        decisions=sum(decide(graded, a, point) != decide(graded, b, point) for a, b in pairs),
    )
