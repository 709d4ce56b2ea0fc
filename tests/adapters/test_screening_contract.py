"""What the ports of screening promise, asked of the fakes and of the real adapters alike."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.imaging.quality import FundusQualityGate
from drscreen.adapters.imaging.quality_network import QualityNetwork
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.adapters.model.predictor import TorchPredictor
from drscreen.adapters.system.clock import SystemClock
from drscreen.adapters.system.paths import quality_network
from drscreen.domain.errors import PhotographEmpty, PhotographError, PhotographNotFound
from drscreen.domain.grading import Grade, grade_photograph
from drscreen.domain.image import InputSpec, Laterality
from drscreen.domain.ports import Clock, PhotographReader, Predictor, QualityGate
from tests.bundles import write_random_bundle
from tests.fakes.screening import FakeClock, FakeGate, FakePredictor, FakeReader


@pytest.fixture(scope="module")
def png() -> bytes:
    drawing = draw_phantom(Grade.MILD, seed=8, eye=Laterality.OD, size=500)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (drawing.width, drawing.height), drawing.pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(params=[FakeReader, PillowReader])
def reader(request: pytest.FixtureRequest) -> PhotographReader:
    made: PhotographReader = request.param()
    return made


def _real_gate() -> QualityGate:
    return FundusQualityGate(QualityNetwork.read(quality_network()))


@pytest.fixture(params=[FakeGate, _real_gate], ids=["fake", "real"])
def gate(request: pytest.FixtureRequest) -> QualityGate:
    made: QualityGate = request.param()
    return made


def _real_predictor(folder: Path) -> Predictor:
    return TorchPredictor(write_random_bundle(folder / "bundle"))


@pytest.fixture(params=[lambda _folder: FakePredictor(), _real_predictor], ids=["fake", "real"])
def predictor(request: pytest.FixtureRequest, tmp_path: Path) -> Predictor:
    make: Callable[[Path], Predictor] = request.param
    return make(tmp_path)


@pytest.fixture(params=[FakeClock, SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_a_reader_gives_the_files_own_bytes(
    reader: PhotographReader, png: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "photograph.png"
    path.write_bytes(png)
    assert reader.read(path) == png


def test_a_reader_names_what_cannot_be_read(reader: PhotographReader, tmp_path: Path) -> None:
    with pytest.raises(PhotographNotFound):
        reader.read(tmp_path / "none.png")
    empty = tmp_path / "empty.png"
    empty.touch()
    with pytest.raises(PhotographEmpty):
        reader.read(empty)
    with pytest.raises(PhotographError):
        reader.decode(b"no picture at all")


def test_a_reader_decodes_and_prepares_the_same_way_twice(
    reader: PhotographReader, png: bytes
) -> None:
    first = reader.decode(png)
    assert reader.decode(png) == first
    assert len(first.sha256) == 64
    assert first.media_type == "image/png"
    spec = InputSpec(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    square = reader.prepare(first.image, spec)
    assert (square.width, square.height) == (32, 32)
    assert reader.prepare(first.image, spec) == square


def test_a_gate_passes_a_good_photograph_and_repeats_itself(gate: QualityGate, png: bytes) -> None:
    photograph = PillowReader().decode(png)
    verdict = gate.assess(photograph)
    assert verdict.gradable
    assert gate.assess(photograph) == verdict


def test_a_predictor_gives_five_usable_logits_a_photograph_and_repeats_them(
    predictor: Predictor, png: bytes
) -> None:
    spec = predictor.spec
    reader = PillowReader()
    square = reader.prepare(reader.decode(png).image, spec.input)
    logits = predictor.predict([square, square])
    assert len(logits) == 2
    assert logits[0] == logits[1] == predictor.predict([square])[0]
    grading = grade_photograph(logits[0], spec.temperature, spec.operating_point)
    assert sum(grading.probabilities) == pytest.approx(1)
    assert predictor.predict([]) == []


def test_a_clock_knows_its_zone_and_never_runs_backwards(clock: Clock) -> None:
    assert clock.now().tzinfo is not None
    assert clock.elapsed() <= clock.elapsed()
