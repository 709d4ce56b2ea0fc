"""A plain, resumable training of a network on graded photographs.

Step n of a run depends only on the settings, the data and the checkpoint before it: sampling and
augmentation draw from generators seeded by (seed, step). So a run cut into pieces is the run.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from drscreen.adapters.model.bundle import MANIFEST
from drscreen.adapters.model.network import build_network, channels_last, normalise
from drscreen.domain.image import InputSpec
from drscreen.training.augmentation import augment
from drscreen.training.checkpoint import append_line, load_checkpoint, save_checkpoint
from drscreen.training.initial import Start, initialise
from drscreen.training.objective import class_weights, ordinal_loss, prior_correction
from drscreen.training.squares import Squares

#: ImageNet statistics, which the trunk was trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Everything that decides what a training gives, besides the data.

    `balance` is the power of class-balanced sampling (0 natural, 1 balanced). Learning rates are
    for layers that start from weights (`trunk_rate`) and for those that start at random
    (`fresh_rate`).
    """

    architecture: str
    size: int
    epochs: int
    batch: int = 16
    trunk_rate: float = 2e-4
    fresh_rate: float = 1e-3
    weight_decay: float = 0.02
    balance: float = 0.5
    average_decay: float = 0.995
    seed: int = 1

    @property
    def input(self) -> InputSpec:
        """What the network will take."""
        return InputSpec(self.size, IMAGENET_MEAN, IMAGENET_STD)


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Heard after each step; `seconds_left` is an estimate from this piece's own pace."""

    step: int
    steps: int
    loss: float
    seconds_left: float


class Trainer:
    """One run in one folder. Use from one thread."""

    def __init__(
        self,
        plan: TrainingPlan,
        *,
        squares: Squares,
        grades: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        run: Path,
        start: Path | None = None,
        device: str = "cpu",
    ) -> None:
        """`rows` are the indices of `squares` and `grades` to train on. Raises `CheckpointError`
        where `run` holds another training's checkpoint.
        """
        self.plan = plan
        self._squares, self._grades, self._rows, self._run = squares, grades, rows, run
        self._device = torch.device(device)
        torch.manual_seed(plan.seed)
        network = build_network(plan.architecture)
        self._start = initialise(network, start) if start else Start()
        self._network = channels_last(network.to(self._device))
        self._averaged = copy.deepcopy(self._network).eval()
        self._optimiser = self._make_optimiser()
        self._weights = class_weights(grades[rows], plan.balance)
        self._checkpoint = run / "checkpoint.safetensors"
        self.steps = plan.epochs * math.ceil(len(rows) / plan.batch)
        self.step = 0
        run.mkdir(parents=True, exist_ok=True)
        self._fingerprint = self._make_fingerprint(start)
        if self._checkpoint.exists():
            self.step = load_checkpoint(
                self._checkpoint,
                self._network,
                self._averaged,
                self._optimiser,
                fingerprint=self._fingerprint,
            )

    def train(
        self,
        progress: Callable[[TrainingProgress], None] = lambda _p: None,
        seconds: float = math.inf,
        save_every: float = 120.0,
    ) -> bool:
        """Go on until the plan is done (True) or `seconds` have passed (False); saves both ways."""
        self._set_modes()
        begun = saved = time.monotonic()
        first = self.step
        while self.step < self.steps and time.monotonic() - begun < seconds:
            loss = self._one_step()
            self.step += 1
            now = time.monotonic()
            pace = (now - begun) / (self.step - first)
            progress(TrainingProgress(self.step, self.steps, loss, pace * (self.steps - self.step)))
            if self.step % 20 == 0:
                append_line(self._run / "log.jsonl", {"step": self.step, "loss": round(loss, 5)})
            if now - saved > save_every:
                self._save()
                saved = now
        self._save()
        return self.step >= self.steps

    def network(self) -> nn.Module:
        """The averaged network in evaluation mode, on the CPU, corrected for the sampling mix."""
        final: nn.Module = copy.deepcopy(self._averaged).cpu().eval()
        with torch.no_grad():
            final.get_parameter("fc.bias").add_(prior_correction(self._weights))
        return final

    def _one_step(self) -> float:
        self._network.zero_grad(set_to_none=True)
        self._set_rates()
        generator = torch.Generator().manual_seed(self.plan.seed * 1_000_003 + self.step)
        rows = self._draw(generator)
        pixels = torch.from_numpy(self._squares[rows]).to(self._device).permute(0, 3, 1, 2)
        batch = augment(pixels.float() / 255.0, generator)
        inputs = normalise(batch * 255.0, self.plan.input)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        grades = torch.from_numpy(self._grades[rows]).to(self._device)
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            logits = self._network(inputs)
        loss = ordinal_loss(logits, grades)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it unannotated
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        self._average()
        return float(loss.detach())

    def _draw(self, generator: torch.Generator) -> npt.NDArray[np.int64]:
        """Rows of one batch, each drawn with its grade's weight."""
        weights = torch.from_numpy(self._weights[self._grades[self._rows]])
        picks = torch.multinomial(weights, self.plan.batch, replacement=True, generator=generator)
        rows: npt.NDArray[np.int64] = self._rows[picks.numpy()]
        return rows

    def _average(self) -> None:
        # Early on the average follows closely, so that it does not remember the random start.
        decay = min(self.plan.average_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            own = self._network.state_dict()
            for name, mean in self._averaged.state_dict().items():
                if mean.dtype.is_floating_point:
                    mean.lerp_(own[name], 1 - decay)
                else:
                    mean.copy_(own[name])

    def _set_modes(self) -> None:
        self._network.train()
        for name, module in self._network.named_modules():
            if name in self._start.frozen:
                module.eval()

    def _set_rates(self) -> None:
        """Linear warm-up over 5% of the run, then a half cosine to zero."""
        warm = max(1, self.steps // 20)
        if self.step < warm:
            factor = (self.step + 1) / warm
        else:
            factor = 0.5 * (1 + math.cos(math.pi * (self.step - warm) / max(1, self.steps - warm)))
        for group in self._optimiser.param_groups:
            group["lr"] = group["base"] * factor

    def _make_optimiser(self) -> torch.optim.AdamW:
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self._network.named_parameters():
            known = name.rpartition(".")[0] in self._start.filled
            rate = self.plan.trunk_rate if known else self.plan.fresh_rate
            # Norms and biases are not decayed (the usual practice since He et al., CVPR 2019).
            decay = self.plan.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
        return torch.optim.AdamW(
            [
                {"params": parameters, "base": rate, "lr": rate, "weight_decay": decay}
                for (rate, decay), parameters in groups.items()
            ]
        )

    def _make_fingerprint(self, start: Path | None) -> str:
        digest = hashlib.sha256(json.dumps(asdict(self.plan), sort_keys=True).encode())
        digest.update(self._rows.tobytes() + self._grades.tobytes())
        if start is not None:
            digest.update(content_hash(start).encode())
        return digest.hexdigest()

    def _save(self) -> None:
        save_checkpoint(
            self._checkpoint,
            self._network,
            self._averaged,
            self._optimiser,
            step=self.step,
            fingerprint=self._fingerprint,
        )


def content_hash(start: Path) -> str:
    """sha256 of a start's file; of a bundle's manifest, which names the rest."""
    file = start / MANIFEST if start.is_dir() else start
    return hashlib.sha256(file.read_bytes()).hexdigest()


def predict_squares(
    network: nn.Module,
    squares: Squares,
    rows: npt.NDArray[np.int64],
    spec: InputSpec,
    *,
    batch: int = 16,
    dtype: torch.dtype = torch.float32,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> npt.NDArray[np.float64]:
    """Logits (len(rows), 5) of an evaluation-mode network that holds `dtype`, on the CPU."""
    logits = []
    with torch.inference_mode():
        for first in range(0, len(rows), batch):
            part = torch.from_numpy(squares[rows[first : first + batch]]).permute(0, 3, 1, 2)
            logits.append(network(normalise(part, spec, dtype)).double().numpy())
            progress(min(first + batch, len(rows)), len(rows))
    return np.concatenate(logits)
