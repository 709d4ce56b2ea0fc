from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from drscreen.domain.image import Laterality
from drscreen.training.simulation.landmarks import FOVEA_DISTANCE, find_landmarks
from drscreen.training.simulation.vessels import trace_vein

from .conftest import MakeSquare


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("eye", list(Laterality))
@pytest.mark.parametrize("size", [256, 384, 512])
def test_disc_is_nasal_and_fovea_temporal(
    make_square: MakeSquare, seed: int, eye: Laterality, size: int
) -> None:
    marks = find_landmarks(make_square(seed, eye, size))
    nasal = 1 if eye is Laterality.OD else -1
    assert marks.disc_found
    assert nasal * (marks.disc[0] - size / 2) > 0.1 * size
    assert math.dist(marks.fovea, (size / 2, size / 2)) < 0.12 * size
    apart = math.dist(marks.fovea, marks.disc) / marks.disc_diameter
    assert 0.6 * FOVEA_DISTANCE < apart < 1.4 * FOVEA_DISTANCE


def test_vessels_are_darker_than_what_surrounds_them(
    healthy: npt.NDArray[np.uint8],
) -> None:
    marks = find_landmarks(healthy)
    green = healthy[..., 1]
    vein, bare = marks.veins > 0.6, marks.field & (marks.vessels < 0.1)
    assert vein.sum() > 100
    assert np.median(green[vein]) < 0.9 * np.median(green[bare])


@pytest.mark.parametrize("level", [0, 1, 90, 255])
def test_a_featureless_picture_gives_a_guess(level: int) -> None:
    flat = np.full((300, 300, 3), level, np.uint8)
    marks = find_landmarks(flat)
    for x, y in (marks.disc, marks.fovea):
        assert 0 <= x < 300
        assert 0 <= y < 300


def test_a_vein_is_followed_to_its_end() -> None:
    veins = np.zeros((100, 100), np.float32)
    veins[49:52, 20:80] = 1.0
    path = np.asarray(trace_vein(veins, (25.0, 50.0), (5.0, 50.0), 200.0))
    assert path[:, 0].max() == pytest.approx(79, abs=4)
    assert np.abs(path[:, 1] - 50).max() < 3
