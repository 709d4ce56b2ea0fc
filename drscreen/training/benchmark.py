"""What `drscreen bench` measures: each stage of the main job beside plain eager fp32 torch."""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from drscreen.adapters.imaging.field_of_view import as_image, prepare_square
from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.imaging.quality import FundusQualityGate
from drscreen.adapters.imaging.quality_network import QualityNetwork
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.adapters.model.bundle import read_bundle
from drscreen.adapters.model.network import normalise, to_batch
from drscreen.adapters.model.predictor import TorchPredictor, load_network
from drscreen.adapters.system.paths import quality_network
from drscreen.domain.explanation import Explanation
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.domain.ports import PhotographReader
from drscreen.domain.settings import DeviceChoice


@dataclass(frozen=True, slots=True)
class Timing:
    """Median, least and most wall-clock seconds of a stage over the repeats."""

    stage: str
    median: float
    low: float
    high: float


def benchmark(  # noqa: PLR0917 - what it measures with
    photograph: Path,
    bundle: Path,
    device: DeviceChoice,
    repeats: int,
    draw: Callable[[Path, Explanation, Path], None],
    apart: PhotographReader,
) -> list[Timing]:
    """Time every stage on one photograph; a first, unmeasured round warms caches.

    `draw` is `Workstation.write_overlay`, `apart` the reader that decodes in a process of its own,
    as in the program; it is measured beside decoding here and used for the rest.
    """
    reader, gate = apart, FundusQualityGate(QualityNetwork.read(quality_network()))
    started = time.perf_counter()
    predictor = TorchPredictor(bundle, device)
    loading = time.perf_counter() - started
    spec = predictor.spec
    verified = read_bundle(bundle)
    plain = load_network(verified)
    data = reader.read(photograph)
    decoded = reader.decode(data)
    square = prepare_square(decoded.image, spec.input)

    def whole() -> None:
        picture = reader.decode(reader.read(photograph))
        gate.assess(picture)
        predictor.predict([prepare_square(picture.image, spec.input)])

    def explained() -> None:
        picture = reader.decode(reader.read(photograph))
        gate.assess(picture)
        _, explanation = predictor.explain(prepare_square(picture.image, spec.input))
        with tempfile.TemporaryDirectory() as folder:
            draw(photograph, explanation, Path(folder) / "overlay.png")

    def eager() -> None:
        with torch.inference_mode():
            plain(normalise(to_batch([square]).contiguous(), spec.input))

    def ready() -> None:
        picture = reader.decode(reader.read(photograph))
        gate.assess(picture)
        prepare_square(picture.image, spec.input)

    stages: list[tuple[str, Callable[[], object]]] = [
        ("read the file", lambda: reader.read(photograph)),
        ("decode and hash", lambda: reader.decode(data)),
        ("decode and hash, in this process", lambda: PillowReader().decode(data)),
        ("quality gate", lambda: gate.assess(decoded)),
        ("prepare the square", lambda: prepare_square(decoded.image, spec.input)),
        ("read, gate and prepare together", ready),
        (f"network, {spec.precision} on {spec.device}", lambda: predictor.predict([square])),
        ("network, plain eager fp32 torch", eager),
        ("network, and what it looked at", lambda: predictor.explain(square)),
        ("whole photograph", whole),
        ("whole photograph, with its overlay", explained),
    ]
    timings = [Timing("load and verify the network", loading, loading, loading)]
    timings += [_timed(stage, action, repeats) for stage, action in stages]
    return timings


def fifteen_megapixels(folder: Path) -> Path:
    """A drawn photograph as a camera writes it: JPEG, 4752 x 3168 pixels."""
    phantom = as_image(draw_phantom(Grade.MODERATE, seed=1, eye=Laterality.OD))
    frame = Image.new("RGB", (4752, 3168))
    frame.paste(phantom.resize((3168, 3168), Image.Resampling.BICUBIC), (792, 0))
    encoded = io.BytesIO()
    frame.save(encoded, "JPEG", quality=90)
    path = folder / "drawing.jpg"
    path.write_bytes(encoded.getvalue())
    return path


def _timed(stage: str, action: Callable[[], object], repeats: int) -> Timing:
    action()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return Timing(stage, statistics.median(seconds), min(seconds), max(seconds))
