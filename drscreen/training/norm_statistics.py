"""Batch norms that were folded into convolutions, and how they are brought back to life.

A folded trunk has no norms to speak of, and trained without them it learns several times more
slowly (measured; see docs/training.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn

from drscreen.adapters.model.network import plain_norm

#: Channels whose variance is below this say nothing about how wide they are.
_SILENT = 1e-4
_AT_A_TIME = 8


def plain_norms(network: nn.Module) -> list[str]:
    """The norms that do nothing but add a bias, by name."""
    return [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, nn.BatchNorm2d) and _is_plain(layer)
    ]


def wake_norms(network: nn.Module, names: Iterable[str], photographs: torch.Tensor) -> None:
    """Give plain norms the statistics of `photographs`, so that the network computes what it did.

    With the mean and spread of what passes through it, and a scale and shift that undo both, a norm
    works as if it had always been there. `photographs` are float (n, 3, size, size) as the network
    takes them.
    """
    layers = {name: _norm(network, name) for name in names}
    sums = {name: torch.zeros((2, layer.num_features)) for name, layer in layers.items()}
    counts = dict.fromkeys(layers, 0)

    def listen(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        def heard(_layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            values = inputs[0]
            sums[name][0] += values.sum(dim=(0, 2, 3))
            sums[name][1] += values.square().sum(dim=(0, 2, 3))
            counts[name] += values.numel() // values.shape[1]

        return heard

    hooks = [layer.register_forward_pre_hook(listen(name)) for name, layer in layers.items()]
    was_training = network.training
    network.eval()
    with torch.no_grad():
        for part in torch.split(photographs, _AT_A_TIME):
            network(part)
        for name, layer in layers.items():
            mean, square = sums[name] / counts[name]
            variance = (square - mean.square()).clamp_min(0.0)
            spread = torch.where(variance < _SILENT, 1.0, variance)
            scale = layer.weight * (spread + layer.eps).sqrt()
            shift = layer.bias + layer.weight * mean
            statistics = {"running_mean": mean, "running_var": spread}
            layer.load_state_dict({"weight": scale, "bias": shift, **statistics}, strict=False)
    for hook in hooks:
        hook.remove()
    network.train(was_training)


def _norm(network: nn.Module, name: str) -> nn.BatchNorm2d:
    layer = network.get_submodule(name)
    if not isinstance(layer, nn.BatchNorm2d):
        raise ValueError(f"{name} is no batch norm")
    return layer


def _is_plain(layer: nn.BatchNorm2d) -> bool:
    own, plain = layer.state_dict(), plain_norm(layer.num_features).state_dict()
    return all(torch.equal(own[n], plain[n]) for n in ("running_mean", "running_var", "weight"))
