"""Where a training starts: random weights, a trunk with folded batch norms, or a state dict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from drscreen.adapters.model.network import norm_after
from drscreen.domain.errors import CheckpointError


def initialise(network: nn.Module, source: Path) -> set[str]:
    """Fill `network` from `source` and return the names of the batch norms to keep frozen.

    `.npz`: a trunk whose batch norms were folded into convolution weight and bias (some layers
    may be missing and stay random). Each bias goes into its batch norm, which is frozen, because
    its statistics are gone. `.safetensors`: a state dict in torchvision's names; the head is left
    out where its shape differs. Raises `CheckpointError`.
    """
    if source.suffix == ".npz":
        return _from_folded_trunk(network, source)
    if source.suffix == ".safetensors":
        return _from_state_dict(network, source)
    raise CheckpointError(f"{source.name}: a start is a .npz trunk or a .safetensors state dict.")


def _from_folded_trunk(network: nn.Module, source: Path) -> set[str]:
    frozen: set[str] = set()
    modules = dict(network.named_modules())
    try:
        trunk = np.load(source)
        tensors = {name: torch.from_numpy(trunk[name]) for name in trunk.files}
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{source.name} cannot be read.") from error
    for name, tensor in tensors.items():
        layer, kind = name.rsplit(".", 1)
        target = modules.get(layer)
        if not isinstance(target, nn.Conv2d):
            raise CheckpointError(f"{source.name} has a layer {layer!r} that this network lacks.")
        if kind == "weight":
            if tensor.shape != target.weight.shape:
                raise CheckpointError(f"{source.name}: {name} has another shape than the network.")
            target.weight.data.copy_(tensor)
        else:
            norm_name = norm_after(layer)
            norm = modules[norm_name]
            # 1 - eps, so that the norm divides by exactly one.
            variance = torch.full_like(tensor, 1.0 - nn.BatchNorm2d(1).eps)
            norm.load_state_dict(
                {
                    "weight": torch.ones_like(tensor),
                    "bias": tensor,
                    "running_mean": torch.zeros_like(tensor),
                    "running_var": variance,
                },
                strict=False,
            )
            frozen.add(norm_name)
    return frozen


def _from_state_dict(network: nn.Module, source: Path) -> set[str]:
    try:
        state = load_file(source)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{source.name} cannot be read.") from error
    own = network.state_dict()
    state = {n: t for n, t in state.items() if not n.startswith("fc.") or t.shape == own[n].shape}
    wrong = [n for n, t in state.items() if n not in own or own[n].shape != t.shape]
    missing = [n for n in own if n not in state and not n.startswith("fc.")]
    if wrong or missing:
        raise CheckpointError(
            f"{source.name} is of another architecture: {(wrong + missing)[0]!r} does not fit."
        )
    network.load_state_dict(state, strict=False)
    return set()
