"""`drscreen model`, as a person meets it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from drscreen.adapters.imaging.reader import PillowReader
from drscreen.adapters.model.bundle import read_bundle
from drscreen.adapters.model.network import build_network, to_batch
from drscreen.adapters.model.predictor import TorchPredictor
from drscreen.adapters.model.torchvision_import import torchvision_models
from drscreen.adapters.system import paths
from drscreen.cli import app
from drscreen.domain.image import InputSpec
from drscreen.domain.settings import DeviceChoice
from tests.cli.conftest import Run

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture
def installed(tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole network and a damaged one are what is installed."""
    folder = tmp_path / "weights"
    shutil.copytree(bundle, folder / "lite")
    shutil.copytree(bundle, folder / "trial")
    (shard,) = (folder / "trial").glob("*.safetensors")
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    monkeypatch.setattr(paths, "bundles", lambda: folder)
    return folder


def call(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["model", *map(str, arguments)])


def test_list_shows_the_preferred_and_the_damaged(installed: Path) -> None:
    lite, trial = map(json.loads, call("list", "--json").stdout.splitlines())
    assert (lite["name"], lite["preferred"], lite["error"]) == ("lite", True, None)
    assert (lite["architecture"], lite["input_size"]) == ("resnet18", 64)
    assert lite["sha256"] == read_bundle(installed / "lite").info.sha256
    assert lite["bytes"] > 11e6
    assert trial["error"]["code"] == "bundle_damaged"
    told = call("list").stdout
    assert "damaged" in told
    assert "resnet18" in told


def test_list_gives_the_interval_of_ours_and_waits_for_no_torch(drscreen: Run) -> None:
    lines = drscreen("model", "list", "--json").stdout.splitlines()
    lite = {entry["name"]: entry for entry in map(json.loads, lines)}["lite"]
    assert lite["preferred"]
    assert lite["auc_referable"]["low"] < lite["auc_referable"]["value"]
    code = "from drscreen.cli import app; app(['model', 'list'], standalone_mode=False)"
    code += "; import sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_verify_fails_where_one_network_is_damaged(installed: Path) -> None:
    ran = call("verify")
    assert ran.exit_code == 1
    assert "ok      lite" in ran.stderr
    assert "FAILED  trial" in ran.stderr
    one = call("verify", "lite", "--json")
    assert (one.exit_code, json.loads(one.stdout)["whole"]) == (0, True)
    absent = call("verify", "nosuch", "--json")
    assert absent.exit_code == 1
    assert json.loads(absent.stdout)["error"]["code"] == "bundle_missing"


def test_card_prints_and_makes_a_page(installed: Path, tmp_path: Path) -> None:
    assert call("card").stdout.startswith("# trial")
    assert "Signature: development signature" in call("card").stdout
    page = tmp_path / "card.html"
    assert call("card", "lite", "--html", page).exit_code == 0
    assert "layer4.1.conv2.weight" in page.read_text(encoding="utf-8")
    assert "[bundle_damaged]" in call("card", "trial").stderr
    assert call("card", "--run", tmp_path).exit_code == 2
    nowhere = call("card", "--html", tmp_path / "no" / "card.html")
    assert (nowhere.exit_code, "[file_unwritable]" in nowhere.stderr) == (1, True)


def test_export_goes_by_the_file_s_ending(installed: Path, tmp_path: Path) -> None:
    assert call("export", "lite", tmp_path / "lite.h5").exit_code == 2
    assert call("export", "lite", tmp_path / "lite.safetensors").exit_code == 0
    state = build_network("resnet18").state_dict()
    ran = call("import", tmp_path / "lite.safetensors", "--out", tmp_path / "again", "--size", 64)
    assert ran.exit_code == 0, ran.stderr
    assert "pickle" not in ran.stderr
    found = read_bundle(tmp_path / "again").tensors()
    assert found.keys() == {n for n in state if not n.endswith("num_batches_tracked")}
    ran = call("export", tmp_path / "again", tmp_path / "again.onnx")
    assert ran.exit_code == 0, ran.stderr
    assert (tmp_path / "again.onnx").stat().st_size > 40e6


def test_import_refuses_what_it_cannot_use_and_writes_nothing(tmp_path: Path) -> None:
    file, out = tmp_path / "thousand.pt", tmp_path / "own"
    torch.save({"fc.bias": torch.ones(1000), "layer1.0.conv1.weight": torch.ones(1)}, file)
    ran = call("import", file, "--out", out)
    assert ran.exit_code == 1
    assert "kind of file that can hold code" in ran.stderr
    assert "1000 classes" in ran.stderr
    assert "[weights_unfit]" in ran.stderr
    assert not out.exists()
    for wrong in (("--mean", "0.5,0.5"), ("--std", "0,1,1"), ("--mean", "a,b,c")):
        assert call("import", file, "--out", out, *wrong).exit_code == 2
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("kept")
    ran = call("import", file, "--out", tmp_path / "letters")
    assert "[file_unwritable]" in ran.stderr
    assert (tmp_path / "letters" / "letter.txt").read_text() == "kept"


def original_network() -> nn.Module:
    """The original project's, with weights that keep 152 layers' values within reason."""
    torch.manual_seed(11)
    network: nn.Module = torchvision_models().resnet152(weights=None)
    network.set_submodule(
        "fc",
        nn.Sequential(nn.Linear(2048, 512), nn.ReLU(), nn.Linear(512, 5), nn.LogSoftmax(dim=1)),
    )
    for name, parameter in network.named_parameters():
        if name.endswith("bn3.weight"):
            nn.init.constant_(parameter, 0.3)
    nn.init.normal_(network.get_parameter("fc.2.weight"), std=0.25)
    return network.eval()


def test_the_original_project_s_classifier_comes_in_and_grades_as_it_did(
    drscreen: Run, photograph: Path, tmp_path: Path
) -> None:
    network = original_network()
    checkpoint = {
        "epoch": 3,
        "model_state_dict": network.state_dict(),
        "optimizer_state_dict": torch.optim.Adam(network.parameters()).state_dict(),
    }
    torch.save(checkpoint, tmp_path / "classifier.pt")
    out = tmp_path / "original"
    ran = drscreen(
        *("model", "import", tmp_path / "classifier.pt", "--out", out, "--bgr", "--size", 96)
    )
    assert ran.returncode == 0, ran.stderr
    assert "neither measured nor calibrated" in ran.stderr
    assert sum(f.stat().st_size for f in out.iterdir()) < 64e6
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Neither measured nor calibrated by drscreen" in card.splitlines()[2]
    assert "drscreen evaluate" in card
    imported = read_bundle(out)
    assert imported.manifest["provenance"]["imported"]["file"] == "classifier.pt"
    assert imported.input.mean == MEAN[::-1]

    refused = drscreen("screen", photograph, "--model", out, "--json")
    assert json.loads(refused.stdout)["error"]["code"] == "network_unsigned"
    allowed = ("--allow-unsigned", "Dr. Ada")
    screened = drscreen("screen", photograph, "--model", out, "--json", *allowed)
    found = json.loads(screened.stdout)
    assert (found["model"]["signature"], found["model"]["allowed_by"]) == ("nobody", "Dr. Ada")
    assert found["model"]["version"] == "imported"

    reader = PillowReader()
    square = reader.prepare(reader.decode(reader.read(photograph)).image, InputSpec(96, MEAN, STD))
    # As that project did it: blue first, torchvision's numbers by position.
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    pixels = to_batch([square]).float() / 255
    with torch.inference_mode():
        original = network((pixels.flip(1) - mean) / std)[0].double()
        red_first = network((pixels - mean) / std)[0].double()
    ours = TorchPredictor(out, DeviceChoice.CPU).predict([square])[0]
    as_log = torch.log_softmax(torch.tensor(ours).double(), 0)
    np.testing.assert_allclose(as_log, original, atol=0.05)
    assert (as_log - red_first).abs().max() > 0.3
    np.testing.assert_allclose(found["probabilities"], original.exp(), atol=0.02)


def test_backends_are_compared_on_the_user_s_photographs(
    installed: Path, photograph: Path, tmp_path: Path
) -> None:
    ran = call("backends", "lite", "--data", photograph.parent, "--json")
    assert ran.exit_code == 0, ran.stderr
    found = {entry["backend"]: entry for entry in map(json.loads, ran.stdout.splitlines())}
    assert found["fp32, two threads"]["farthest"] < 1e-6
    assert found["bf16"]["photographs"] == 1
    assert "beside fp32, one thread" in call("backends", "lite", "--data", photograph.parent).stdout
    (tmp_path / "none").mkdir()
    nothing = call("backends", "lite", "--data", tmp_path / "none")
    assert (nothing.exit_code, "no photograph" in nothing.stderr) == (1, True)
