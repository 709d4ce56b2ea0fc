"""Ways to compute the same network, and one that does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from drscreen.adapters.model.bundle import Bundle, read_bundle
from drscreen.adapters.model.predictor import TorchPredictor
from drscreen.domain.image import RgbImage
from drscreen.training.backends import agreements
from tests.bundles import write_random_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return read_bundle(write_random_bundle(tmp_path_factory.mktemp("bundles") / "trial"))


@pytest.fixture(scope="module")
def squares() -> list[RgbImage]:
    generator = np.random.default_rng(1)
    return [RgbImage(64, 64, generator.bytes(64 * 64 * 3)) for _ in range(4)]


def test_fp32_is_the_same_everywhere_and_bf16_nearly(
    bundle: Bundle, squares: list[RgbImage]
) -> None:
    heard = []
    found = {a.backend: a for a in agreements(bundle, squares, lambda *step: heard.append(step))}
    # The same bits on most processors; one with AMX cuts up its sums by the number of threads.
    for name in ("fp32, two threads", "fp32, layers not folded", "ONNX Runtime, fp32"):
        assert found[name].farthest < 1e-5
        assert (found[name].grades, found[name].calls, found[name].decisions) == (0, 0, 0)
    assert 0 < found["bf16"].farthest < 0.05
    assert {a.photographs for a in found.values()} == {4}
    assert heard.count(("bf16", 4)) == 1
    # Threads are as they were.
    before = torch.get_num_threads()
    agreements(bundle, squares[:1])
    assert torch.get_num_threads() == before


def test_a_back_end_that_goes_astray_is_found(
    bundle: Bundle, squares: list[RgbImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = TorchPredictor.predict

    def astray(self: TorchPredictor, images: list[RgbImage]) -> list[tuple[float, ...]]:
        off = 50.0 if self.spec.precision == "bf16" else 0.0
        return [(*rest, last + off) for *rest, last in honest(self, images)]

    monkeypatch.setattr(TorchPredictor, "predict", astray)
    found = {a.backend: a for a in agreements(bundle, squares)}
    assert found["bf16"].farthest > 0.5
    assert found["bf16"].grades == 4
    assert found["fp32, two threads"].grades == 0
