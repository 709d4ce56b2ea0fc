"""Fine lines: restless paths, and what a photograph shows of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from drscreen.training.simulation.canvas import Canvas, Window
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.smoothing import Floats

#: Points (n, 2) as x, y in pixels, and a half width in pixels for each.
Line = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

#: Lines are drawn this much larger and scaled down, as the thinnest are half a pixel wide.
_FINENESS = 4
#: Share of a turn that the next pixel's turn inherits: vessels bend, they do not kink.
_INERTIA = 0.85


def wander(
    generator: np.random.Generator,
    start: Point,
    heading: float,
    length: float,
    *,
    bend: float,
    curl: float = 0.0,
) -> npt.NDArray[np.float64]:
    """A smooth path in steps of a pixel, (n, 2).

    `bend`: the restlessness of its heading, radians a pixel; `curl`: a steady turn, the same.
    """
    steps = max(3, round(length))
    impulses = generator.normal(0, bend, steps)
    memory = _INERTIA ** np.arange(min(steps, 16))
    turns = np.convolve(impulses, memory)[:steps] + curl
    headings = heading + np.cumsum(turns)
    path = np.stack([np.cos(headings), np.sin(headings)], axis=1).cumsum(axis=0)
    return np.asarray(path + start, np.float64)


def tapered(path: npt.NDArray[np.float64], half: float, end: float = 0.5) -> Line:
    """A line of half width `half` that thins to `end` of it."""
    return path, np.linspace(half, half * end, len(path))


def window_of(canvas: Canvas, lines: Sequence[Line]) -> Window:
    """The patch that holds the lines and their blur."""
    points = np.concatenate([path for path, _ in lines])
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    return canvas.window(float(x), float(y), float((high - low).max()) / 2 + 8)


def stroke(window: Window, lines: Sequence[Line], blur: float) -> Floats:
    """How much of each pixel the lines cover once the picture is blurred by `blur`; 0..1."""
    rows, columns = window.at
    height, width = rows.stop - rows.start, columns.stop - columns.start
    sheet = Image.new("L", (width * _FINENESS, height * _FINENESS))
    draw = ImageDraw.Draw(sheet)
    corner = np.asarray((columns.start, rows.start)) - 0.5
    for path, halves in lines:
        points = (path - corner) * _FINENESS
        # Steps of a pixel are finer than needed once a line is drawn.
        ends = [(float(x), float(y)) for x, y in points[::2]]
        for number in range(len(ends) - 1):
            thick = max(1, math.floor(2 * _FINENESS * halves[2 * number] + 0.5))
            draw.line((ends[number], ends[number + 1]), fill=255, width=thick)
    small = sheet.reduce(_FINENESS).filter(ImageFilter.GaussianBlur(blur))
    return np.asarray(small, np.float32) / np.float32(255)
