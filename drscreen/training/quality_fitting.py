"""Teach the quality gate's small network what people called ungradable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from drscreen.adapters.imaging.quality_map import LAYERS
from drscreen.adapters.imaging.quality_network import (
    FORMAT,
    KIND,
    MANIFEST,
    NAME,
    SIGNATURE,
    WIDTHS,
    QualityNetwork,
)
from drscreen.domain.errors import DatasetError
from drscreen.domain.manifest import manifest_hash
from drscreen.training.quality_photographs import (
    FOLDS,
    GRADABLE,
    UNGRADABLE,
    MeasuredPhotograph,
)

EPOCHS = 10
#: Share of the merely usable photographs that the network shall pass; of good ones nearly all do.
USABLE_PASSING = 0.95
_BATCH = 64
_LEARNING_RATE = 3e-3
#: EyePACS photographs of 200 pixels are many, and all of healthy eyes: they shall not outvote the
#: few with disease that are larger.
_SMALL_FIELD = 200
_FULL_SIZE_WEIGHT = 3.0
#: A reader who saw retinopathy could grade the photograph. That is weaker evidence than a label
#: and keeps the network from holding lesions, scars and the haze of proliferative eyes for faults.
_SEEN_LESION_WEIGHT = 1.0
_BLURRED_WEIGHT = 0.5

Rows = npt.NDArray[np.float32]
Tensors = dict[str, npt.NDArray[np.float32]]


class _Network(nn.Module):
    """What `QualityNetwork` computes, with dropout before the last layer while training."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.first = nn.Conv2d(len(LAYERS), first, 3, padding=1)
        self.second = nn.Conv2d(first, second, 3, padding=1)
        self.third = nn.Conv2d(second, third, 3, padding=1)
        self.head = nn.Linear(2 * third, 2)

    def forward(self, plane: torch.Tensor) -> torch.Tensor:
        """Log-odds (n, 2) of maps (n, layers, 24, 24), standardised."""
        plane = F.max_pool2d(F.relu(self.first(plane)), 2)
        plane = F.max_pool2d(F.relu(self.second(plane)), 2)
        plane = F.relu(self.third(plane))
        pooled = torch.cat([plane.mean((2, 3)), plane.amax((2, 3))], dim=1)
        odds: torch.Tensor = self.head(F.dropout(pooled, 0.2, self.training))
        return odds


def lessons(photographs: Sequence[MeasuredPhotograph]) -> tuple[Rows, Rows, Rows]:
    """Maps (n, layers, 24, 24); truths (n, 2): ungradable, no fundus photograph; weights (n,)."""
    rows: list[tuple[Rows, tuple[bool, bool], float]] = []
    for p in photographs:
        weight = _FULL_SIZE_WEIGHT if p.measures.diameter > _SMALL_FIELD else 1.0
        if p.quality in GRADABLE | UNGRADABLE:
            rows.append((p.map, (p.quality in UNGRADABLE, p.quality == "not_fundus"), weight))
        elif p.grade in {"1", "2", "3", "4"}:
            rows.append((p.map, (False, False), _SEEN_LESION_WEIGHT))
        if p.blurred is not None:
            rows.append((p.blurred, (True, False), _BLURRED_WEIGHT))
    maps, truths, weights = zip(*rows, strict=True)
    return (
        np.stack(maps),
        np.array(truths, dtype=np.float32),
        np.array(weights, dtype=np.float32),
    )


def fit(
    photographs: Sequence[MeasuredPhotograph], *, epochs: int = EPOCHS, seed: int = 0
) -> Tensors:
    """A network's tensors after `epochs` of AdamW on a one-cycle schedule, on one thread.

    Maps are mirrored and turned at random: an eye's fault may lie anywhere.
    """
    maps, truths, weights = lessons(photographs)
    mean = maps.mean(axis=(0, 2, 3), keepdims=True)
    spread = maps.std(axis=(0, 2, 3), keepdims=True) + np.float32(1e-6)
    planes = torch.from_numpy((maps - mean) / spread)
    truth, weight = torch.from_numpy(truths), torch.from_numpy(weights)[:, None]
    rng = torch.Generator().manual_seed(seed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _Network()
            _teach(network, (planes, truth, weight), epochs, rng)
    finally:
        torch.set_num_threads(threads)
    taught = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    return {**taught, "mean": mean[0], "spread": spread[0]}


def torch_network(tensors: Tensors) -> nn.Module:
    """The same network in torch, for standardised maps."""
    network = _Network()
    own = {name: torch.from_numpy(tensors[name]) for name in network.state_dict()}
    network.load_state_dict(own)
    return network.eval()


def _teach(
    network: nn.Module,
    lesson: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    epochs: int,
    rng: torch.Generator,
) -> None:
    planes, truth, weight = lesson
    batches = max(1, len(planes) // _BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), _LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _LEARNING_RATE, total_steps=epochs * batches
    )
    network.train()
    for _ in range(epochs):
        order = torch.randperm(len(planes), generator=rng)
        for rows in order[: batches * _BATCH].tensor_split(batches):
            plane = planes[rows]
            mirrored, flipped, turned = torch.rand(3, generator=rng).tolist()
            plane = plane.flip(3) if mirrored < 0.5 else plane
            plane = plane.flip(2) if flipped < 0.5 else plane
            plane = plane.transpose(2, 3) if turned < 0.5 else plane
            loss = F.binary_cross_entropy_with_logits(network(plane), truth[rows], weight[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch leaves it unannotated
            optimiser.step()
            schedule.step()
    network.eval()


def fit_folds(photographs: Sequence[MeasuredPhotograph], *, epochs: int = EPOCHS) -> list[Tensors]:
    """One network per fold, taught by everybody else."""
    return [fit([p for p in photographs if p.fold != fold], epochs=epochs) for fold in range(FOLDS)]


def operating_point(
    photographs: Sequence[MeasuredPhotograph], log_odds: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """The log-odds to stop at, and the median good photograph's.

    The limit passes `USABLE_PASSING` of the photographs that people called usable. `log_odds` are
    of networks that were not taught by the same people. Raises `DatasetError` without both kinds.
    """
    usable, good = (
        log_odds[[p.quality == quality for p in photographs]] for quality in ("usable", "good")
    )
    if not usable.size or not good.size:
        raise DatasetError("Photographs labelled good and others labelled usable are needed.")
    return float(np.quantile(usable, USABLE_PASSING)), float(np.median(good))


def write_network(path: Path, network: QualityNetwork, provenance: dict[str, str]) -> None:
    """Tensors into the file `path`, limits and provenance into the manifest beside it.

    Nobody has signed it: an older signature there is taken away. Raises `ValueError` where
    `network` is none that the gate would read.
    """
    network.check()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(SIGNATURE).unlink(missing_ok=True)
    data = save({name: v.copy(order="C") for name, v in network.tensors.items()})
    path.write_bytes(data)
    write_manifest(path, network.limit, network.typical, network.version, provenance)


def write_manifest(
    path: Path, limit: float, typical: float, version: str, provenance: dict[str, str]
) -> None:
    """The manifest of the tensors in the file `path`, beside them."""
    manifest: dict[str, object] = {
        "format": FORMAT,
        "kind": KIND,
        "name": NAME,
        "version": version,
        "limit": round(limit, 4),
        "typical": round(typical, 4),
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()},
        "provenance": provenance,
        "notice": "Research use, not a cleared medical device.",
    }
    manifest["manifest_sha256"] = manifest_hash(manifest)
    path.with_name(MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
