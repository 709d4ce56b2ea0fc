from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from drscreen.adapters.imaging.field_of_view import as_array, prepare_square
from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.domain.grading import Grade
from drscreen.domain.image import InputSpec, Laterality

Square = npt.NDArray[np.uint8]
MakeSquare = Callable[..., Square]


@pytest.fixture(scope="session")
def make_square() -> MakeSquare:
    """A healthy phantom as a prepared square."""

    def make(seed: int = 3, eye: Laterality = Laterality.OD, size: int = 384) -> Square:
        phantom = draw_phantom(Grade.NONE, seed=seed, eye=eye, size=600)
        spec = InputSpec(size=size, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        return as_array(prepare_square(phantom, spec)).copy()

    return make


@pytest.fixture(scope="session")
def healthy(make_square: MakeSquare) -> Square:
    return make_square()
