"""What a batch holds, and how the balance is taken back."""

from __future__ import annotations

import numpy as np
import torch

from drscreen.domain.grading import Grade
from drscreen.training.material import Batch, Portion, draw_batch, sampling_mix

MAP_SHAPE = (2, 4, 4)


def portion(name: str, counts: list[int], share: float, **more: object) -> Portion:
    """Squares whose first byte says which portion they are of."""
    grades = np.repeat(np.arange(len(Grade)), counts)
    squares = np.full((grades.size, 8, 8, 3), len(name), np.uint8)
    return Portion(name, squares, grades, np.arange(grades.size), share=share, **more)  # type: ignore[arg-type] # of each test


def drawn(portions: list[Portion], size: int = 400) -> Batch:
    return draw_batch(portions, size, torch.Generator().manual_seed(1), MAP_SHAPE)


def test_a_batch_is_filled_by_shares_and_the_rare_grades_are_seen_more_often() -> None:
    batch = drawn([portion("a", [90, 0, 0, 0, 10], 0.75), portion("bb", [50, 0, 0, 0, 0], 0.25)])
    first = batch.pixels[:, 0, 0, 0] == 1
    assert abs(float(first.float().mean()) - 0.75) < 0.07
    assert torch.equal(first, batch.portion == 0)
    assert float((batch.grades[first] == 4).float().mean()) > 0.2


def test_each_part_of_the_loss_hears_only_of_those_it_can_judge() -> None:
    maps = np.full((20, *MAP_SHAPE), 255, np.uint8)
    beliefs = np.full((10, 5), 0.2, np.float32)
    batch = drawn(
        [
            portion("a", [10, 0, 10, 0, 0], 0.4),
            portion("bb", [0, 0, 20, 0, 0], 0.3, maps=maps),
            portion("ccc", [10, 0, 0, 0, 0], 0.3, graded=False, beliefs=beliefs),
        ]
    )
    plain, simulated, ungraded = (batch.portion == i for i in range(3))
    assert torch.equal(batch.graded, plain | simulated)
    assert torch.equal(batch.believed, ungraded)
    # A photograph of grade 0 has no lesion; where those of grade 2 lie nobody said.
    assert torch.equal(batch.mapped, (plain & (batch.grades == 0)) | simulated)
    assert batch.maps[plain].max() == 0
    assert batch.maps[simulated].min() == 1


def test_the_mix_tells_how_much_more_often_than_in_nature_a_grade_is_drawn() -> None:
    portions = [
        portion("a", [80, 0, 20, 0, 0], 0.5, balance=0.0),
        portion("bb", [0, 0, 30, 0, 0], 0.5),
    ]
    np.testing.assert_allclose(sampling_mix(portions), [0.5, 0, 3.0, 0, 0])
