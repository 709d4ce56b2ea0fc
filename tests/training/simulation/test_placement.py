from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from drscreen.training.simulation.landmarks import find_landmarks
from drscreen.training.simulation.placement import Places

Square = npt.NDArray[np.uint8]


@pytest.mark.parametrize("quadrant", range(4))
def test_quadrants_are_about_the_fovea(healthy: Square, quadrant: int) -> None:
    marks = find_landmarks(healthy)
    places = Places(marks, np.random.default_rng(0))
    for place in (places.in_quadrant, places.on_vein):
        for _ in range(30):
            at = place(quadrant)
            assert at is not None
            assert (at[0] >= marks.fovea[0]) == (quadrant in (0, 3))
            assert (at[1] < marks.fovea[1]) == (quadrant in (0, 1))


def test_lesions_of_the_retina_keep_off_the_disc(healthy: Square) -> None:
    marks = find_landmarks(healthy)
    places = Places(marks, np.random.default_rng(0))
    for place in (places.posterior, places.arcade, places.anywhere, places.peripheral):
        for _ in range(30):
            at = place()
            assert at is not None
            assert marks.field[round(at[1]), round(at[0])]
            assert math.dist(at, marks.disc) > 0.5 * marks.disc_diameter


def test_microaneurysms_gather_at_the_posterior_pole(healthy: Square) -> None:
    marks = find_landmarks(healthy)
    places = Places(marks, np.random.default_rng(0))
    drawn = [at for at in (places.posterior() for _ in range(200)) if at is not None]
    away = np.asarray([math.dist(at, marks.fovea) for at in drawn]) / marks.disc_diameter
    assert np.median(away) < 2.0


def test_where_no_place_fits_there_is_none() -> None:
    marks = find_landmarks(np.zeros((64, 64, 3), np.uint8))
    places = Places(marks, np.random.default_rng(0))
    assert places.posterior() is None
    assert places.in_quadrant(2) is None
    assert places.on_vein() is None
