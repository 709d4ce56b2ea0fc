"""Changes of the vessels themselves: venous beading, IRMA and new vessels.

IRMA are tortuous shunts within the retina that join arterioles to venules; new vessels grow on
its surface, finer, in loops and fans, from the disc or from a vein.
"""

from __future__ import annotations

import math

import numpy as np

from drscreen.training.simulation.canvas import Canvas, Window
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.lesion_class import LesionClass
from drscreen.training.simulation.smoothing import Floats

Path = list[Point]


def wander(
    generator: np.random.Generator, start: Point, heading: float, length: float, bend: float
) -> Path:
    """A smooth restless path of `length` pixels in steps of one; `bend` in radians a pixel."""
    x, y = start
    path, turn = [start], 0.0
    for _ in range(max(2, round(length))):
        turn = 0.82 * turn + generator.normal(0, bend)
        heading += turn
        x, y = x + math.cos(heading), y + math.sin(heading)
        path.append((x, y))
    return path


def stroke(window: Window, origin: Point, paths: list[tuple[Path, float]], blur: float) -> Floats:
    """Lines (path in pixels, half width in pixels) as a blurred picture shows them; 0..1."""
    height, width = window.dy.shape[0], window.dx.shape[1]
    cover = np.zeros((height, width), np.float32)
    left, top = float(window.dx[0, 0]), float(window.dy[0, 0])
    for path, half in paths:
        spread = math.hypot(half, blur)
        # A line narrower than the blur is weak in proportion.
        peak = min(1.0, 1.25 * half / spread)
        reach = math.ceil(2.5 * spread)
        for x, y in path:
            px, py = x - origin[0] - left, y - origin[1] - top
            row, column = round(py), round(px)
            if not (0 <= row < height and 0 <= column < width):
                continue
            r0, r1 = max(0, row - reach), min(height, row + reach + 1)
            c0, c1 = max(0, column - reach), min(width, column + reach + 1)
            gy = np.exp(-((np.arange(r0, r1, dtype=np.float32) - py) ** 2) / (2 * spread**2))
            gx = np.exp(-((np.arange(c0, c1, dtype=np.float32) - px) ** 2) / (2 * spread**2))
            patch = cover[r0:r1, c0:c1]
            np.maximum(patch, peak * gy[:, None] * gx[None, :], out=patch)
    return cover


def _draw_paths(
    canvas: Canvas,
    paths: list[tuple[Path, float]],
    density: float,
    lesion: LesionClass,
) -> bool:
    points = np.asarray([point for path, _ in paths for point in path])
    low, high = points.min(axis=0), points.max(axis=0)
    centre = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)
    window = canvas.window(*centre, float((high - low).max()) / 2 + 5 * canvas.appearance.blur)
    # `window` rounds its corner, so its own grids say where a pixel is.
    cover = stroke(window, centre, paths, 0.8 * canvas.appearance.blur)
    return canvas.absorb(window, density * cover, lesion)


def draw_irma(canvas: Canvas, at: Point, strength: float, generator: np.random.Generator) -> bool:
    """A tangle of short branching shunts, as wide as small venules; True where seen."""
    dd = canvas.disc_diameter
    paths: list[tuple[Path, float]] = []
    heading = generator.uniform(0, 2 * math.pi)
    for _ in range(int(generator.integers(2, 5))):
        start = (at[0] + generator.normal(0, 0.12 * dd), at[1] + generator.normal(0, 0.12 * dd))
        main = wander(generator, start, heading, generator.uniform(0.3, 0.7) * dd, 0.08)
        paths.append((main, generator.uniform(0.008, 0.016) * dd))
        heading += generator.uniform(0.5, 1.8)
        fork = main[int(generator.integers(len(main)))]
        branch = wander(generator, fork, heading, generator.uniform(0.12, 0.3) * dd, 0.1)
        paths.append((branch, generator.uniform(0.006, 0.012) * dd))
    density = (0.45 + 0.55 * strength) * generator.uniform(0.85, 1.15)
    return _draw_paths(canvas, paths, density, LesionClass.VESSEL_ABNORMALITY)


def draw_new_vessels(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A frond: many fine loops fanning out from `at`; True where seen."""
    dd = canvas.disc_diameter
    reach = generator.uniform(0.25, 0.65) * dd
    fan, width = generator.uniform(0, 2 * math.pi), generator.uniform(0.7, 2.4)
    paths: list[tuple[Path, float]] = []
    for _ in range(int(generator.integers(5, 10 + round(8 * strength)))):
        start = (at[0] + generator.normal(0, 0.05 * dd), at[1] + generator.normal(0, 0.05 * dd))
        heading = fan + generator.uniform(-0.5, 0.5) * width
        path = wander(generator, start, heading, reach * generator.uniform(0.5, 1.2), 0.09)
        paths.append((path, generator.uniform(0.004, 0.010) * dd))
    density = (0.45 + 0.6 * strength) * generator.uniform(0.85, 1.15)
    return _draw_paths(canvas, paths, density, LesionClass.NEW_VESSEL)
