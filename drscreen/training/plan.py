"""What decides what a training gives, besides the data."""

from __future__ import annotations

from dataclasses import dataclass

from drscreen.domain.image import InputSpec

#: ImageNet statistics, which the trunk was trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Stage:
    """Passes over the photographs at one resolution."""

    size: int
    epochs: int


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Everything that decides what a training gives, besides the data.

    `stages` go from coarse to fine; the network takes the last one's size. `balance` is the power
    of class-balanced sampling (0 natural, 1 balanced). Learning rates are for layers that start
    from weights (`trunk_rate`) and for those that start at random (`fresh_rate`). `still` names
    layers, by torchvision's prefixes, that are left as they start. `lesion_share` and
    `belief_share` weigh the lesion map's and the teacher's part of the loss beside the grade's.
    """

    architecture: str
    stages: tuple[Stage, ...]
    batch: int = 16
    trunk_rate: float = 2e-4
    fresh_rate: float = 1e-3
    weight_decay: float = 0.02
    balance: float = 0.5
    average_decay: float = 0.995
    seed: int = 1
    equalise: bool = False
    pooling_power: float = 3.0
    still: tuple[str, ...] = ()
    lesion_share: float = 1.0
    belief_share: float = 1.0

    @property
    def input(self) -> InputSpec:
        """What the network will take."""
        return InputSpec(self.stages[-1].size, IMAGENET_MEAN, IMAGENET_STD, self.equalise)

    @property
    def epochs(self) -> int:
        """Passes over the graded photographs, all stages together."""
        return sum(stage.epochs for stage in self.stages)
