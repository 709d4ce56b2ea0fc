"""Grad-CAM beside captum's, and an explanation beside the prediction it explains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam

from drscreen.adapters.model.bundle import read_bundle
from drscreen.adapters.model.bundle_writer import write_bundle
from drscreen.adapters.model.network import build_network, fold_norms, normalise, to_batch
from drscreen.adapters.model.predictor import TorchPredictor, load_network
from drscreen.domain.image import RgbImage
from drscreen.domain.lesions import LesionClass
from drscreen.domain.settings import DeviceChoice
from tests.bundles import SPEC, content, write_random_bundle


@pytest.fixture
def square() -> RgbImage:
    pixels = np.random.default_rng(4).integers(0, 256, SPEC.size**2 * 3, dtype=np.uint8)
    return RgbImage(SPEC.size, SPEC.size, pixels.tobytes())


def test_the_heat_is_captums_grad_cam_of_the_referable_log_odds(
    square: RgbImage, tmp_path: Path
) -> None:
    folder = write_random_bundle(tmp_path / "trial")
    logits, explanation = TorchPredictor(folder, DeviceChoice.CPU).explain(square)
    network = fold_norms(load_network(read_bundle(folder)))

    def log_odds(batch: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network(batch)
        return found[:, 2:].logsumexp(1) - found[:, :2].logsumexp(1)

    grad_cam = LayerGradCam(log_odds, network.get_submodule("layer4"))
    batch = normalise(to_batch([square]), SPEC).requires_grad_()
    expected = grad_cam.attribute(batch, relu_attributions=True)[0, 0].detach().numpy()
    found = np.array(explanation.heat.values).reshape(explanation.heat.side, -1)
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-4)
    assert logits == TorchPredictor(folder, DeviceChoice.CPU).predict([square])[0]
    assert explanation.lesions == {}


def test_a_lesion_head_is_shown_by_the_lesions_names(square: RgbImage, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = build_network("resnet18", lesion_classes=len(LesionClass))
    with torch.no_grad():
        network.get_parameter("lesions.bias")[LesionClass.HARD_EXUDATE] = 40.0
    state = network.state_dict().items()
    tensors = {n: t.numpy() for n, t in state if not n.endswith("num_batches_tracked")}
    write_bundle(tmp_path / "own", tensors, content("own"))
    _, explanation = TorchPredictor(tmp_path / "own", DeviceChoice.CPU).explain(square)
    assert list(explanation.lesions) == [lesion.title for lesion in LesionClass]
    assert explanation.lesions["hard exudate"].side == SPEC.size // 16
    assert min(explanation.lesions["hard exudate"].values) > 0.9
