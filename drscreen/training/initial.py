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
from drscreen.adapters.model.network import LESION_HEAD, norm_after, plain_norm
from drscreen.adapters.model.predictor import load_network
from drscreen.domain.errors import CheckpointError
from drscreen.training.norm_statistics import plain_norms, wake_norms
from drscreen.training.transplant import transplant


@dataclass(frozen=True, slots=True)
class Start:
    """What `initialise` did: the layers that hold weights now, and the batch norms to keep frozen
    because no statistics can wake them.
    """

    filled: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()


def initialise(
    network: nn.Module,
    architecture: str,
    source: Path,
    photographs: torch.Tensor | None,
    still: tuple[str, ...] = (),
) -> Start:
    """Fill `network` from `source`. Raises `CheckpointError` or a `BundleError`.

    A folder is a bundle: an earlier network of the same architecture, heads included, or a
    ResNet-18 to transplant into a ResNet-152. `.npz` is a trunk whose batch norms were folded into
    convolution weight and bias; layers that it lacks stay random. `.safetensors` is a state dict in
    torchvision's names; its head is left out where its shape differs.

    Some dozens of `photographs` as the network takes them, float (n, 3, size, size), are looked at:
    norms that were folded away are woken with their statistics, but for those of layers that are
    left `still`, and a transplant is fitted on them. Without photographs, for a network whose
    checkpoint comes next, both are left out.
    """
    if source.is_dir():
        bundle = read_bundle(source)
        if (bundle.architecture, architecture) == ("resnet18", "resnet152"):
            return _transplanted(network, bundle, photographs)
        if bundle.architecture != architecture:
            raise CheckpointError(
                f"{bundle.folder.name} holds a {bundle.architecture}; this training is of a "
                f"{architecture}."
            )
        filled = _fill(network, load_network(bundle).state_dict(), bundle.folder.name)
    elif source.suffix == ".npz":
        filled = _fill_folded(network, _folded_trunk(source), source.name)
    elif source.suffix == ".safetensors":
        filled = _fill(network, _state_dict(source), source.name)
    else:
        raise CheckpointError(
            f"{source.name}: a start is a bundle's folder, a .npz trunk or a .safetensors state "
            "dict."
        )
    if photographs is not None:
        asleep = [n for n in plain_norms(network) if n in filled and not n.startswith(still)]
        wake_norms(network, asleep, photographs)
    return Start(filled)


def _transplanted(network: nn.Module, bundle: Bundle, photographs: torch.Tensor | None) -> Start:
    if photographs is not None:
        transplant(load_network(bundle), network, photographs)
    named = dict(network.named_modules())
    norms = frozenset(n for n, module in named.items() if isinstance(module, nn.BatchNorm2d))
    return Start(frozenset(named), norms)


def _folded_trunk(source: Path) -> Mapping[str, torch.Tensor]:
    try:
        trunk = np.load(source)
        return {name: torch.from_numpy(trunk[name]) for name in trunk.files}
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{source.name} cannot be read.") from error


def _fill_folded(
    network: nn.Module, tensors: Mapping[str, torch.Tensor], name: str
) -> frozenset[str]:
    """The layers that hold weights now, plain norms among them."""
    modules = dict(network.named_modules())
    filled = set()
    for layer in {key.rpartition(".")[0] for key in tensors}:
        weight, bias = tensors.get(f"{layer}.weight"), tensors.get(f"{layer}.bias")
        target = modules.get(layer)
        if not isinstance(target, nn.Conv2d):
            raise CheckpointError(f"{name} has a layer {layer!r} that this network lacks.")
        if weight is None or bias is None or weight.shape != target.weight.shape:
            raise CheckpointError(f"{name}: {layer} does not fit the network.")
        target.load_state_dict({"weight": weight})
        norm = plain_norm(len(bias))
        norm.load_state_dict({"bias": bias}, strict=False)
        modules[norm_after(layer)].load_state_dict(norm.state_dict())
        filled |= {layer, norm_after(layer)}
    return frozenset(filled)


def _state_dict(source: Path) -> Mapping[str, torch.Tensor]:
    try:
        return load_file(source)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{source.name} cannot be read.") from error


def _fill(network: nn.Module, state: Mapping[str, torch.Tensor], name: str) -> frozenset[str]:
    """The layers that hold weights now. A head of another shape is left out."""
    own = network.state_dict()
    heads = ("fc.", f"{LESION_HEAD}.")
    state = {
        n: t
        for n, t in state.items()
        if not n.startswith(heads) or (n in own and t.shape == own[n].shape)
    }
    wrong = [n for n, t in state.items() if n not in own or own[n].shape != t.shape]
    counted = "num_batches_tracked"
    missing = [
        n for n in own if n not in state and not n.startswith(heads) and not n.endswith(counted)
    ]
    if wrong or missing:
        raise CheckpointError(
            f"{name} is of another architecture: {(wrong + missing)[0]!r} does not fit."
        )
    network.load_state_dict(state, strict=False)
    return frozenset(name.rpartition(".")[0] for name in state)
