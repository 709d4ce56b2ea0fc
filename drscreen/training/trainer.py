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
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from drscreen.adapters.model.bundle import MANIFEST
from drscreen.adapters.model.network import (
    build_network,
    channels_last,
    fold_norms,
    grades_and_lesions,
    normalise,
    unfold_norms,
)
from drscreen.adapters.model.predictor import computes_bf16
from drscreen.domain.errors import CheckpointUnwritable
from drscreen.domain.errors.disk import reason_of
from drscreen.domain.image import InputSpec
from drscreen.domain.lesions import LesionClass
from drscreen.training.augmentation import augment
from drscreen.training.checkpoint import append_line, load_checkpoint, save_checkpoint
from drscreen.training.initial import Start, initialise
from drscreen.training.material import Batch, Portion, draw_batch, sampling_mix
from drscreen.training.metrics import quadratic_weighted_kappa
from drscreen.training.objective import (
    distillation_loss,
    lesion_loss,
    ordinal_loss,
    prior_correction,
)
from drscreen.training.plan import TrainingPlan
from drscreen.training.squares import Squares

#: A run's log: a JSON object a line, with step, loss and kappa.
LOG_FILE = "log.jsonl"
#: Photographs that a start is shown.
_LOOKED_AT = 48
#: Photographs in the running kappa that the progress shows.
_KAPPA_WINDOW = 512


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Heard after each step; `seconds_left` is an estimate from this piece's own pace.

    `kappa` is that of the last few hundred graded photographs as they were trained on, changed and
    balanced as they were: a sign of life, not a measurement.
    """

    step: int
    steps: int
    loss: float
    kappa: float
    seconds_left: float


class Trainer:
    """One run in one folder. Use from one thread."""

    def __init__(
        self,
        plan: TrainingPlan,
        portions: Sequence[Portion],
        *,
        run: Path,
        start: Path | None = None,
        device: str = "cpu",
    ) -> None:
        """The first of `portions` are the graded photographs that an epoch goes over; all squares
        have one size. Raises `CheckpointError` where `run` holds another training's checkpoint.
        """
        self.plan = plan
        self._portions, self._run = portions, run
        self._device = torch.device(device)
        self._mixed = computes_bf16(self._device)
        torch.manual_seed(plan.seed)
        network = build_network(plan.architecture, len(LesionClass), plan.pooling_power)
        self._checkpoint = run / "checkpoint.safetensors"
        self._start = Start()
        if start:
            shown = None if self._checkpoint.exists() else self._some_photographs()
            self._start = initialise(network, plan.architecture, start, shown, plan.still)
        # Norms that do not learn scale and shift what the convolution can do itself, for nothing.
        norms = (n for n, m in network.named_modules() if isinstance(m, nn.BatchNorm2d))
        asleep = {n for n in norms if n in self._start.frozen or n.startswith(plan.still)}
        folded = fold_norms(network.eval(), only=asleep)
        self._network = channels_last(folded.to(self._device))
        self._averaged = copy.deepcopy(self._network).eval()
        self._optimiser = self._make_optimiser()
        self._seen: deque[tuple[int, int]] = deque(maxlen=_KAPPA_WINDOW)
        drawn_for_one_pass = len(portions[0].rows) * sum(p.share for p in portions)
        each = math.ceil(drawn_for_one_pass / portions[0].share / plan.batch)
        self._ends = np.cumsum([stage.epochs * each for stage in plan.stages])
        self.steps = int(self._ends[-1])
        self.step = 0
        try:
            run.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointUnwritable(
                f"The folder of the run cannot be made. {reason_of(error)}"
            ) from error
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
            kappa = self._kappa()
            left = pace * (self.steps - self.step)
            progress(TrainingProgress(self.step, self.steps, loss, kappa, left))
            if self.step % 20 == 0 or self.step == self.steps:
                entry = {"step": self.step, "loss": round(loss, 5)}
                if math.isfinite(kappa):
                    entry["kappa"] = round(kappa, 4)
                append_line(self._run / LOG_FILE, entry)
            if now - saved > save_every:
                self._save()
                saved = now
        self._save()
        return self.step >= self.steps

    def network(self) -> nn.Module:
        """The averaged network in evaluation mode, on the CPU, corrected for the sampling mix."""
        final = unfold_norms(copy.deepcopy(self._averaged).cpu().eval())
        with torch.no_grad():
            final.get_parameter("fc.bias").add_(prior_correction(sampling_mix(self._portions)))
        return final

    def _one_step(self) -> float:
        self._network.zero_grad(set_to_none=True)
        self._set_rates()
        generator = torch.Generator().manual_seed(self.plan.seed * 1_000_003 + self.step)
        size = self.plan.stages[int(np.searchsorted(self._ends, self.step, side="right"))].size
        drawn = draw_batch(self._portions, self.plan.batch, generator, self._map_shape)
        pixels = _resized(drawn.pixels.to(self._device).float() / 255.0, size)
        changed, maps = augment(pixels, generator, drawn.maps.to(self._device))
        inputs = normalise(changed * 255.0, self.plan.input)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._mixed):
            grades, lesions = grades_and_lesions(self._network, inputs)
        loss = self._loss(drawn, grades, lesions, maps)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it unannotated
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        self._average()
        own = (drawn.portion == 0).numpy()
        found = grades.detach().argmax(dim=1).cpu().numpy()
        self._seen.extend(zip(drawn.grades.numpy()[own], found[own], strict=True))
        return float(loss.detach())

    def _loss(
        self, drawn: Batch, grades: torch.Tensor, lesions: torch.Tensor, maps: torch.Tensor | None
    ) -> torch.Tensor:
        """Each part is the mean over the photographs it speaks of, weighed by their share."""
        loss = torch.zeros((), device=self._device)
        n = self.plan.batch
        if drawn.graded.any():
            truth = drawn.grades[drawn.graded].to(self._device)
            loss = loss + ordinal_loss(grades[drawn.graded], truth) * drawn.graded.sum() / n
        if drawn.mapped.any() and maps is not None:
            part = lesion_loss(lesions[drawn.mapped], maps[drawn.mapped])
            loss = loss + self.plan.lesion_share * part * drawn.mapped.sum() / n
        if drawn.believed.any():
            beliefs = drawn.beliefs[drawn.believed].to(self._device)
            part = distillation_loss(grades[drawn.believed], beliefs)
            loss = loss + self.plan.belief_share * part * drawn.believed.sum() / n
        return loss

    @property
    def _map_shape(self) -> tuple[int, int, int]:
        for portion in self._portions:
            if portion.maps is not None:
                classes, rows, columns = portion.maps.shape[1:]
                return classes, rows, columns
        # Without drawn lesions the only maps are the empty ones of grade 0.
        return len(LesionClass), 1, 1

    def _kappa(self) -> float:
        seen = np.array(self._seen, dtype=np.int64).reshape(-1, 2)
        return quadratic_weighted_kappa(seen[:, 0], seen[:, 1])

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
            if name.startswith(self.plan.still):
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

    def _some_photographs(self) -> torch.Tensor:
        """A few of the graded photographs, as the network takes them."""
        first = self._portions[0]
        rows = first.rows[:: max(1, len(first.rows) // _LOOKED_AT)][:_LOOKED_AT]
        pixels = torch.from_numpy(first.squares[rows]).permute(0, 3, 1, 2).float() / 255.0
        return normalise(_resized(pixels, self.plan.stages[0].size) * 255.0, self.plan.input)

    def _make_optimiser(self) -> torch.optim.AdamW:
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self._network.named_parameters():
            if name.startswith(self.plan.still):
                parameter.requires_grad_(False)
                continue
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
        for portion in self._portions:
            digest.update(f"{portion.name} {portion.share} {portion.balance}".encode())
            digest.update(portion.rows.tobytes() + portion.grades.tobytes())
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


def _resized(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """(n, 3, h, w) to (n, 3, size, size), antialiased; untouched where the size is right."""
    if pixels.shape[-1] == size:
        return pixels
    return F.interpolate(
        pixels, size=(size, size), mode="bilinear", align_corners=False, antialias=True
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
            drawn = np.ascontiguousarray(squares[rows[first : first + batch]])
            part = torch.from_numpy(drawn).permute(0, 3, 1, 2)
            logits.append(network(normalise(part, spec, dtype)).double().numpy())
            progress(min(first + batch, len(rows)), len(rows))
    return np.concatenate(logits)
