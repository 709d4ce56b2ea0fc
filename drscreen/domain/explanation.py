"""Where on a photograph a network's answer came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CellMap:
    """A coarse map over the prepared square: `values` 0..1, row by row, `side` cells each way."""

    side: int
    values: tuple[float, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.values) != self.side * self.side:
            raise ValueError(f"{len(self.values)} values for {self.side} x {self.side} cells")


@dataclass(frozen=True, slots=True)
class Explanation:
    """`heat` is the weight of each place in "referable", relative to the heaviest (all 0 where
    nothing speaks for it). `lesions` are the lesion head's probabilities by the lesion's name;
    empty for a network without that head.
    """

    heat: CellMap
    lesions: Mapping[str, CellMap]
