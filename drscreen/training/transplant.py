"""Give ResNet-152 what a ResNet-18 knows: bottlenecks that compute its basic blocks.

ImageNet weights for ResNet-152 may be out of reach where those of a small network are not. A wide
network can be started so that it computes what the small one computes (Chen, Goodfellow and
Shlens, Net2Net, ICLR 2016), and then learn on with all its capacity. A stage of ResNet-18 has C
channels, the same stage of ResNet-152 has bottlenecks of width C around 4 C channels:

- channels 0..C carry the small network's features x, which are never negative;
- a bottleneck *A* reads x, runs the basic block's first convolution and leaves relu(...) in free
  channels; a bottleneck *B* reads those, runs the second convolution and adds it to x. Its inner
  ReLU is made harmless by a bias so large that nothing is negative, taken off again behind it.

So a basic block costs two bottlenecks and a stage's two blocks four. Stages 1 and 4 have three:
there the last bottleneck begins with half of the second basic block and is fitted, by least
squares, to what the whole block gives. The bottlenecks left over (4 of stage 2, 32 of stage 3)
start as the identity, with a last convolution of zeros.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from drscreen.adapters.model.network import LESION_HEAD, fold_norms, norm_after, plain_norm

#: Room above the largest negative value seen, as a factor on it.
_HEADROOM = 1.25
_FIT_STEPS = 300
_FIT_BATCH = 4
_FIT_RATE = 3e-3
#: Large maps are fitted a window at a time; one 3 x 3 convolution sees one cell beyond its edge.
_WINDOW = 40
_SPOILT = 1
#: Photographs run through the small network at a time.
_AT_A_TIME = 8


def transplant(
    small: nn.Module,
    large: nn.Module,
    inputs: torch.Tensor,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Fill `large` (ResNet-152) from `small` (ResNet-18, evaluation mode, norms alive), both fp32.

    `inputs` float (n, 3, size, size) are normalised photographs, some dozens: the biases are
    measured and the missing blocks fitted on them. Batch norms of `large` become plain scale and
    shift, to be kept frozen. Deterministic for a seed of torch.
    """
    small = fold_norms(copy.deepcopy(small)).eval()
    for name, module in list(large.named_modules()):
        if isinstance(module, nn.BatchNorm2d):
            large.set_submodule(name, plain_norm(module.num_features).train(module.training))
    for name, module in large.named_modules():
        if isinstance(module, nn.Conv2d) and name.endswith("conv3"):
            nn.init.zeros_(module.weight)
    layer = small.get_submodule
    _put(large, "conv1", _conv(small, "conv1").weight, _bias(_conv(small, "conv1")))
    features = _batched(lambda x: layer("maxpool")(F.relu(layer("conv1")(x))), inputs)
    for stage in range(1, 5):
        blocks = layer(f"layer{stage}")
        first = _batched(blocks.get_submodule("0"), features)
        second = _batched(blocks.get_submodule("1"), first)
        _fill_first(large, stage, blocks.get_submodule("0"), features)
        if len(list(large.get_submodule(f"layer{stage}").children())) > 3:
            _fill_second(large, stage, blocks.get_submodule("1"), first)
        else:
            _begin_second(large, stage, blocks.get_submodule("1"))
            wide = F.pad(first, (0, 0, 0, 0, 0, 3 * first.shape[1]))
            _fit(large.get_submodule(f"layer{stage}.2"), wide, second, progress)
        features = second
    for head in ("fc", LESION_HEAD):
        if head in dict(small.named_children()):
            _widen(layer(head), large.get_submodule(head))


def _fill_first(large: nn.Module, stage: int, block: nn.Module, x: torch.Tensor) -> None:
    """Basic block 0 of a stage, whose shortcut changes width and resolution after stage 1."""
    c = _conv(block, "conv1").out_channels
    at = f"layer{stage}"
    hidden = _batched(lambda v: F.relu(block.get_submodule("conv1")(v)), x)
    lift_shortcut = 0.0
    shortcut = torch.zeros(4 * c, x.shape[1], 1, 1)
    shift = torch.zeros(4 * c)
    if "downsample" in dict(block.named_children()):
        down = _conv(block, "downsample.0")
        lift_shortcut = _lift(_batched(down, x))
        shortcut[:c], shift[:c] = down.weight, _bias(down) + lift_shortcut
    else:
        shortcut[:c] = torch.eye(c).view(c, c, 1, 1)
    wide = _conv(large, f"{at}.0.downsample.0").in_channels
    _put(large, f"{at}.0.downsample.0", _padded(shortcut, wide), shift)
    _put_a(large, f"{at}.0", block, wide, into=c)
    _put_b(large, f"{at}.1", block, hidden, read=c, take_off=lift_shortcut)


def _fill_second(large: nn.Module, stage: int, block: nn.Module, x: torch.Tensor) -> None:
    c = x.shape[1]
    hidden = _batched(lambda v: F.relu(block.get_submodule("conv1")(v)), x)
    _put_a(large, f"layer{stage}.2", block, 4 * c, into=2 * c)
    _put_b(large, f"layer{stage}.3", block, hidden, read=2 * c, take_off=0.0)


def _begin_second(large: nn.Module, stage: int, block: nn.Module) -> None:
    """One bottleneck in place of basic block 1: its first convolution, and of its second what a
    1 x 1 convolution can do. `_fit` goes on from there.
    """
    first, second = _conv(block, "conv1"), _conv(block, "conv2")
    c, name = first.out_channels, f"layer{stage}.2"
    _put(large, f"{name}.conv1", _selecting(c, 4 * c, start=0, count=c), torch.zeros(c))
    _put(large, f"{name}.conv2", first.weight, _bias(first))
    weight, bias = torch.zeros(4 * c, c, 1, 1), torch.zeros(4 * c)
    weight[:c], bias[:c] = second.weight.detach()[:, :, 1:2, 1:2], _bias(second)
    _put(large, f"{name}.conv3", weight, bias)


def _fit(
    bottleneck: nn.Module,
    x: torch.Tensor,
    wanted: torch.Tensor,
    progress: Callable[[int, int], None],
) -> None:
    """Bring a bottleneck closer to what it should give, by Adam; x (n, channels, h, w)."""
    optimiser = torch.optim.Adam(bottleneck.parameters(), lr=_FIT_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _FIT_STEPS)
    for step in range(_FIT_STEPS):
        rows = torch.randint(len(x), (_FIT_BATCH,))
        given, target, margin = _window(x[rows], wanted[rows])
        found = bottleneck(given)[:, : target.shape[1]]
        inside = slice(margin, -margin if margin else None)
        loss = F.mse_loss(found[..., inside, inside], target[..., inside, inside])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it unannotated
        optimiser.step()
        schedule.step()
        progress(step + 1, _FIT_STEPS)
    for parameter in bottleneck.parameters():
        parameter.grad = None


def _window(x: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int]:
    """The same random window of both where they are large, and its margin that padding spoils."""
    height, width = x.shape[2:]
    if min(height, width) <= _WINDOW:
        return x, wanted, 0
    top = int(torch.randint(height - _WINDOW, ()))
    left = int(torch.randint(width - _WINDOW, ()))
    window = (..., slice(top, top + _WINDOW), slice(left, left + _WINDOW))
    return x[window], wanted[window], _SPOILT


def _put_a(large: nn.Module, name: str, block: nn.Module, wide: int, into: int) -> None:
    """Bottleneck A: relu(first convolution of channels 0..) to channels `into`.."""
    first = _conv(block, "conv1")
    c, before = first.out_channels, first.in_channels
    _put(large, f"{name}.conv1", _selecting(c, wide, start=0, count=before), torch.zeros(c))
    _put(large, f"{name}.conv2", _padded(first.weight, c), _bias(first))
    weight = torch.zeros(4 * c, c, 1, 1)
    weight[into : into + c] = torch.eye(c).view(c, c, 1, 1)
    _put(large, f"{name}.conv3", weight, torch.zeros(4 * c))


def _put_b(
    large: nn.Module,
    name: str,
    block: nn.Module,
    hidden: torch.Tensor,
    *,
    read: int,
    take_off: float,
) -> None:
    """Bottleneck B: second convolution of channels `read`.. added to channels 0..."""
    second = _conv(block, "conv2")
    c = second.out_channels
    lift = _lift(_batched(second, hidden))
    _put(large, f"{name}.conv1", _selecting(c, 4 * c, start=read, count=c), torch.zeros(c))
    _put(large, f"{name}.conv2", second.weight, _bias(second) + lift)
    weight, bias = torch.zeros(4 * c, c, 1, 1), torch.zeros(4 * c)
    weight[:c] = torch.eye(c).view(c, c, 1, 1)
    bias[:c] = -lift - take_off
    _put(large, f"{name}.conv3", weight, bias)


def _put(large: nn.Module, name: str, weight: torch.Tensor, bias: torch.Tensor) -> None:
    """A convolution's weight, and its bias into the batch norm behind it."""
    with torch.no_grad():
        _conv(large, name).weight.copy_(weight)
        large.get_parameter(f"{norm_after(name)}.bias").copy_(bias)


def _conv(network: nn.Module, name: str) -> nn.Conv2d:
    return cast(nn.Conv2d, network.get_submodule(name))


def _bias(layer: nn.Conv2d | nn.Linear) -> torch.Tensor:
    """Zeros for a layer without one."""
    return torch.zeros(layer.weight.shape[0]) if layer.bias is None else layer.bias


def _selecting(c: int, wide: int, start: int, count: int) -> torch.Tensor:
    """(c, wide, 1, 1): output i is input start + i, for i below `count`."""
    weight = torch.zeros(c, wide, 1, 1)
    for i in range(count):
        weight[i, start + i] = 1.0
    return weight


def _padded(weight: torch.Tensor, inputs: int) -> torch.Tensor:
    """Zeros for the input channels that the small network does not have."""
    missing = inputs - weight.shape[1]
    return F.pad(weight.detach(), (0, 0, 0, 0, 0, missing))


def _widen(head: nn.Module, target: nn.Module) -> None:
    """A head that reads the small network's channels and none of the others."""
    weight, bias = head.get_parameter("weight"), head.get_parameter("bias")
    with torch.no_grad():
        target.get_parameter("weight").zero_()[:, : weight.shape[1]] = weight
        target.get_parameter("bias").copy_(bias)


def _lift(values: torch.Tensor) -> float:
    """What to add so that nothing is negative, with room for photographs not seen here."""
    return _HEADROOM * max(0.0, -float(values.min()))


def _batched(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        done = torch.cat([function(part) for part in torch.split(x, _AT_A_TIME)])
    return done.clone()
