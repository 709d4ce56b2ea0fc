"""The networks by name, and how bytes become their input. Training and prediction share both."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from drscreen.adapters.model.torchvision_import import torchvision_models
from drscreen.domain.errors import BundleUnsupported
from drscreen.domain.grading import Grade
from drscreen.domain.image import InputSpec, RgbImage

ARCHITECTURES = ("resnet152", "resnet18")
#: The lesion head's layer; it reads layer3, one cell for 16 x 16 pixels of the input.
LESION_HEAD = "lesions"
LESION_STRIDE = 16
#: The first layer of a grade head of two layers, as some networks made elsewhere have it.
HIDDEN_LAYER = "fc.0"


class GeneralisedMean(nn.Module):
    """Pooling between the mean (power 1) and the maximum (Radenovic et al., TPAMI 2019).

    A retina is graded by a few small spots, which the plain mean over the whole field drowns.
    Takes (n, channels, h, w) of values that are not negative, gives (n, channels, 1, 1).
    """

    def __init__(self, power: float) -> None:
        super().__init__()
        self.power = power

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Computed in fp32 whatever the type: powers of bf16 have no digits left."""
        raised = features.float().clamp_min(1e-6) ** self.power
        mean = raised.mean(dim=(2, 3), keepdim=True) ** (1.0 / self.power)
        return mean.to(features.dtype)


def build_network(
    architecture: str,
    lesion_classes: int = 0,
    pooling_power: float = 1.0,
    hidden_units: int = 0,
) -> nn.Module:
    """torchvision's network of that name with a five-grade head, weights at random.

    Takes float tensors (n, 3, size, size), gives logits (n, 5). With `lesion_classes` it has a
    second head, which `grades_and_lesions` runs. torchvision's own pooling has power 1. With
    `hidden_units` the grade head has a layer of so many rectified units before the grades. Raises
    `BundleUnsupported`.
    """
    if architecture not in ARCHITECTURES:
        raise BundleUnsupported(f"This version does not know the architecture {architecture!r}.")
    build = getattr(torchvision_models(), architecture)
    network: nn.Module = build(weights=None, num_classes=len(Grade))
    if hidden_units:
        width = network.get_parameter("fc.weight").shape[1]
        layers = (nn.Linear(width, hidden_units), nn.ReLU(), nn.Linear(hidden_units, len(Grade)))
        network.set_submodule("fc", nn.Sequential(*layers))
    if pooling_power != 1.0:
        network.set_submodule("avgpool", GeneralisedMean(pooling_power))
    if lesion_classes:
        width = network.get_parameter("layer4.0.conv1.weight").shape[1]
        network.add_module(LESION_HEAD, nn.Conv2d(width, lesion_classes, 1))
    return network


def grades_and_lesions(
    network: nn.Module, batch: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of grades (n, 5) and of lesions (n, classes, size / 16, size / 16), in one pass."""
    layer = network.get_submodule
    features = batch
    for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3"):
        features = layer(name)(features)
    pooled = layer("avgpool")(layer("layer4")(features)).flatten(1)
    return layer("fc")(pooled), layer(LESION_HEAD)(features)


def norm_after(convolution: str) -> str:
    """torchvision's name of the batch norm that follows a convolution of a ResNet."""
    if convolution.endswith("downsample.0"):
        return convolution[:-1] + "1"
    return convolution[: -len("conv1")] + "bn" + convolution[-1]


def fold_norms(network: nn.Module, only: Collection[str] | None = None) -> nn.Module:
    """Each batch norm of an evaluation-mode ResNet folded into its convolution, in place.

    The same function, up to rounding, with a third of the layers fewer to run. `only` names the
    norms to fold, all by default.
    """
    modules = dict(network.named_modules())
    for name, convolution in modules.items():
        if not isinstance(convolution, nn.Conv2d) or name == LESION_HEAD:
            continue
        norm = modules[norm_after(name)]
        if only is not None and norm_after(name) not in only:
            continue
        if not isinstance(norm, nn.BatchNorm2d):
            raise BundleUnsupported(f"The layer {name} has no batch norm to fold.")
        network.set_submodule(name, fuse_conv_bn_eval(convolution, norm))
        network.set_submodule(norm_after(name), nn.Identity())
    return network


def unfold_norms(network: nn.Module) -> nn.Module:
    """Norms that `fold_norms` took away put back in place, as plain ones that only add the bias.

    So a network has torchvision's names and shapes again, whatever was folded.
    """
    modules = dict(network.named_modules())
    for name, folded in modules.items():
        if not isinstance(folded, nn.Conv2d) or name == LESION_HEAD or folded.bias is None:
            continue
        norm = plain_norm(folded.out_channels).to(folded.weight.device)
        norm.load_state_dict({"bias": folded.bias.detach()}, strict=False)
        folded.bias = None
        network.set_submodule(norm_after(name), norm.train(folded.training))
    return network


def plain_norm(channels: int) -> nn.BatchNorm2d:
    """A batch norm whose statistics divide by exactly one and subtract nothing."""
    norm = nn.BatchNorm2d(channels)
    variance = torch.full((channels,), 1.0 - norm.eps)
    norm.load_state_dict({"running_var": variance}, strict=False)
    return norm


def channels_last(network: nn.Module) -> nn.Module:
    """Convolution weights in channels_last order, in place; oneDNN and cuDNN are quickest so."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def to_batch(images: Sequence[RgbImage]) -> torch.Tensor:
    """Prepared squares as uint8 (n, 3, size, size) in channels_last memory, on the CPU."""
    first = images[0]
    # bytearray: torch wants memory it may write to.
    flat = np.frombuffer(bytearray().join(i.pixels for i in images), dtype=np.uint8)
    shape = (len(images), first.height, first.width, 3)
    return torch.from_numpy(flat.reshape(shape)).permute(0, 3, 1, 2)


def normalise(
    batch: torch.Tensor, spec: InputSpec, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """0..255 (n, 3, h, w) to `(x / 255 - mean) / std`, computed in fp32, given as `dtype`."""
    mean = torch.tensor(spec.mean, device=batch.device).view(1, 3, 1, 1)
    std = torch.tensor(spec.std, device=batch.device).view(1, 3, 1, 1)
    return ((batch.float() / 255.0 - mean) / std).to(dtype)
