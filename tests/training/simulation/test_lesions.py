from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from drscreen.domain.lesions import LesionClass
from drscreen.training.simulation.appearance import measure_appearance
from drscreen.training.simulation.bright_lesions import draw_cotton_wool, draw_exudates
from drscreen.training.simulation.canvas import NOTICEABLE, Canvas
from drscreen.training.simulation.confounders import (
    draw_drusen,
    draw_dust,
    draw_laser_scars,
    draw_speck,
)
from drscreen.training.simulation.escaped_blood import draw_preretinal, draw_vitreous
from drscreen.training.simulation.landmarks import Point, find_landmarks
from drscreen.training.simulation.placement import Places
from drscreen.training.simulation.red_lesions import (
    draw_flame,
    draw_haemorrhage,
    draw_microaneurysm,
)
from drscreen.training.simulation.vessel_lesions import (
    draw_beading,
    draw_irma,
    draw_new_vessels,
)

Square = npt.NDArray[np.uint8]
Draw = Callable[[Canvas, Point, float, np.random.Generator], bool]

#: A lesion, its class, and the least and greatest extent in disc diameters that it may have.
Case = tuple[Draw, LesionClass, float, float]
LESIONS: list[Case] = [
    (draw_microaneurysm, LesionClass.MICROANEURYSM, 0.0, 0.2),
    (draw_haemorrhage, LesionClass.HAEMORRHAGE, 0.0, 0.5),
    (draw_flame, LesionClass.HAEMORRHAGE, 0.05, 0.7),
    (draw_exudates, LesionClass.HARD_EXUDATE, 0.02, 2.2),
    (draw_cotton_wool, LesionClass.COTTON_WOOL_SPOT, 0.05, 0.9),
    (draw_irma, LesionClass.VESSEL_ABNORMALITY, 0.1, 1.8),
    (draw_new_vessels, LesionClass.NEW_VESSEL, 0.1, 2.2),
    (draw_preretinal, LesionClass.PRERETINAL_BLOOD, 0.2, 2.8),
    (draw_vitreous, LesionClass.PRERETINAL_BLOOD, 0.5, 7.0),
]


@pytest.fixture
def canvas(healthy: Square) -> Canvas:
    marks = find_landmarks(healthy)
    return Canvas(healthy, marks, measure_appearance(healthy, marks))


@pytest.mark.parametrize("case", LESIONS, ids=lambda case: case[0].__name__)
@pytest.mark.parametrize("seed", range(6))
def test_size_class_and_place(canvas: Canvas, case: Case, seed: int) -> None:
    draw, lesion, least, most = case
    at = (canvas.landmarks.fovea[0], canvas.landmarks.fovea[1] - canvas.disc_diameter)
    assert draw(canvas, at, 0.9, np.random.default_rng(seed))
    assert np.flatnonzero(canvas.marks.any(axis=(1, 2))).tolist() == [lesion]
    rows, columns = np.nonzero(canvas.marks[lesion])
    extent = max(np.ptp(rows), np.ptp(columns)) / canvas.disc_diameter
    assert least <= extent <= most


@pytest.mark.parametrize("draw", [draw_microaneurysm, draw_haemorrhage, draw_flame, draw_vitreous])
def test_blood_takes_green_before_red(canvas: Canvas, healthy: Square, draw: Draw) -> None:
    at = (canvas.landmarks.fovea[0], canvas.landmarks.fovea[1] - canvas.disc_diameter)
    assert draw(canvas, at, 0.9, np.random.default_rng(2))
    drawn = canvas.marks.any(axis=0)
    kept = canvas.pixels[drawn].sum(axis=0) / healthy[drawn].sum(axis=0)
    assert kept[1] < kept[0] < 1.0


@pytest.mark.parametrize("draw", [draw_exudates, draw_cotton_wool])
def test_deposits_are_paler_than_the_retina(canvas: Canvas, healthy: Square, draw: Draw) -> None:
    at = (canvas.landmarks.fovea[0], canvas.landmarks.fovea[1] - canvas.disc_diameter)
    assert draw(canvas, at, 0.9, np.random.default_rng(2))
    drawn = canvas.marks.any(axis=0)
    assert (canvas.pixels[drawn].mean(axis=0) > healthy[drawn].mean(axis=0)).all()


def test_beading_stays_beside_its_vein(canvas: Canvas) -> None:
    generator = np.random.default_rng(0)
    places = Places(canvas.landmarks, generator)
    found = 0
    for _ in range(20):
        at = places.on_vein()
        assert at is not None
        found += draw_beading(canvas, at, 0.9, generator)
    assert found > 5
    beaded = canvas.marks[LesionClass.VESSEL_ABNORMALITY]
    near_vessel = canvas.landmarks.vessels[beaded] > 0.15
    assert near_vessel.mean() > 0.6


def test_what_cannot_be_seen_is_not_drawn(canvas: Canvas, healthy: Square) -> None:
    window = canvas.window(190, 190, 8)
    faint = np.full((window.dy.shape[0], window.dx.shape[1]), 0.01, np.float32)
    assert not canvas.absorb(window, faint, LesionClass.HAEMORRHAGE)
    assert not canvas.marks.any()
    assert np.array_equal(canvas.pixels, healthy)


def test_marks_are_where_a_stroke_was_noticeable(canvas: Canvas, healthy: Square) -> None:
    draw_haemorrhage(canvas, canvas.landmarks.fovea, 0.8, np.random.default_rng(4))
    change = np.abs(canvas.pixels - healthy).max(axis=2)
    assert np.array_equal(change >= NOTICEABLE, canvas.marks[LesionClass.HAEMORRHAGE])


def test_blood_in_front_hides_what_is_below_and_its_marks(healthy: Square) -> None:
    marks = find_landmarks(healthy)
    bare, spotted = (Canvas(healthy, marks, measure_appearance(healthy, marks)) for _ in range(2))
    x, y = marks.fovea
    assert draw_exudates(spotted, (x, y + 6), 0.9, np.random.default_rng(1))
    flecks = spotted.marks[LesionClass.HARD_EXUDATE].copy()
    before = np.abs(spotted.pixels - bare.pixels)
    for canvas in (bare, spotted):
        assert draw_preretinal(canvas, (x, y), 0.9, np.random.default_rng(1))
    covered = flecks & ~spotted.marks[LesionClass.HARD_EXUDATE]
    after = np.abs(spotted.pixels - bare.pixels)
    assert covered.sum() > 10
    assert after[covered].mean() < 0.3 * before[covered].mean()


def test_confounders_change_the_picture_and_mark_nothing(canvas: Canvas, healthy: Square) -> None:
    generator = np.random.default_rng(1)
    places = Places(canvas.landmarks, generator)
    draw_laser_scars(canvas, places, 30, 0.8, generator)
    draw_drusen(canvas, places, 20, 0.8, generator)
    for _ in range(4):
        draw_dust(canvas, places, generator)
        draw_speck(canvas, places, generator)
    assert (np.abs(canvas.pixels - healthy).max(axis=2) > NOTICEABLE).sum() > 100
    assert not canvas.marks.any()
