"""What a network learns from: portions of photographs that fill each batch in fixed shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from drscreen.domain.grading import Grade
from drscreen.training.objective import class_weights
from drscreen.training.squares import Squares

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Portion:
    """Photographs of one kind: graded, drawn upon, or seen by a teacher alone.

    `squares` uint8 (n, size, size, 3) and `grades` (n,) hold everything, `rows` what may be drawn.
    `share` is the expected share of a batch, `balance` the power of class-balanced sampling (0
    natural, 1 balanced). `graded` False says that `grades` only steer the sampling. `maps` are
    lesion maps uint8 0 or 255 (n, classes, cells, cells); without them grade 0 still means that
    there is no lesion. `beliefs` are a teacher's probabilities, float (n, 5).
    """

    name: str
    squares: Squares = field(repr=False)
    grades: Ints = field(repr=False)
    rows: Ints = field(repr=False)
    share: float = 1.0
    balance: float = 0.5
    graded: bool = True
    maps: npt.NDArray[np.uint8] | None = field(default=None, repr=False)
    beliefs: npt.NDArray[np.float32] | None = field(default=None, repr=False)

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """Sampling weight of each grade, (5,)."""
        return class_weights(self.grades[self.rows], self.balance)


@dataclass(frozen=True, slots=True)
class Batch:
    """Drawn photographs with what is known of each, all on the CPU.

    pixels uint8 (n, 3, size, size); grades (n,), of which `graded` says where they count; maps
    float 0..1 (n, classes, cells, cells) and `mapped` where they count; beliefs (n, 5) and
    `believed`; `portion` (n,) is the index of where each came from.
    """

    pixels: torch.Tensor
    grades: torch.Tensor
    graded: torch.Tensor
    maps: torch.Tensor
    mapped: torch.Tensor
    beliefs: torch.Tensor
    believed: torch.Tensor
    portion: torch.Tensor


def draw_batch(
    portions: Sequence[Portion], size: int, generator: torch.Generator, map_shape: Sequence[int]
) -> Batch:
    """`size` photographs. `map_shape` is (classes, cells, cells); everything from `generator`."""
    shares = torch.tensor([portion.share for portion in portions], dtype=torch.float64)
    picked = torch.multinomial(shares, size, replacement=True, generator=generator)
    side = portions[0].squares.shape[1]
    pixels = torch.empty((size, side, side, 3), dtype=torch.uint8)
    grades = torch.zeros(size, dtype=torch.int64)
    graded, mapped, believed = (torch.zeros(size, dtype=torch.bool) for _ in range(3))
    maps = torch.zeros((size, *map_shape))
    beliefs = torch.zeros((size, len(Grade)))
    for index, portion in enumerate(portions):
        places = torch.nonzero(picked == index).flatten()
        if not places.numel():
            continue
        weights = torch.from_numpy(portion.weights[portion.grades[portion.rows]])
        picks = torch.multinomial(weights, places.numel(), replacement=True, generator=generator)
        rows = portion.rows[picks.numpy()]
        pixels[places] = torch.from_numpy(portion.squares[rows])
        truth = torch.from_numpy(portion.grades[rows])
        grades[places], graded[places] = truth, portion.graded
        if portion.maps is not None:
            maps[places] = torch.from_numpy(portion.maps[rows]).float() / 255.0
        known = portion.maps is not None or portion.graded
        mapped[places] = (truth == int(Grade.NONE)) & known if portion.maps is None else known
        if portion.beliefs is not None:
            beliefs[places] = torch.from_numpy(portion.beliefs[rows]).float()
            believed[places] = True
    channels_first = pixels.permute(0, 3, 1, 2)
    return Batch(channels_first, grades, graded, maps, mapped, beliefs, believed, picked)


def sampling_mix(portions: Sequence[Portion]) -> npt.NDArray[np.float64]:
    """How much more often than in nature each grade is drawn, (5,); 0 for an absent one.

    Nature is the mix of the first portion, the photographs as they come; `prior_correction`
    takes this out of the head again.
    """
    natural = np.bincount(portions[0].grades[portions[0].rows], minlength=len(Grade))
    drawn = np.zeros(len(Grade))
    for portion in portions:
        if portion.graded:
            counts = np.bincount(portion.grades[portion.rows], minlength=len(Grade))
            mass = counts * portion.weights
            drawn += portion.share * mass / mass.sum()
    mix = np.zeros(len(Grade))
    np.divide(drawn, natural / natural.sum(), out=mix, where=natural > 0)
    return mix
