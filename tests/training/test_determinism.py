"""The same photograph, the same bits; and a network that breaks this is found out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from drscreen.adapters.model.predictor import TorchPredictor
from drscreen.domain.image import RgbImage
from drscreen.domain.settings import DeviceChoice
from drscreen.training.determinism import repeat
from tests.bundles import write_random_bundle


@pytest.fixture(scope="module")
def squares() -> list[RgbImage]:
    generator = np.random.default_rng(1)
    return [RgbImage(64, 64, generator.bytes(64 * 64 * 3)) for _ in range(3)]


@pytest.mark.parametrize("bf16", [0.0, 1.0])
def test_no_way_of_asking_changes_a_bit(
    squares: list[RgbImage], tmp_path: Path, bf16: float
) -> None:
    bundle = write_random_bundle(tmp_path / "trial", bf16=bf16)
    trials = repeat(bundle, squares, 2, DeviceChoice.CPU)
    threads = sorted({1, 2, os.cpu_count() or 1})
    assert {trial.way: trial.different for trial in trials} == dict.fromkeys(
        (
            "again",
            "among neighbours",
            "in another order",
            "freshly loaded",
            "from another thread",
            *(f"told to use {n} threads" for n in threads),
            "after a restart",
        ),
        0,
    )
    assert sum(trial.asked for trial in trials) == 3 * (4 * 2 + 2 + len(threads))


def test_a_result_that_depends_on_its_neighbours_is_found(
    squares: list[RgbImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = TorchPredictor.predict

    def swayed(self: TorchPredictor, images: list[RgbImage]) -> list[tuple[float, ...]]:
        return [(a + 0.5 * (len(images) > 1), *rest) for a, *rest in honest(self, images)]

    monkeypatch.setattr(TorchPredictor, "predict", swayed)
    bundle = write_random_bundle(tmp_path / "trial")
    trials = {t.way: t for t in repeat(bundle, squares, 1, DeviceChoice.CPU)}
    assert trials["again"].different == 0
    assert trials["among neighbours"].different == 3
    assert trials["among neighbours"].farthest == pytest.approx(0.5)


def test_a_result_that_only_a_restart_changes_is_found(
    squares: list[RgbImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = TorchPredictor.predict

    def swayed(self: TorchPredictor, images: list[RgbImage]) -> list[tuple[float, ...]]:
        return [(a + 0.25, *rest) for a, *rest in honest(self, images)]

    # Of this process alone: the new one does not know of it.
    monkeypatch.setattr(TorchPredictor, "predict", swayed)
    bundle = write_random_bundle(tmp_path / "trial")
    trials = {t.way: t for t in repeat(bundle, squares, 1, DeviceChoice.CPU)}
    assert trials["told to use 1 threads"].different == 0
    assert trials["after a restart"].different == 3
    assert trials["after a restart"].farthest == pytest.approx(0.25)
