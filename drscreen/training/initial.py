"""Where a training starts: random weights, a folded trunk, an earlier bundle, or a state dict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from drscreen.adapters.model.bundle import Bundle, read_bundle
from drscreen.adapters.model.network import LESION_HEAD, fold_norms, norm_after
from drscreen.adapters.model.predictor import load_network
from drscreen.domain.errors import CheckpointError
from drscreen.training.transplant import transplant


@dataclass(frozen=True, slots=True)
class Start:
    """What `initialise` did: the layers that hold weights now, and the batch norms to keep frozen
    because their statistics were folded away.
    """

    filled: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()


def initialise(
    network: nn.Module, architecture: str, source: Path, photographs: torch.Tensor | None
) -> Start:
    """Fill `network` from `source`. Raises `CheckpointError` or a `BundleError`.

    A folder is a bundle: an earlier network of the same architecture, heads included, or a
    ResNet-18 to transplant into a ResNet-152. For that some dozens of `photographs` as the network
    takes them, float (n, 3, size, size), are looked at; without them the transplanting, which takes
    a minute, is left out, for a network whose checkpoint comes next. `.npz` is a trunk whose batch
    norms were folded into convolution weight and bias; layers that it lacks stay random.
    `.safetensors` is a state dict in torchvision's names, norms alive; its head is left out where
    its shape differs.
    """
    if source.is_dir():
        return _from_bundle(network, architecture, read_bundle(source), photographs)
    if source.suffix == ".npz":
        return _from_folded(network, _folded_trunk(source), source.name)
    if source.suffix == ".safetensors":
        return _from_state_dict(network, source)
    raise CheckpointError(
        f"{source.name}: a start is a bundle's folder, a .npz trunk or a .safetensors state dict."
    )


def _from_bundle(
    network: nn.Module, architecture: str, bundle: Bundle, photographs: torch.Tensor | None
) -> Start:
    earlier = load_network(bundle)
    if (bundle.architecture, architecture) == ("resnet18", "resnet152"):
        if photographs is not None:
            transplant(earlier, network, photographs)
        named = dict(network.named_modules())
        norms = frozenset(n for n, module in named.items() if isinstance(module, nn.BatchNorm2d))
        return Start(frozenset(named), norms)
    if bundle.architecture != architecture:
        raise CheckpointError(
            f"{bundle.folder.name} holds a {bundle.architecture}; this training is of a "
            f"{architecture}."
        )
    return _from_folded(network, fold_norms(earlier).state_dict(), bundle.folder.name)


def _folded_trunk(source: Path) -> Mapping[str, torch.Tensor]:
    try:
        trunk = np.load(source)
        return {name: torch.from_numpy(trunk[name]) for name in trunk.files}
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{source.name} cannot be read.") from error


def _from_folded(network: nn.Module, tensors: Mapping[str, torch.Tensor], name: str) -> Start:
    modules = dict(network.named_modules())
    frozen: set[str] = set()
    for layer in {key.rpartition(".")[0] for key in tensors}:
        weight, bias = tensors.get(f"{layer}.weight"), tensors.get(f"{layer}.bias")
        target = modules.get(layer)
        if not isinstance(target, nn.Conv2d | nn.Linear):
            raise CheckpointError(f"{name} has a layer {layer!r} that this network lacks.")
        if weight is None or bias is None or weight.shape != target.weight.shape:
            raise CheckpointError(f"{name}: {layer} does not fit the network.")
        if isinstance(target, nn.Linear) or layer == LESION_HEAD:
            target.load_state_dict({"weight": weight, "bias": bias})
            continue
        target.load_state_dict({"weight": weight})
        # The bias moves into the batch norm; 1 - eps makes that divide by exactly one.
        modules[norm_after(layer)].load_state_dict(
            {
                "weight": torch.ones_like(bias),
                "bias": bias,
                "running_mean": torch.zeros_like(bias),
                "running_var": torch.full_like(bias, 1.0 - nn.BatchNorm2d(1).eps),
            },
            strict=False,
        )
        frozen.add(norm_after(layer))
    filled = frozen | {key.rpartition(".")[0] for key in tensors}
    return Start(frozenset(filled), frozenset(frozen))


def _from_state_dict(network: nn.Module, source: Path) -> Start:
    try:
        state = load_file(source)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{source.name} cannot be read.") from error
    own = network.state_dict()
    state = {n: t for n, t in state.items() if not n.startswith("fc.") or t.shape == own[n].shape}
    wrong = [n for n, t in state.items() if n not in own or own[n].shape != t.shape]
    heads = ("fc.", f"{LESION_HEAD}.")
    missing = [n for n in own if n not in state and not n.startswith(heads)]
    if wrong or missing:
        raise CheckpointError(
            f"{source.name} is of another architecture: {(wrong + missing)[0]!r} does not fit."
        )
    network.load_state_dict(state, strict=False)
    return Start(frozenset(name.rpartition(".")[0] for name in state))
