from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from drscreen.adapters.imaging.field_of_view import as_array, prepare_square
from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.domain.grading import Grade
from drscreen.domain.image import InputSpec, Laterality
from drscreen.training.simulation.landmarks import find_landmarks
from drscreen.training.simulation.photograph import simulate

Square = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def healthy() -> Square:
    phantom = draw_phantom(Grade.NONE, seed=3, eye=Laterality.OD, size=600)
    return as_array(
        prepare_square(phantom, InputSpec(size=384, mean=(0, 0, 0), std=(1, 1, 1)))
    ).copy()


@pytest.mark.parametrize("grade", list(Grade))
def test_same_generator_same_picture(healthy: Square, grade: Grade) -> None:
    one, two = (simulate(healthy, grade, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.square, two.square)
    assert np.array_equal(one.lesions, two.lesions)
    assert one.findings == two.findings


@pytest.mark.parametrize("grade", list(Grade))
def test_the_grade_drawn_is_the_grade_wished(healthy: Square, grade: Grade) -> None:
    for seed in range(12):
        assert simulate(healthy, grade, np.random.default_rng(seed)).grade == grade


def test_marks_lie_where_the_picture_changed_and_in_the_field(healthy: Square) -> None:
    field = find_landmarks(healthy).field
    for seed in range(8):
        drawn = simulate(healthy, Grade.PROLIFERATIVE, np.random.default_rng(seed))
        changed = (drawn.square != healthy).any(axis=2)
        assert drawn.lesions.any()
        assert not (drawn.lesions.any(axis=0) & ~changed).any()
        assert not (changed & ~field).any()


@pytest.mark.parametrize("size", [16, 40, 256])
def test_black_stays_black(size: int) -> None:
    black = np.zeros((size, size, 3), np.uint8)
    for grade in Grade:
        drawn = simulate(black, grade, np.random.default_rng(1))
        assert drawn.grade == Grade.NONE
        assert not drawn.square.any()
        assert not drawn.lesions.any()
