"""Training checkpoints: tensors in safetensors, numbers in JSON, replaced atomically. No pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from drscreen.domain.errors import CheckpointError, CheckpointUnwritable
from drscreen.domain.errors.disk import reason_of


def save_checkpoint(
    path: Path,
    network: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    *,
    step: int,
    fingerprint: str,
) -> None:
    """Write all that the next step depends on. Where the disk refuses, raises
    `CheckpointUnwritable`, and the previous checkpoint is untouched.
    """
    tensors: dict[str, torch.Tensor] = {}
    for prefix, module in (("network", network), ("averaged", averaged)):
        tensors |= {f"{prefix}.{n}": t for n, t in module.state_dict().items()}
    for index, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": t for name, t in values.items()}
    plain = {n: t.detach().cpu().contiguous().clone() for n, t in tensors.items()}
    partial = path.with_suffix(".partial")
    try:
        save_file(plain, partial, metadata={"step": str(step), "fingerprint": fingerprint})
        with partial.open("rb") as handle:
            os.fsync(handle.fileno())
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise CheckpointUnwritable(
            f"The checkpoint could not be written; is the disk full?{_reason(error)}"
        ) from error


def load_checkpoint(
    path: Path,
    network: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    *,
    fingerprint: str,
) -> int:
    """Restore what `save_checkpoint` wrote and return the next step.

    Raises `CheckpointError` where the file belongs to a run with other settings or is damaged.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError("The checkpoint is damaged.") from error
    if metadata.get("fingerprint") != fingerprint:
        raise CheckpointError(
            "The run folder holds a checkpoint of a training with other settings or data."
        )
    for prefix, module in (("network", network), ("averaged", averaged)):
        cut = len(prefix) + 1
        own = {n[cut:]: t for n, t in tensors.items() if n.startswith(f"{prefix}.")}
        module.load_state_dict(own)
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = tensor
    whole: dict[str, Any] = optimiser.state_dict()
    whole["state"] = state
    optimiser.load_state_dict(whole)
    return int(metadata["step"])


def append_line(path: Path, entry: Mapping[str, object]) -> None:
    """Add one JSON object to a run's log. Raises `CheckpointUnwritable` where the disk refuses."""
    try:
        with path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(entry) + "\n")
    except OSError as error:
        raise CheckpointUnwritable(
            f"The run's log could not be written; is the disk full?{_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """What the system says, where it says something."""
    return f" {reason_of(error)}" if isinstance(error, OSError) and error.errno else ""
