"""Small real bundles for tests: a ResNet-18 with random weights at 64 pixels."""

from __future__ import annotations

from pathlib import Path

import torch

from drscreen.adapters.model.bundle import Tensors
from drscreen.adapters.model.bundle_writer import BundleContent, write_bundle
from drscreen.adapters.model.network import build_network
from drscreen.adapters.model.signature import sign_folder
from drscreen.domain.grading import OperatingPoint
from drscreen.domain.image import InputSpec

#: Everybody has it: what it signs is whole, and no more.
DEVELOPMENT_KEY = Path(__file__).parent / "keys" / "development.pem"
DEVELOPMENT_PASSWORD = "development"

SPEC = InputSpec(64, (0.5, 0.4, 0.3), (0.25, 0.25, 0.25))


def random_tensors(architecture: str = "resnet18", seed: int = 0) -> Tensors:
    torch.manual_seed(seed)
    state = build_network(architecture).state_dict()
    return {n: t.numpy() for n, t in state.items() if not n.endswith("num_batches_tracked")}


def content(
    name: str = "trial", architecture: str = "resnet18", bf16: float = 0.0
) -> BundleContent:
    return BundleContent(
        name=name,
        version="1",
        architecture=architecture,
        input=SPEC,
        temperature=1.5,
        operating_point=OperatingPoint(0.3, 0.25, 0.35, 0.5),
        card="# trial\n",
        agreement={"bf16_grade": bf16, "bf16_referable": 1.0},
    )


def write_random_bundle(folder: Path, bf16: float = 0.0) -> Path:
    """Signed by the development key."""
    write_bundle(folder, random_tensors(), content(folder.name, bf16=bf16))
    sign_folder(folder, DEVELOPMENT_KEY, DEVELOPMENT_PASSWORD)
    return folder
