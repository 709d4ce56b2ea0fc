"""A ResNet-152 that computes what a ResNet-18 computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from drscreen.adapters.model.bundle import read_bundle
from drscreen.adapters.model.network import build_network, grades_and_lesions
from drscreen.training import transplant as transplanting
from drscreen.training.material import Portion
from drscreen.training.plan import Stage, TrainingPlan
from drscreen.training.trainer import Trainer
from drscreen.training.transplant import transplant
from tests.bundles import write_random_bundle

Pair = tuple[nn.Module, nn.Module, torch.Tensor]


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Random, with the missing blocks barely fitted: what can be exact is looked at."""
    torch.manual_seed(3)
    small = build_network("resnet18", lesion_classes=2).eval()
    large = build_network("resnet152", lesion_classes=2).eval()
    photographs = torch.randn(12, 3, 64, 64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transplanting, "_FIT_STEPS", 2)
        transplant(small, large, photographs)
    return small, large, photographs


@pytest.mark.parametrize("stage", [2, 3])
def test_a_stage_of_bottlenecks_computes_the_basic_blocks(pair: Pair, stage: int) -> None:
    small, large, photographs = pair
    with torch.inference_mode():
        features = photographs
        for name in ("conv1", "bn1", "relu", "maxpool", "layer1"):
            features = small.get_submodule(name)(features)
        for earlier in range(2, stage):
            features = small.get_submodule(f"layer{earlier}")(features)
        wanted = small.get_submodule(f"layer{stage}")(features)
        padded = torch.zeros(len(features), 4 * features.shape[1], *features.shape[2:])
        padded[:, : features.shape[1]] = features
        found = large.get_submodule(f"layer{stage}")(padded)[:, : wanted.shape[1]]
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)


def test_fitting_brings_the_block_that_has_no_room_closer(pair: Pair) -> None:
    small, large, photographs = pair

    def error(steps: int) -> float:
        torch.manual_seed(3)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transplanting, "_FIT_STEPS", steps)
            transplant(small, large, photographs)
        stem = ("conv1", "bn1", "relu", "maxpool", "layer1")
        with torch.inference_mode():
            wanted, found = photographs, photographs
            for name in stem:
                wanted = small.get_submodule(name)(wanted)
                found = large.get_submodule(name)(found)
        return float((found[:, :64] - wanted).square().mean())

    assert error(60) < 0.7 * error(1)


def test_both_heads_come_along(pair: Pair) -> None:
    small, large, photographs = pair
    for head, channels in (("fc", 512), ("lesions", 256)):
        weight = large.get_parameter(f"{head}.weight")
        assert torch.equal(weight[:, :channels], small.get_parameter(f"{head}.weight"))
        assert weight[:, channels:].abs().max() == 0
    with torch.inference_mode():
        grades, lesions = grades_and_lesions(large, photographs)
    assert grades.shape == (12, 5)
    assert lesions.shape == (12, 2, 4, 4)


def test_a_training_of_the_large_network_starts_from_the_small_one_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transplanting, "_FIT_STEPS", 1)
    bundle = write_random_bundle(tmp_path / "small")
    squares = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    grades, rows = np.arange(8) % 5, np.arange(8)
    plan = TrainingPlan("resnet152", (Stage(64, 1),), batch=4, pooling_power=1.0)

    def trainer() -> Trainer:
        return Trainer(plan, [Portion("data", squares, grades, rows)], run=tmp_path, start=bundle)

    first = trainer()
    assert not first.train(seconds=0)
    head = first.network().get_parameter("fc.weight")[:, :512]
    expected = torch.from_numpy(read_bundle(bundle).tensors()["fc.weight"])
    torch.testing.assert_close(head, expected)
    monkeypatch.setattr(transplanting, "_FIT_STEPS", None)  # transplanting again would fail
    assert trainer().train()
