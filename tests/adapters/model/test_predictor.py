from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from drscreen.adapters.model.bundle import read_bundle
from drscreen.adapters.model.bundle_writer import write_bundle
from drscreen.adapters.model.network import build_network, normalise, to_batch
from drscreen.adapters.model.predictor import (
    THREADS,
    TorchPredictor,
    network_with,
    using_threads,
)
from drscreen.domain.errors import BundleDamaged, BundleUnsupported, DeviceUnavailable
from drscreen.domain.image import RgbImage
from drscreen.domain.settings import DeviceChoice
from tests.bundles import SPEC, content, random_tensors, write_random_bundle


def photograph(seed: int) -> RgbImage:
    noise = np.random.default_rng(seed).integers(0, 256, SPEC.size * SPEC.size * 3, dtype=np.uint8)
    return RgbImage(SPEC.size, SPEC.size, noise.tobytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_bundle(tmp_path_factory.mktemp("bundles") / "trial")


def test_the_predictor_computes_what_torchvision_computes(folder: Path) -> None:
    bundle = read_bundle(folder)
    plain = network_with(bundle.architecture, bundle.tensors())
    images = [photograph(seed) for seed in range(3)]
    with torch.inference_mode():
        expected = plain(normalise(to_batch(images), SPEC)).numpy()
    found = TorchPredictor(folder, DeviceChoice.CPU).predict(images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bf16", [0.0, 1.0])
def test_repeats_neighbours_and_restarts_change_no_bit(tmp_path: Path, bf16: float) -> None:
    folder = write_random_bundle(tmp_path / "trial", bf16=bf16)
    images = [photograph(seed) for seed in range(4)]
    first = TorchPredictor(folder, DeviceChoice.CPU)
    alone = [first.predict([image])[0] for image in images]
    assert first.predict(images) == alone
    assert list(reversed(first.predict(images[::-1]))) == alone
    assert TorchPredictor(folder, DeviceChoice.CPU).predict(images) == alone


#: Prints the logits of three noisy squares, in hexadecimal, every bit of them.
ASKED = """
import sys
from pathlib import Path
import numpy as np
from drscreen.adapters.model.predictor import TorchPredictor
from drscreen.domain.image import RgbImage
from drscreen.domain.settings import DeviceChoice
noise = np.random.default_rng(0)
squares = [RgbImage(64, 64, noise.bytes(64 * 64 * 3)) for _ in range(3)]
for logits in TorchPredictor(Path(sys.argv[1]), DeviceChoice.CPU).predict(squares):
    print(*(x.hex() for x in logits))
"""


def test_no_variable_of_the_environment_changes_a_bit(folder: Path) -> None:
    def asked(**said: str) -> str:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OMP_")} | said
        command = [sys.executable, "-c", ASKED, str(folder)]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    plain = asked()
    assert plain.count("0x") == 15
    assert asked(OMP_NUM_THREADS="1", OMP_THREAD_LIMIT="1", DNNL_MAX_CPU_ISA="SSE41") == plain
    fewer_digits = {"DNNL_DEFAULT_FPMATH_MODE": "BF16", "ONEDNN_DEFAULT_FPMATH_MODE": "ANY"}
    other = asked(
        OMP_NUM_THREADS="3", PYTHON_CPU_COUNT="1", ATEN_CPU_CAPABILITY="default", **fewer_digits
    )
    assert other == plain


def test_bf16_is_used_only_where_the_grades_were_found_to_agree(tmp_path: Path) -> None:
    doubtful = write_random_bundle(tmp_path / "doubtful", bf16=0.99)
    assert TorchPredictor(doubtful, DeviceChoice.CPU).spec.precision == "fp32"
    agreed = write_random_bundle(tmp_path / "agreed", bf16=0.995)
    can = torch.cpu.get_capabilities()
    expected = "bf16" if can.get("avx512_bf16") or can.get("amx_bf16") else "fp32"
    assert TorchPredictor(agreed, DeviceChoice.CPU).spec.precision == expected


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(DeviceUnavailable):
        TorchPredictor(folder, DeviceChoice.CUDA)
    assert TorchPredictor(folder, DeviceChoice.AUTO).spec.device == "cpu"


def test_another_size_than_the_network_takes_is_a_programming_error(folder: Path) -> None:
    with pytest.raises(ValueError, match="64"):
        TorchPredictor(folder).predict([RgbImage(2, 2, bytes(12))])


def test_tensors_of_another_architecture_are_named(tmp_path: Path) -> None:
    write_bundle(tmp_path / "mixed", random_tensors(), content(architecture="resnet152"))
    with pytest.raises(BundleDamaged, match="architecture"):
        TorchPredictor(tmp_path / "mixed")
    tensors = random_tensors()
    tensors["fc.weight"] = tensors["fc.weight"][:3]
    write_bundle(tmp_path / "three", tensors, content())
    with pytest.raises(BundleDamaged, match="shapes"):
        TorchPredictor(tmp_path / "three")


def test_an_architecture_of_the_future_is_unsupported() -> None:
    with pytest.raises(BundleUnsupported):
        build_network("resnet9000")


def test_the_machine_settles_the_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """oneDNN's sums, and with them the last bits, change with it."""
    predictor = TorchPredictor(write_random_bundle(tmp_path / "trial"), DeviceChoice.CPU)
    square = RgbImage(64, 64, bytes(64 * 64 * 3))
    used: list[int] = []
    forward = torch.nn.Conv2d.forward

    def watched(self: torch.nn.Conv2d, batch: torch.Tensor) -> torch.Tensor:
        used.append(torch.get_num_threads())
        return forward(self, batch)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", watched)
    for told in (1, 2, 3):
        with using_threads(told):
            predictor.predict([square])
            assert torch.get_num_threads() == told
    assert set(used) == {THREADS}
