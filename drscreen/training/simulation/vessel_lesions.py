"""Changes of the vessels themselves: venous beading, IRMA and new vessels.

IRMA are tortuous shunts within the retina that join arterioles to venules; new vessels grow on
its surface, finer, in loops and fans, from the disc or from a vein (ETDRS report 10).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from drscreen.domain.lesions import LesionClass
from drscreen.training.simulation.bright_lesions import WOOL, local_white
from drscreen.training.simulation.canvas import Canvas
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.shapes import blob, grain
from drscreen.training.simulation.strokes import Line, stroke, tapered, wander, window_of
from drscreen.training.simulation.vessels import trace_vein

#: Fewer changed pixels than this share of a disc's square are a smudge, not a vessel.
_LEAST_AREA = 0.012
#: The scale asks for definite beading and prominent IRMA: none is drawn fainter than this.
_LEAST_STRENGTH = 0.45
#: Half the width of a vein near the disc: 125 um of 1,800 (ETDRS report 10), in disc diameters.
_VEIN_HALF = 0.034
#: A beaded stretch is at least this long, in disc diameters.
_LEAST_BEADED = 0.5
#: How many fronds of new vessels bring fibrous tissue with them.
_FIBROUS = 0.25


def draw_irma(canvas: Canvas, at: Point, strength: float, generator: np.random.Generator) -> bool:
    """A cluster of short tortuous branching shunts, as wide as the finest venules."""
    dd = canvas.disc_diameter
    lines: list[Line] = []
    heading = generator.uniform(0, 2 * math.pi)
    for _ in range(int(generator.integers(2, 5))):
        x, y = np.asarray(at) + generator.normal(0, 0.14 * dd, 2)
        half = generator.uniform(0.005, 0.011) * dd
        main = wander(generator, (x, y), heading, generator.uniform(0.25, 0.6) * dd, bend=0.09)
        lines.append(tapered(main, half, 0.7))
        for _ in range(int(generator.integers(0, 3))):
            fork = main[int(generator.integers(len(main)))]
            turn = heading + generator.choice((-1.0, 1.0)) * generator.uniform(0.5, 1.6)
            twig = generator.uniform(0.1, 0.28) * dd
            lines.append(tapered(wander(generator, fork, turn, twig, bend=0.12), 0.8 * half))
        heading += generator.normal(0, 0.6)
    density = (0.7 + 0.9 * max(_LEAST_STRENGTH, strength)) * generator.uniform(0.8, 1.2)
    return _draw(canvas, lines, density, LesionClass.VESSEL_ABNORMALITY)


def draw_new_vessels(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A frond: stems that fan out from `at` and end in fine loops."""
    dd = canvas.disc_diameter
    reach = generator.uniform(0.18, 0.5) * dd
    fan, spread = generator.uniform(0, 2 * math.pi), generator.uniform(1.0, 4.0)
    lines: list[Line] = []
    for _ in range(int(generator.integers(5, 11 + round(5 * strength)))):
        heading = fan + generator.uniform(-0.5, 0.5) * spread
        half = generator.uniform(0.004, 0.009) * dd
        x, y = np.asarray(at) + generator.normal(0, 0.05 * dd, 2)
        length = reach * generator.uniform(0.5, 1.2)
        stem = wander(generator, (x, y), heading, length, bend=0.10)
        lines.append(tapered(stem, half, 0.6))
        for _ in range(int(generator.integers(1, 4))):
            fork = stem[int(generator.integers(len(stem) // 2, len(stem)))]
            # A loop closes after a full turn; its radius is the inverse of its curl.
            radius = generator.uniform(0.05, 0.16) * dd
            curl = generator.choice((-1.0, 1.0)) / radius
            arc = radius * generator.uniform(1.5, 4.5)
            out = heading + generator.normal(0, 0.8)
            loop = wander(generator, fork, out, arc, bend=0.08, curl=float(curl))
            lines.append(tapered(loop, 0.75 * half, 0.8))
    density = (0.7 + 0.9 * max(_LEAST_STRENGTH, strength)) * generator.uniform(0.8, 1.2)
    if not _draw(canvas, lines, density, LesionClass.NEW_VESSEL):
        return False
    if generator.uniform() < _FIBROUS:
        _fibrous_tissue(canvas, at, reach, strength, generator)
    return True


def _fibrous_tissue(
    canvas: Canvas,
    at: Point,
    reach: float,
    strength: float,
    generator: np.random.Generator,
) -> None:
    """The pale sheet or strand that old new vessels grow on."""
    radius = reach * generator.uniform(0.3, 0.8)
    stretch = generator.uniform(1.5, 6.0)
    window = canvas.window(*at, 1.5 * radius * math.sqrt(stretch) + 4)
    sheet = blob(
        window,
        radius,
        0.25 * radius / math.sqrt(stretch) + canvas.appearance.blur,
        generator,
        ragged=0.2,
        stretch=stretch,
        angle=generator.uniform(0, math.pi),
    )
    sheet *= np.clip(1 + 0.3 * grain(window, generator, max(2.0, 0.3 * radius)), 0, 1.5)
    opacity = np.float32(generator.uniform(0.15, 0.3 + 0.4 * strength)) * sheet
    canvas.cover(window, opacity, local_white(canvas, at, WOOL), LesionClass.NEW_VESSEL)


def draw_beading(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """Beads along the vein at `at`: the calibre swells and narrows like a string of sausages."""
    dd, blur = canvas.disc_diameter, canvas.appearance.blur
    marks = canvas.landmarks
    trace = trace_vein(marks.veins, at, marks.disc, generator.uniform(0.7, 2.0) * dd)
    path = np.asarray(trace)
    if 2.0 * len(path) < _LEAST_BEADED * dd:
        return False
    path = np.repeat(path, 2, axis=0)
    path[1:-1:2] = (path[1:-1:2] + path[2::2]) / 2
    distance = np.arange(len(path))
    period = generator.uniform(0.14, 0.24) * dd
    phase = generator.uniform(0, 2 * math.pi) + np.cumsum(generator.normal(0, 0.05, len(path)))
    strength = max(_LEAST_STRENGTH, strength)
    swell = (0.42 + 0.25 * strength) * np.cos(2 * math.pi * distance / period + phase)
    half = _half_width(canvas, path) * generator.uniform(0.95, 1.15)
    fade = np.minimum(1.0, np.minimum(distance, distance[::-1]) / (0.15 * dd))
    lines = [(path, half * (1 + fade * swell))]
    window = window_of(canvas, lines)
    # The vein gives way to bare retina where it narrows; then the beads are drawn over it.
    bare = stroke(window, [(path, np.full(len(path), 1.5 * half))], blur)
    ground = canvas.appearance.ground[window.at]
    narrowed = canvas.cover(window, 0.6 * bare, ground, LesionClass.VESSEL_ABNORMALITY)
    density = np.float32(0.75 + 0.3 * strength) * stroke(window, lines, 0.8 * blur)
    swollen = canvas.absorb(window, density, LesionClass.VESSEL_ABNORMALITY)
    return narrowed or swollen


def _half_width(canvas: Canvas, path: npt.NDArray[np.float64]) -> float:
    """Of the vein along a path in steps of a pixel: the dark area beside it over its length."""
    usual = _VEIN_HALF * canvas.disc_diameter
    line = (path, np.full(len(path), 1.8 * usual))
    window = window_of(canvas, [line])
    beside = stroke(window, [line], 0.5) > 0.5
    dark = np.count_nonzero((canvas.landmarks.veins[window.at] > 0.35) & beside)
    return min(1.1 * usual, max(0.4 * usual, 0.5 * dark / len(path)))


def _draw(canvas: Canvas, lines: list[Line], density: float, lesion: LesionClass) -> bool:
    window = window_of(canvas, lines)
    cover = stroke(window, lines, 0.7 * canvas.appearance.blur)
    least = _LEAST_AREA * canvas.disc_diameter**2
    return canvas.absorb(window, np.float32(density) * cover, lesion, least=least)
