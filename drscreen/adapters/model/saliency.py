"""What a network looked at, from the features it computed on the way to its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from drscreen.domain.explanation import CellMap
from drscreen.domain.grading import REFERABLE_FROM


def referable_heat(
    features: torch.Tensor, logits_of: Callable[[torch.Tensor], torch.Tensor]
) -> CellMap:
    """Grad-CAM (Selvaraju et al., ICCV 2017) of the log odds of "referable".

    features (1, channels, side, side) of the last stage; `logits_of` gives (1, 5) from them. Only
    pooling and head are differentiated, so it costs a fraction of a prediction.
    """
    # A copy: tensors of inference mode take no gradient.
    with torch.inference_mode(mode=False), torch.enable_grad():
        at = features.clone().float().requires_grad_()
        logits = logits_of(at)[0]
        odds = logits[REFERABLE_FROM:].logsumexp(0) - logits[:REFERABLE_FROM].logsumexp(0)
        (slope,) = torch.autograd.grad(odds, at)
    weight = slope.mean(dim=(2, 3), keepdim=True)
    heat = torch.relu((weight * at.detach()).sum(dim=1))[0]
    return cell_map(heat / heat.max().clamp_min(1e-12))


def cell_map(values: torch.Tensor) -> CellMap:
    """(side, side) in 0..1, on any device."""
    return CellMap(values.shape[0], tuple(values.float().clamp(0, 1).flatten().tolist()))


@contextmanager
def captured(network: nn.Module, *layers: str) -> Iterator[dict[str, torch.Tensor]]:
    """What the named layers put out while the block runs."""
    outputs: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, object, torch.Tensor], None]:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            outputs[name] = output

        return hook

    handles = [network.get_submodule(n).register_forward_hook(keep(n)) for n in layers]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
