"""Where lesions of each kind lie: draws places that suit them from the landmarks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from drscreen.training.simulation.landmarks import Landmarks, Point

#: Places tried before a lesion is given up.
_TRIES = 40
#: Lesions keep this far from the disc's centre, in disc diameters.
_DISC_MARGIN = 0.62
#: Quadrants about the fovea: upper right, upper left, lower left, lower right are 0 to 3.
_RIGHT, _ABOVE = (0, 3), (0, 1)


class Places:
    """Draws from `generator`; every method gives a point in the field, or None where none fits."""

    def __init__(self, landmarks: Landmarks, generator: np.random.Generator) -> None:
        self._marks = landmarks
        self._generator = generator
        self._size = landmarks.field.shape[0]
        self._temporal = 1.0 if landmarks.fovea[0] >= landmarks.disc[0] else -1.0

    def macular(self, spread: float, nearest: float = 0.25) -> Point | None:
        """About the fovea, a little to its temporal side, `spread` disc diameters wide."""
        dd, (fx, fy) = self._marks.disc_diameter, self._marks.fovea

        def draw() -> Point:
            out = max(nearest, abs(self._generator.normal(0, spread))) * dd
            turn = self._generator.uniform(0, 2 * math.pi)
            return fx + 0.25 * self._temporal * dd + out * math.cos(turn), fy + out * math.sin(turn)

        return self._first(draw, vessel_below=0.55)

    def posterior(self) -> Point | None:
        """Posterior pole: about the fovea, thinning out towards the arcades and beyond."""
        return self.macular(1.7)

    def in_quadrant(self, quadrant: int) -> Point | None:
        """Anywhere in a quadrant about the fovea, denser towards the posterior pole."""
        dd, (fx, fy) = self._marks.disc_diameter, self._marks.fovea
        right, above = quadrant in _RIGHT, quadrant in _ABOVE

        def draw() -> Point:
            out = (0.4 + 3.2 * self._generator.uniform() ** 0.7) * dd
            turn = self._generator.uniform(0, math.pi / 2)
            dx, dy = out * math.cos(turn), out * math.sin(turn)
            return fx + (dx if right else -dx), fy - (dy if above else -dy)

        return self._first(draw, vessel_below=0.6)

    def arcade(self, nearest: float = 0.8, farthest: float = 3.0) -> Point | None:
        """Around the disc and along the arcades, `nearest` to `farthest` disc diameters away."""
        dd, (x, y) = self._marks.disc_diameter, self._marks.disc

        def draw() -> Point:
            out = self._generator.uniform(nearest, farthest) * dd
            side = self._generator.choice((-1.0, 1.0))
            tilt = side * math.radians(self._generator.normal(60, 22))
            return x + self._temporal * out * math.cos(tilt), y + out * math.sin(tilt)

        return self._first(draw, vessel_below=0.95)

    def on_vein(self, quadrant: int | None = None) -> Point | None:
        """On a wide vein off the disc, in one quadrant or in any."""
        marks, (fx, fy) = self._marks, self._marks.fovea
        rows, columns = np.nonzero(marks.veins > 0.5)
        off_disc = np.hypot(columns - marks.disc[0], rows - marks.disc[1])
        fits = off_disc > 0.8 * marks.disc_diameter
        if quadrant is not None:
            fits &= (columns >= fx) == (quadrant in _RIGHT)
            fits &= (rows < fy) == (quadrant in _ABOVE)
        candidates = np.flatnonzero(fits)
        if candidates.size == 0:
            return None
        chosen = int(self._generator.choice(candidates))
        return float(columns[chosen]), float(rows[chosen])

    def peripheral(self) -> Point | None:
        """Away from the fovea and the disc, out to the rim."""
        dd, (fx, fy) = self._marks.disc_diameter, self._marks.fovea

        def draw() -> Point:
            x, y = self._generator.uniform(0, self._size, 2)
            return (float(x), float(y)) if math.hypot(x - fx, y - fy) > 2.2 * dd else (-1.0, -1.0)

        return self._first(draw, vessel_below=2.0)

    def off_centre(self, at: Point) -> bool:
        """Whether a laser would be aimed at this point: in the field, off macula and disc."""
        marks = self._marks
        column, row = round(at[0]), round(at[1])
        if not (0 <= column < self._size and 0 <= row < self._size and marks.field[row, column]):
            return False
        from_fovea = math.hypot(at[0] - marks.fovea[0], at[1] - marks.fovea[1])
        from_disc = math.hypot(at[0] - marks.disc[0], at[1] - marks.disc[1])
        return from_fovea > 1.6 * marks.disc_diameter and from_disc > marks.disc_diameter

    def anywhere(self) -> Point | None:
        """Any point of the field off the disc."""

        def draw() -> Point:
            x, y = self._generator.uniform(0, self._size, 2)
            return float(x), float(y)

        return self._first(draw, vessel_below=2.0)

    def _first(self, draw: Callable[[], Point], vessel_below: float) -> Point | None:
        marks = self._marks
        for _ in range(_TRIES):
            x, y = draw()
            column, row = round(x), round(y)
            if not (0 <= column < self._size and 0 <= row < self._size):
                continue
            off_disc = math.hypot(x - marks.disc[0], y - marks.disc[1])
            if (
                marks.field[row, column]
                and off_disc > _DISC_MARGIN * marks.disc_diameter
                and marks.vessels[row, column] <= vessel_below
            ):
                return x, y
        return None
