"""Training on drawings, small and short, through the same code that makes the shipped networks."""

from __future__ import annotations

import csv
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.model.bundle import read_bundle
from drscreen.adapters.model.network import build_network
from drscreen.adapters.model.predictor import TorchPredictor, load_network
from drscreen.domain.errors import CheckpointError, CheckpointUnwritable, DatasetError
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.domain.lesions import LesionClass
from drscreen.training.augmentation import augment
from drscreen.training.datasets.dataset import find_dataset
from drscreen.training.gathering import DataPlan
from drscreen.training.initial import initialise
from drscreen.training.material import Portion
from drscreen.training.objective import class_weights, ordinal_loss, prior_correction
from drscreen.training.plan import Stage, TrainingPlan
from drscreen.training.reproduction import reproduce
from drscreen.training.run import TrainingRun
from drscreen.training.trainer import Trainer, TrainingProgress
from tests.bundles import write_random_bundle

PLAN = TrainingPlan("resnet18", (Stage(48, 1), Stage(64, 1)), batch=4, seed=3)


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "drawings"
    folder.mkdir()
    rows = []
    for patient in range(12):
        grade = Grade(patient % 5)
        for eye, word in ((Laterality.OD, "right"), (Laterality.OS, "left")):
            drawing = draw_phantom(grade, seed=patient, eye=eye, size=128)
            name = f"{patient}_{word}.png"
            size = (drawing.width, drawing.height)
            Image.frombytes("RGB", size, drawing.pixels).save(folder / name)
            rows.append({"file": name, "icdr": int(grade)})
    (folder / "99_left.png").write_bytes(b"not a picture")
    rows.append({"file": "99_left.png", "icdr": 0})
    with (folder / "labels.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, ["file", "icdr"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def trainer(run: Path, seed: int = 3) -> Trainer:
    generator = np.random.default_rng(0)
    squares = generator.integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)
    maps = generator.integers(0, 2, (12, len(LesionClass), 16, 16), dtype=np.uint8) * 255
    grades, rows = np.arange(12, dtype=np.int64) % 5, np.arange(12, dtype=np.int64)
    beliefs = np.full((12, 5), 0.2, np.float32)
    portions = (
        Portion("data", squares, grades, rows, share=0.6),
        Portion("simulated", squares[::-1], grades, rows, share=0.2, maps=maps),
        Portion("ungraded", squares, grades, rows, share=0.2, graded=False, beliefs=beliefs),
    )
    return Trainer(replace(PLAN, seed=seed), portions, run=run)


def test_a_training_cut_into_pieces_is_the_same_training(tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole")
    assert whole.train()

    def pull_the_plug(progress: TrainingProgress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "pieces").train(pull_the_plug, save_every=0)
    assert trainer(tmp_path / "pieces").step == 2
    assert trainer(tmp_path / "pieces").train()
    pieces = trainer(tmp_path / "pieces")
    assert pieces.step == whole.steps
    for (name, one), other in zip(
        whole.network().state_dict().items(), pieces.network().state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name


def test_a_share_of_the_starting_weights_is_kept(drawings: Path, tmp_path: Path) -> None:
    plan = replace(PLAN, stages=(Stage(64, 1),))
    data = DataPlan((drawings,), split=tmp_path / "split.json")

    def finished(name: str, start: Path | None, share: float) -> torch.Tensor:
        run = tmp_path / ("first" if start is None else "second")
        training = TrainingRun(plan, data, run, start=start, keep_start=share)
        assert training.train(seconds=600)
        bundle = training.write(tmp_path / name, "trial", "1", training.measure())
        card = (tmp_path / name / "MODEL_CARD.md").read_text()
        assert ("| Averaged | 40% the start's" in card) is (share > 0)
        assert bundle.manifest["provenance"]["keep_start"] == share
        return load_network(bundle).get_parameter("fc.weight").detach()

    first = finished("start", None, 0.0)
    trained = finished("trained", tmp_path / "start", 0.0)
    # The training that has ended is the same; only what is written differs.
    between = finished("between", tmp_path / "start", 0.4)
    assert not torch.allclose(trained, first, atol=1e-4)
    assert torch.allclose(between, 0.4 * first + 0.6 * trained, atol=1e-6)
    with pytest.raises(CheckpointError, match="resnet152 bundle"):
        other = replace(plan, architecture="resnet152")
        TrainingRun(other, data, tmp_path / "other", start=tmp_path / "start", keep_start=0.4)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path).train(seconds=0)
    with pytest.raises(CheckpointError, match="other settings"):
        trainer(tmp_path, seed=4)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path).train(seconds=0)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="damaged"):
        trainer(tmp_path)


def test_from_labels_to_a_bundle_that_screens(drawings: Path, tmp_path: Path) -> None:
    training = TrainingRun(PLAN, DataPlan((drawings,)), tmp_path / "run")
    held_out = [p.patient for p in training.gathered.held_out.photographs]
    assert [(Path(f.where).name, f.what) for f in training.gathered.findings] == [
        ("99_left.png", "photograph_format_unsupported")
    ]
    assert training.train(seconds=600)
    measurement = training.measure()
    plots = training.draw(measurement)
    bundle = training.write(tmp_path / "bundle", "trial", "1", measurement, plots=plots)
    assert measurement.evaluation.graded == len(held_out) == 6
    assert 0 <= bundle.bf16_agreement <= 1
    card = (tmp_path / "bundle" / "MODEL_CARD.md").read_text()
    assert "not a cleared medical device" in card
    assert f"{len(held_out)} photographs of {len(set(held_out))} patients" in card
    assert read_bundle(tmp_path / "bundle").info == bundle.info
    held_out_labels = tmp_path / "run" / "held_out-drawings.csv"
    listed = find_dataset(drawings, labels=held_out_labels)
    assert sorted(p.patient for p in listed.photographs) == sorted(held_out)
    assert TorchPredictor(tmp_path / "bundle").spec.input.size == 64
    assert bundle.plot("roc.svg") == (tmp_path / "run" / "roc.svg").read_bytes()
    figures = reproduce(bundle, [drawings])
    assert figures[0].now == measurement.evaluation.auc_referable
    assert [f.source for f in figures if not f.agrees] == []
    (tmp_path / "fewer").mkdir()
    rows = (drawings / "labels.csv").read_text().splitlines()[:-4]
    for picture in drawings.glob("*.png"):
        (tmp_path / "fewer" / picture.name).write_bytes(picture.read_bytes())
    (tmp_path / "fewer" / "labels.csv").write_text("\n".join(rows))
    with pytest.raises(DatasetError, match="not the photographs"):
        reproduce(bundle, [tmp_path / "fewer"])
    again = training.write(tmp_path / "again", "again", "1", measurement, beside=bundle.folder)
    assert again.plot("roc.svg") is None
    assert "| trial 1, all |" in (again.folder / "MODEL_CARD.md").read_text()


def test_a_folded_trunk_computes_what_it_computed_before_folding(tmp_path: Path) -> None:
    torch.manual_seed(1)
    original = build_network("resnet18").eval()
    weight = original.get_parameter("conv1.weight").detach()
    trunk: dict[str, Any] = {"conv1.weight": weight, "conv1.bias": np.arange(64.0)}
    np.savez(tmp_path / "trunk.npz", **trunk)
    network = build_network("resnet18").eval()
    assert initialise(network, "resnet18", tmp_path / "trunk.npz", None).filled == {"conv1", "bn1"}
    pixels = torch.rand(2, 3, 32, 32)
    stem = torch.nn.Sequential(network.get_submodule("conv1"), network.get_submodule("bn1"))
    expected = original.get_submodule("conv1")(pixels) + torch.arange(64.0).view(1, 64, 1, 1)
    torch.testing.assert_close(stem(pixels), expected, rtol=1e-4, atol=1e-4)


def test_woken_norms_leave_the_network_what_it_computes(tmp_path: Path) -> None:
    torch.manual_seed(1)
    layers = {
        name: module
        for name, module in build_network("resnet18").named_modules()
        if isinstance(module, torch.nn.Conv2d)
    }
    trunk: dict[str, Any] = {}
    for name, layer in layers.items():
        trunk[f"{name}.weight"] = layer.weight.detach().numpy()
        trunk[f"{name}.bias"] = torch.randn(layer.out_channels).numpy()
    np.savez(tmp_path / "trunk.npz", **trunk)
    photographs = torch.randn(12, 3, 64, 64)
    asleep, awake = (build_network("resnet18").eval() for _ in range(2))
    awake.load_state_dict(asleep.state_dict())
    initialise(asleep, "resnet18", tmp_path / "trunk.npz", None)
    initialise(awake, "resnet18", tmp_path / "trunk.npz", photographs, still=("layer1",))
    with torch.inference_mode():
        torch.testing.assert_close(awake(photographs), asleep(photographs), rtol=1e-3, atol=1e-3)
        # They tell the photographs' own statistics, so that training on does not start with a jump.
        seen = awake.get_submodule("conv1")(photographs)
    stem = awake.get_submodule("bn1")
    assert isinstance(stem, torch.nn.BatchNorm2d)
    torch.testing.assert_close(stem.running_mean, seen.mean((0, 2, 3)), rtol=1e-3, atol=1e-3)
    left = awake.get_buffer("layer1.0.bn1.running_mean")
    assert torch.equal(left, torch.zeros_like(left))


def test_a_start_of_another_architecture_is_named(tmp_path: Path) -> None:
    odd: dict[str, Any] = {"layer9.conv1.weight": np.zeros((1, 1, 1, 1), np.float32)}
    np.savez(tmp_path / "odd.npz", **odd)
    with pytest.raises(CheckpointError, match=r"layer9\.conv1"):
        initialise(build_network("resnet18"), "resnet18", tmp_path / "odd.npz", None)


def test_a_bundle_of_another_architecture_is_named(tmp_path: Path) -> None:
    bundle = write_random_bundle(tmp_path / "other")
    network = build_network("resnet152")
    with pytest.raises(CheckpointError, match="missing"):
        initialise(network, "resnet152", tmp_path / "missing", None)
    with pytest.raises(CheckpointError, match="holds a resnet18"):
        initialise(network, "resnet34", bundle, None)


def test_a_torchvision_state_dict_starts_a_network_but_for_its_heads(tmp_path: Path) -> None:
    torch.manual_seed(2)
    known = build_network("resnet18")
    state = {n: t for n, t in known.state_dict().items() if not n.startswith("fc.")}
    save_file({**state, "fc.weight": torch.zeros(1000, 512)}, tmp_path / "known.safetensors")
    network = build_network("resnet18", lesion_classes=2)
    start = initialise(network, "resnet18", tmp_path / "known.safetensors", None)
    assert torch.equal(network.get_parameter("conv1.weight"), known.get_parameter("conv1.weight"))
    assert "layer4.1.bn2" in start.filled
    assert "fc" not in start.filled
    assert not start.frozen
    del state["layer4.0.conv1.weight"]
    save_file(state, tmp_path / "cut.safetensors")
    with pytest.raises(CheckpointError, match=r"layer4\.0\.conv1"):
        initialise(network, "resnet18", tmp_path / "cut.safetensors", None)


def test_augmentation_repeats_stays_in_range_and_keeps_black_black() -> None:
    batch = torch.rand(4, 3, 48, 48)
    batch[:, :, :, :24] = 0
    first, _ = augment(batch, torch.Generator().manual_seed(5))
    second, _ = augment(batch, torch.Generator().manual_seed(5))
    assert torch.equal(first, second)
    assert not torch.equal(first, augment(batch, torch.Generator().manual_seed(6))[0])
    assert first.min() >= 0
    assert first.max() <= 1
    assert augment(torch.zeros_like(batch), torch.Generator().manual_seed(5))[0].max() == 0


def test_a_lesion_map_stays_on_its_lesion_when_a_photograph_is_moved() -> None:
    batch = torch.full((6, 3, 96, 96), 0.2)
    batch[:, :, 60:72, 24:36] = 1.0
    maps = (batch[:, :1] == 1.0).float()
    changed, moved = augment(batch, torch.Generator().manual_seed(4), maps)
    assert moved is not None
    for picture, marked in zip(changed, moved, strict=True):
        bright = picture[0] > 0.6
        assert bright.any()
        overlap = (bright & (marked[0] > 0.5)).sum() / bright.sum()
        assert overlap > 0.8


def test_the_loss_minds_how_far_a_grade_is_off() -> None:
    def loss(grade: int) -> float:
        logits = torch.full((1, 5), -4.0)
        logits[0, grade] = 4.0
        return float(ordinal_loss(logits, torch.tensor([2])))

    assert loss(2) < loss(3) < loss(4)
    assert loss(1) < loss(0)


def test_the_sampling_mix_is_taken_back_by_the_prior_correction() -> None:
    # Where photographs tell nothing, a network trained on the mix answers with the mix.
    counts = np.repeat(np.arange(5), [70, 5, 15, 6, 4])
    weights = class_weights(counts, power=0.5)
    natural = np.bincount(counts) / counts.size
    mixed = natural * weights / (natural * weights).sum()
    corrected = torch.softmax(torch.from_numpy(np.log(mixed)) + prior_correction(weights), 0)
    np.testing.assert_allclose(corrected, natural, rtol=1e-5)


def test_a_full_disk_leaves_the_last_checkpoint_as_it_was(tmp_path: Path) -> None:
    trainer(tmp_path).train(seconds=0)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    going_on = trainer(tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(CheckpointUnwritable, match="disk full"):
            going_on.train(seconds=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
