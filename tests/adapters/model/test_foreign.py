"""Weights from elsewhere, good and bad, as people's files are."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from drscreen.adapters.model.foreign import read_foreign
from drscreen.adapters.model.network import build_network
from drscreen.domain.errors import WeightsRefused, WeightsUnfit

State = dict[str, torch.Tensor]


class Planted:
    """Unpickling this runs a command."""

    def __init__(self, traces: Path) -> None:
        self._command = f"echo ran > {traces}"

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self._command,)


@pytest.fixture(scope="module")
def weights() -> State:
    torch.manual_seed(3)
    return build_network("resnet18").state_dict()


def assert_same(found: dict[str, Any], weights: State) -> None:
    kept = {n for n in weights if not n.endswith("num_batches_tracked")}
    assert found.keys() == kept
    for name in kept:
        np.testing.assert_array_equal(found[name], weights[name].float().numpy(), err_msg=name)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_training_s_checkpoint_gives_its_weights_and_names_the_rest(
    weights: State, tmp_path: Path, zipped: bool
) -> None:
    checkpoint = {
        "epoch": 7,
        "model_state_dict": {f"module.{name}": tensor for name, tensor in weights.items()},
        "optimizer_state_dict": {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": []},
    }
    file = tmp_path / "classifier.pt"
    torch.save(checkpoint, file, _use_new_zipfile_serialization=zipped)
    read = read_foreign(file)
    assert read.architecture == "resnet18"
    assert read.hidden_units == 0
    assert set(read.set_aside) == {"epoch", "optimizer_state_dict"}
    assert_same(read.tensors, weights)


def test_a_bare_state_dict_and_safetensors_give_the_same(weights: State, tmp_path: Path) -> None:
    torch.save(weights, tmp_path / "bare.pth")
    save_file(weights, tmp_path / "bare.safetensors")
    for name in ("bare.pth", "bare.safetensors"):
        assert_same(read_foreign(tmp_path / name).tensors, weights)


def test_half_precision_becomes_full(weights: State, tmp_path: Path) -> None:
    torch.save({name: tensor.half() for name, tensor in weights.items()}, tmp_path / "half.pt")
    read = read_foreign(tmp_path / "half.pt")
    assert {values.dtype for values in read.tensors.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("how", ["zip", "legacy", "plain pickle", "broken after the code"])
def test_a_pickle_with_code_in_it_is_refused_by_name_and_not_run(
    weights: State, tmp_path: Path, how: str
) -> None:
    traces, file = tmp_path / "traces", tmp_path / "classifier.pt"
    content = {"model_state_dict": weights, "scheduler": Planted(traces)}
    if how == "plain pickle":
        file.write_bytes(pickle.dumps({"scheduler": Planted(traces)}))
    elif how == "broken after the code":
        file.write_bytes(pickle.dumps(Planted(traces))[:-1] + b"\xff\xff")
    else:
        torch.save(content, file, _use_new_zipfile_serialization=how == "zip")
    with pytest.raises(WeightsRefused, match=rf"{os.system.__module__}\.system") as refusal:
        read_foreign(file)
    assert "classifier.pt" in refusal.value.message
    assert not traces.exists()


def test_a_whole_pickled_network_is_refused_by_its_class(tmp_path: Path) -> None:
    torch.save(build_network("resnet18"), tmp_path / "whole.pt")
    with pytest.raises(WeightsRefused, match=r"torch\.nn\.modules|torchvision"):
        read_foreign(tmp_path / "whole.pt")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_file_that_breaks_off_is_said_to(
    weights: State, tmp_path: Path, zipped: bool, share: float
) -> None:
    file = tmp_path / "cut.pt"
    torch.save(weights, file, _use_new_zipfile_serialization=zipped)
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(WeightsUnfit, match=r"cut\.pt breaks off"):
        read_foreign(file)


@pytest.mark.parametrize("name", ["photo.pt", "photo.safetensors"])
def test_a_foreign_file_is_said_to_be_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0 a photograph" * 50)
    with pytest.raises(WeightsUnfit, match="breaks off or is not"):
        read_foreign(tmp_path / name)
    with pytest.raises(WeightsUnfit, match="no such file"):
        read_foreign(tmp_path / f"no-{name}")


def changed(weights: State, **changes: torch.Tensor | None) -> State:
    """Names with two underscores for each dot; None takes a tensor away."""
    named = {name.replace("__", "."): tensor for name, tensor in changes.items()}
    return {n: t for n, t in (weights | named).items() if t is not None}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fc__weight": torch.ones(1000, 512), "fc__bias": torch.ones(1000)}, "1000 classes"),
        ({"layer2__0__bn1__bias": None}, r"layer2\.0\.bn1\.bias missing"),
        ({"classifier__weight": torch.ones(5)}, r"classifier\.weight too many"),
        ({"conv1__weight": torch.ones(64, 1, 7, 7)}, r"conv1\.weight of another shape"),
        ({"bn1__bias": torch.full((64,), torch.nan)}, r"not numbers: bn1\.bias"),
        ({"bn1__bias": torch.ones(64, dtype=torch.int64)}, r"bn1\.bias of another"),
        ({"bn1__bias": torch.ones(64).to_sparse()}, r"bn1\.bias of another"),
        ({"bn1__bias": torch.ones(1).expand(64)}, r"bn1\.bias of another"),
        ({"layer1__0__conv3__weight": torch.ones(1)}, r"no whole resnet152: .* and \d+ more"),
        ({"layer1__0__conv1__weight": None}, r"layer1\.0\.conv1\.weight missing"),
    ],
)
def test_another_network_is_told_by_what_does_not_fit(
    weights: State, tmp_path: Path, changes: dict[str, torch.Tensor | None], told: str
) -> None:
    torch.save(changed(weights, **changes), tmp_path / "other.pt")
    with pytest.raises(WeightsUnfit, match=told):
        read_foreign(tmp_path / "other.pt")


def test_names_reach_the_screen_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    torch.save({"\x1b[2J\nbn1": torch.ones(2)}, tmp_path / "odd.pt")
    with pytest.raises(WeightsUnfit, match=r"\?\?2J\?bn1"):
        read_foreign(tmp_path / "odd.pt")
    torch.save(["a list"], tmp_path / "list.pt")
    with pytest.raises(WeightsUnfit, match="ResNet"):
        read_foreign(tmp_path / "list.pt")
