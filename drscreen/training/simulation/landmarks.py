"""Where the optic disc, the fovea and the vessels of a photograph are, as well as is needed.

Lesions have their places: without landmarks a simulation scatters them. A wrong guess costs some
plausibility and nothing else, so nothing here raises and every answer lies inside the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from drscreen.training.simulation.field import find_field, shrunk
from drscreen.training.simulation.smoothing import Bytes, Floats, box_mean, field_mean
from drscreen.training.simulation.vessels import find_vessels

Point = tuple[float, float]

#: An optic disc measures 1.8 mm of a 45 degree field's 13 mm or so: a seventh of its diameter.
DISC_SHARE = 1 / 7
#: From the disc's centre to the fovea, in disc diameters (anatomy: about 4.5 mm over 1.8 mm).
FOVEA_DISTANCE = 2.5
#: Side of the copy on which disc and fovea are sought: 14 pixels to a disc.
_SEARCH_SIDE = 96
#: Score (in standard deviations) below which the disc counts as not found.
_CONFIDENT = 2.5


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Places in pixels as (x, y); planes of shape (size, size).

    `field`: bool, the retina without its rim. `vessels` and `veins`: float32 in 0..1, how much a
    pixel looks like a vessel, and like a wide dark one. `disc_found` is False for a guess.
    """

    field: npt.NDArray[np.bool_]
    disc: Point
    disc_diameter: float
    fovea: Point
    vessels: Floats
    veins: Floats
    disc_found: bool


def find_landmarks(square: Bytes) -> Landmarks:
    """Landmarks of a prepared square, uint8 (size, size, 3). Deterministic; never raises."""
    size = square.shape[0]
    field = shrunk(find_field(square), max(1, size // 200))
    vessels, veins = find_vessels(square, shrunk(field, max(1, size // 60)))
    factor = max(1, size // _SEARCH_SIDE)

    def small(plane: npt.NDArray[np.uint8]) -> Floats:
        return np.asarray(Image.fromarray(plane).reduce(factor), np.float32)

    colours = small(square)
    inside = small(field.astype(np.uint8) * 255) / np.float32(255)
    light = np.asarray((colours[..., 0] + colours[..., 1]) / 2, np.float32)
    disc, found = _find_disc(light, inside, small((vessels * 255).astype(np.uint8)))
    diameter = DISC_SHARE * size / factor
    fovea = _find_fovea(colours[..., 1], inside, disc, diameter)
    middle = (factor - 1) / 2
    return Landmarks(
        field=field,
        disc=(disc[0] * factor + middle, disc[1] * factor + middle),
        disc_diameter=diameter * factor,
        fovea=(fovea[0] * factor + middle, fovea[1] * factor + middle),
        vessels=vessels,
        veins=veins,
        disc_found=found,
    )


def _standardised(plane: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    values = plane[inside]
    if values.size == 0:
        return np.zeros_like(plane)
    return np.asarray((plane - values.mean()) / (values.std() + 1e-3), np.float32)


def _find_disc(light: Floats, field: Floats, vessels: Floats) -> tuple[Point, bool]:
    """The brightest round spot where vessels gather, off the rim and not far above or below."""
    side = light.shape[0]
    radius = max(1, round(0.38 * DISC_SHARE * side))
    core = field_mean(light, field, radius)
    around = field_mean(light, field, 3 * radius)
    well_inside = box_mean(field, radius) > 0.93
    # A burnt-out rim is brighter than any disc: above a point, brightness proves nothing more.
    spot = np.minimum(_standardised((core - around) / (around + 8.0), well_inside), 4.0)
    gathered = np.minimum(_standardised(box_mean(vessels, radius + 1), well_inside), 3.0)
    y = np.linspace(-0.5, 0.5, side, dtype=np.float32)[:, None]
    score = spot + 0.8 * gathered - 10.0 * np.maximum(0, np.abs(y) - 0.15)
    score = np.where(well_inside, score, -np.inf)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    if score[row, column] >= _CONFIDENT:
        return (float(column), float(row)), True
    return (0.18 * side, 0.5 * side), False


def _find_fovea(green: Floats, field: Floats, disc: Point, diameter: float) -> Point:
    """The darkest broad spot near its place: temporal of the disc and a little below it."""
    side = green.shape[0]
    near = field_mean(green, field, max(1, round(0.35 * diameter)))
    ground = field_mean(green, field, max(1, round(1.5 * diameter)))
    depth = 1.0 - near / np.maximum(ground, 4.0)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    best, best_score = (side / 2, side / 2), -np.inf
    for direction in (-1.0, 1.0):
        px = disc[0] + direction * FOVEA_DISTANCE * diameter
        py = disc[1] + 0.2 * diameter
        away = np.hypot(x - px, y - py) / diameter
        # The side with more room is temporal in a photograph centred on the macula.
        room = direction * (side / 2 - disc[0]) / side
        score = depth - 0.12 * away**2 + room
        score = np.where((away < 1.0) & (field > 0.9), score, -np.inf)
        at = int(score.argmax())
        if score.flat[at] > best_score:
            best_score = float(score.flat[at])
            best = (float(at % side), float(at // side))
    return best
