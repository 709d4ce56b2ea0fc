"""Label-safe changes of prepared squares, for training only; prediction never sees them.

Turns, mirror images, small changes of size and place, of light and of colour leave a grade as it
is. Everything comes from the generator given, so a step of training can be repeated exactly.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own convention

#: The share of photographs that is also turned by any angle, scaled and shifted.
_MOVED = 0.25
_SCALE = (0.85, 1.2)
_SHIFT = 0.04
_BRIGHTNESS = 0.15
_CONTRAST = 0.15
_CHANNEL = 0.1
#: Powers of a pixel's level, and factors on its distance from grey: cameras differ more in these
#: than in anything else that leaves a grade as it is.
_GAMMA = (0.7, 1.4)
_SATURATION = (0.6, 1.4)
_SOFTENED = 0.15


def augment(
    batch: torch.Tensor, generator: torch.Generator, maps: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """float (n, 3, size, size) in 0..1 to the same shape and range.

    `maps` (n, classes, cells, cells) are turned and moved with the photographs, not recoloured.
    """
    where = _moves(batch.shape[0], generator).to(batch.device)
    moved = _move(batch, where)
    changed = _recolour(_soften(moved, generator), generator)
    return changed, None if maps is None else _move(maps, where)


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    return torch.rand(n, generator=generator) * (high - low) + low


def _moves(n: int, generator: torch.Generator) -> torch.Tensor:
    """Affine matrices (n, 2, 3) of turns, mirror images, changes of scale and place.

    Most are quarter turns and mirror images, which leave every pixel what it is: a microaneurysm
    of two pixels does not survive being interpolated.
    """
    moved = torch.rand(n, generator=generator) < _MOVED
    quarter = math.pi / 2
    angle = _uniform(n, -2, 2, generator)
    angle = torch.where(moved, angle, angle.round()) * quarter
    scale = torch.where(moved, _uniform(n, *_SCALE, generator), 1.0)
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    shift_x = torch.where(moved, _uniform(n, -_SHIFT, _SHIFT, generator), 0.0)
    shift_y = torch.where(moved, _uniform(n, -_SHIFT, _SHIFT, generator), 0.0)
    rows = [
        torch.stack([cos * mirror, -sin, shift_x], dim=1),
        torch.stack([sin * mirror, cos, shift_y], dim=1),
    ]
    return torch.stack(rows, dim=1)


def _move(batch: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    grid = F.affine_grid(where, list(batch.shape), align_corners=False)
    return F.grid_sample(batch, grid, mode="bilinear", align_corners=False)


def _soften(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Some photographs a little out of focus, as sources of other resolution are."""
    n = batch.shape[0]
    amount = torch.where(
        torch.rand(n, generator=generator) < _SOFTENED, torch.rand(n, generator=generator), 0.0
    ).to(batch.device)
    softened = F.avg_pool2d(batch, 3, stride=1, padding=1)
    return torch.lerp(batch, softened, amount.view(n, 1, 1, 1))


def _recolour(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    n = batch.shape[0]

    def gains(spread: float, channels: int) -> torch.Tensor:
        drawn = _uniform(n * channels, 1 - spread, 1 + spread, generator)
        return drawn.view(n, channels, 1, 1).to(batch.device)

    def between(ends: tuple[float, float]) -> torch.Tensor:
        return _uniform(n, *ends, generator).view(n, 1, 1, 1).to(batch.device)

    # Black surroundings stay black: contrast turns about the mean of what is lit.
    lit = batch.amax(dim=1, keepdim=True) > 0.06
    share = lit.float().mean(dim=(2, 3), keepdim=True).clamp_min(1e-3)
    mean = (batch * lit).mean(dim=(1, 2, 3), keepdim=True) / share
    changed = (batch - mean) * gains(_CONTRAST, 1) + mean
    changed = changed * gains(_BRIGHTNESS, 1) * gains(_CHANNEL, 3)
    changed = changed.clamp_min(1e-4) ** between(_GAMMA)
    grey = changed.mean(dim=1, keepdim=True)
    changed = grey + (changed - grey) * between(_SATURATION)
    return torch.where(lit, changed, batch).clamp(0.0, 1.0)
