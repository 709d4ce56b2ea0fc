"""Networks that leave: what others' tools will find in the files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from safetensors import safe_open

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.bundle_writer import write_bundle
from drscreen.adapters.model.foreign import read_foreign
from drscreen.adapters.model.network import build_network
from drscreen.adapters.model.predictor import load_network, network_with
from drscreen.domain.errors import ExportFailed, ExportUnavailable, FileUnwritable
from drscreen.training import exporting
from drscreen.training.exporting import export_onnx, export_safetensors
from tests.bundles import content


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """With everything that a bundle may have: lesion head, another pooling, two-layer head."""
    torch.manual_seed(0)
    state = build_network("resnet18", 7, 3.0, 24).state_dict()
    tensors = {n: t.numpy() for n, t in state.items() if not n.endswith("num_batches_tracked")}
    folder = tmp_path_factory.mktemp("bundles") / "trial"
    return write_bundle(folder, tensors, dataclasses.replace(content(), pooling_power=3.0))


def test_onnx_gives_the_logits_of_the_network_that_screens(bundle: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "trial.onnx"
    assert export_onnx(bundle, file) < 1e-3
    batch = np.random.default_rng(5).standard_normal((3, 3, 64, 64)).astype(np.float32)
    with torch.inference_mode():
        expected = load_network(bundle)(torch.from_numpy(batch)).numpy()
    found: Any = ReferenceEvaluator(str(file)).run(["logits"], {"photograph": batch})
    np.testing.assert_allclose(found[0], expected, rtol=1e-3, atol=1e-3)


def test_onnx_says_how_to_feed_and_read_it_and_nothing_of_this_machine(
    bundle: Bundle, tmp_path: Path
) -> None:
    file = tmp_path / "trial.onnx"
    export_onnx(bundle, file)
    told = {p.key: p.value for p in onnx.load(str(file)).metadata_props}
    assert json.loads(told["mean"]) == [0.5, 0.4, 0.3]
    assert (told["size"], told["temperature"], told["equalise"]) == ("64", "1.5", "false")
    assert json.loads(told["operating_point"])["referable"] == 0.3
    assert json.loads(told["classes"])[4] == "Proliferative DR"
    assert told["notice"] == "research use, not a cleared device"
    data = file.read_bytes()
    for path in (Path(torch.__file__).parent, Path(exporting.__file__).parent):
        assert str(path).encode() not in data


def test_safetensors_come_back_by_import_as_the_same_network(
    bundle: Bundle, tmp_path: Path
) -> None:
    file = tmp_path / "trial.safetensors"
    export_safetensors(bundle, file)
    with safe_open(file, framework="np") as stored:
        assert stored.metadata()["notice"] == "research use, not a cleared device"
    read = read_foreign(file)
    again = network_with(read.architecture, read.tensors, read.pooling_power)
    batch = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(again(batch), load_network(bundle)(batch))


def test_without_its_libraries_it_says_what_to_install(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(ExportUnavailable) as told:
        export_onnx(bundle, tmp_path / "trial.onnx")
    assert "pip install" in told.value.advice


def test_a_file_that_computes_something_else_is_not_left(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = exporting._runner

    def wrong(data: bytes) -> Callable[[exporting.Floats], exporting.Floats]:
        right = runner(data)
        return lambda batch: right(batch) * np.float32(1.01)

    monkeypatch.setattr(exporting, "_runner", wrong)
    with pytest.raises(ExportFailed, match="other results"):
        export_onnx(bundle, tmp_path / "trial.onnx")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileUnwritable):
        export_safetensors(bundle, tmp_path / "nowhere" / "trial.safetensors")
