"""Lesions of the phantom by ICDR grade (Wilkinson et al., Ophthalmology 2003).

Each function paints one kind of lesion into the canvas; `paint_lesions` chooses by grade.
"""

from __future__ import annotations

import numpy as np

from drscreen.adapters.imaging.phantom_canvas import Floats, Frame, Mask, blotch, paint, stain
from drscreen.adapters.imaging.phantom_retina import DISC, walk
from drscreen.domain.grading import Grade

_BLOOD = (0.58, 0.34, 0.40)
_FINE_VESSEL = (0.74, 0.40, 0.46)
#: Haemorrhages in each of the four quadrants; the scale asks for more than twenty in severe.
_PER_QUADRANT = {Grade.MODERATE: 4, Grade.SEVERE: 24, Grade.PROLIFERATIVE: 9}


def paint_lesions(canvas: Floats, frame: Frame, grade: Grade, rng: np.random.Generator) -> None:
    """Everything that `grade` calls for, in place. Grade 0 paints nothing."""
    if grade == Grade.NONE:
        return
    _microaneurysms(canvas, frame, rng, int(rng.integers(6, 11)) * min(2, grade))
    if grade == Grade.MILD:
        return
    _exudates(canvas, frame, rng, rings=1 if grade == Grade.MODERATE else 2)
    _cotton_wool(canvas, frame, rng, 1 if grade == Grade.MODERATE else 3)
    per_quadrant = _PER_QUADRANT[grade]
    _haemorrhages(canvas, frame, rng, per_quadrant)
    if grade == Grade.SEVERE:
        _irma(canvas, frame, rng)
    if grade == Grade.PROLIFERATIVE:
        _new_vessels(canvas, frame, rng)
        _preretinal_haemorrhage(canvas, frame, rng)


def _place(
    rng: np.random.Generator, quadrant: int, nearest: float = 0.2, farthest: float = 0.88
) -> tuple[float, float]:
    """A random spot of a quadrant (0..3, about the fovea), off the optic disc."""
    while True:
        angle = (quadrant + rng.uniform(0.06, 0.94)) * np.pi / 2
        distance = rng.uniform(nearest**2, farthest**2) ** 0.5
        x, y = float(distance * np.cos(angle)), float(distance * np.sin(angle))
        if np.hypot(x - DISC[0], y - DISC[1]) > 0.2:
            return x, y


def _microaneurysms(canvas: Floats, frame: Frame, rng: np.random.Generator, count: int) -> None:
    dots = Mask(frame)
    for number in range(count):
        x, y = _place(rng, number % 4, nearest=0.16, farthest=0.6)
        dots.polygon(blotch(rng, x, y, rng.uniform(0.006, 0.009)))
    stain(canvas, dots.cover(0.0015), (0.62, 0.30, 0.38))


def _haemorrhages(canvas: Floats, frame: Frame, rng: np.random.Generator, each: int) -> None:
    blots = Mask(frame)
    for quadrant in range(4):
        for number in range(each):
            x, y = _place(rng, quadrant)
            large = number % 4 == 0
            radius = rng.uniform(0.018, 0.032) if large else rng.uniform(0.009, 0.016)
            blots.polygon(blotch(rng, x, y, radius, rng.uniform(0.8, 1.4)))
    stain(canvas, 0.92 * blots.cover(0.004), _BLOOD)


def _exudates(canvas: Floats, frame: Frame, rng: np.random.Generator, rings: int) -> None:
    """Hard exudates: sharp yellow flecks in broken rings temporal of the fovea."""
    flecks = Mask(frame)
    for _ in range(rings):
        x, y = rng.uniform(-0.42, -0.20), rng.uniform(-0.25, 0.25)
        ring = rng.uniform(0.07, 0.12)
        for _ in range(int(rng.integers(22, 36))):
            angle = rng.uniform(0, 1.5 * np.pi)
            out = ring * rng.normal(1, 0.16)
            fleck = blotch(
                rng,
                float(x + out * np.cos(angle)),
                float(y + out * np.sin(angle)),
                rng.uniform(0.004, 0.012),
            )
            flecks.polygon(fleck)
    paint(canvas, 0.85 * flecks.cover(0.0015), (244.0, 206.0, 112.0))


def _cotton_wool(canvas: Floats, frame: Frame, rng: np.random.Generator, count: int) -> None:
    """Cotton-wool spots: pale, feathered, near the arcades."""
    spots = Mask(frame)
    for number in range(count):
        x, y = _place(rng, (2 * number + 1) % 4, nearest=0.42, farthest=0.62)
        for _ in range(4):
            dx, dy = rng.normal(0, 0.012, 2)
            spots.polygon(blotch(rng, x + dx, y + dy, rng.uniform(0.018, 0.028), 1.3))
    paint(canvas, 0.8 * spots.cover(0.009), (232.0, 194.0, 142.0))


def _irma(canvas: Floats, frame: Frame, rng: np.random.Generator) -> None:
    """Intraretinal microvascular abnormalities: short restless vessels in two quadrants."""
    tangle = Mask(frame)
    for quadrant in (1, 2):
        x, y = _place(rng, quadrant, nearest=0.4, farthest=0.6)
        for _ in range(7):
            start = np.asarray((x, y)) + rng.normal(0, 0.02, 2)
            path = walk(rng, start, rng.uniform(0, 2 * np.pi), 0.16, 0.30)
            tangle.line(path, np.full(len(path), 0.0055))
    stain(canvas, 0.85 * tangle.cover(0.0015), _FINE_VESSEL)


def _new_vessels(canvas: Floats, frame: Frame, rng: np.random.Generator) -> None:
    """Neovascularisation of the disc and elsewhere: fans of fine looping vessels."""
    fans = Mask(frame)
    elsewhere = _place(rng, 2, nearest=0.5, farthest=0.68)
    for (x, y), count, length in ((DISC, 26, 0.26), (elsewhere, 20, 0.22)):
        for _ in range(count):
            start = np.asarray((x, y)) + rng.normal(0, 0.02, 2)
            path = walk(rng, start, rng.uniform(0, 2 * np.pi), length, 0.22)
            fans.line(path, np.full(len(path), 0.005))
    stain(canvas, 0.85 * fans.cover(0.0015), _FINE_VESSEL)


def _preretinal_haemorrhage(canvas: Floats, frame: Frame, rng: np.random.Generator) -> None:
    """Blood before the retina, settled to a level: flat above, round below, hides vessels."""
    x, y = rng.uniform(-0.25, 0.10), rng.uniform(0.46, 0.54)
    width, depth = rng.uniform(0.18, 0.24), rng.uniform(0.13, 0.18)
    angle = np.linspace(0, np.pi, 40)
    boat = np.stack([x + width * np.cos(angle), y + depth * np.sin(angle)], axis=1)
    mask = Mask(frame)
    mask.polygon(boat)
    paint(canvas, 0.93 * mask.cover(0.004), (104.0, 22.0, 18.0))
