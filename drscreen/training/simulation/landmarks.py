"""Where the optic disc, the fovea and the vessels of a photograph are, as well as is needed.

Lesions have their places: without landmarks a simulation scatters them. A wrong guess costs some
plausibility and nothing else, so nothing here raises and every answer lies inside the field.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drscreen.training.simulation.smoothing import Floats, box_mean, field_mean, reduced

Point = tuple[float, float]

#: An optic disc measures 1.8 mm of a 45 degree field's 13 mm or so: a seventh of its diameter.
DISC_SHARE = 1 / 7
#: From the disc's centre to the fovea, in disc diameters (anatomy: about 4.5 mm over 1.8 mm).
FOVEA_DISTANCE = 2.5
#: Side of the copy on which disc and fovea are sought: 14 pixels to a disc.
_SEARCH_SIDE = 96
#: A pixel belongs to the field above this level or share of the picture's bright end.
_BLACK_CEILING = 20.0
_BLACK_SHARE = 0.12
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


def find_landmarks(square: npt.NDArray[np.uint8]) -> Landmarks:
    """Landmarks of a prepared square, uint8 (size, size, 3). Deterministic; never raises."""
    size = square.shape[0]
    field = find_field(square)
    weight = field.astype(np.float32)
    green = square[..., 1].astype(np.float32)
    vessels, veins = _find_vessels(green, weight)
    factor = max(1, size // _SEARCH_SIDE)
    small_field = reduced(weight, factor)
    light = reduced(square[..., :2].mean(axis=2, dtype=np.float32), factor)
    disc, found = _find_disc(light, small_field, reduced(vessels, factor))
    diameter = DISC_SHARE * size / factor
    fovea = _find_fovea(reduced(green, factor), small_field, disc, diameter)
    middle = (factor - 1) / 2
    return Landmarks(
        field=_shrunk(field, max(1, size // 100)),
        disc=(disc[0] * factor + middle, disc[1] * factor + middle),
        disc_diameter=diameter * factor,
        fovea=(fovea[0] * factor + middle, fovea[1] * factor + middle),
        vessels=vessels,
        veins=veins,
        disc_found=found,
    )


def find_field(square: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """The lit retina as bool (size, size), dark hollows inside it included."""
    brightest = square.max(axis=2)
    ceiling = min(_BLACK_CEILING, _BLACK_SHARE * float(np.percentile(brightest[::4, ::4], 95)))
    lit = brightest > max(6.0, ceiling)

    def spanned(axis: int) -> npt.NDArray[np.bool_]:
        forward = np.logical_or.accumulate(lit, axis=axis)
        backward = np.flip(np.logical_or.accumulate(np.flip(lit, axis), axis=axis), axis)
        return forward & backward

    return spanned(0) & spanned(1)


def _shrunk(field: npt.NDArray[np.bool_], margin: int) -> npt.NDArray[np.bool_]:
    """The field without a rim `margin` pixels wide; the picture's own border counts as rim."""
    inner = np.pad(field, margin)
    size = field.shape[0]
    kept = field.copy()
    for dx, dy in ((0, 1), (1, 0), (2, 1), (1, 2)):
        kept &= inner[dy * margin : dy * margin + size, dx * margin : dx * margin + size]
    return kept


def _find_vessels(green: Floats, field: Floats) -> tuple[Floats, Floats]:
    """Dark ridges narrower than a vein's width against their surroundings; and wide ones."""
    size = green.shape[0]
    fine, middle, wide = max(1, size // 300), max(2, size // 110), max(4, size // 36)
    ground = np.maximum(field_mean(green, field, wide), 4.0)
    smooth = box_mean(green, fine)
    near = field_mean(green, field, middle)
    dip = np.maximum((near - smooth) / ground, (ground - smooth) / ground - 0.02)
    broad = (ground - box_mean(green, fine + 1)) / ground
    inside = field > 0
    scale = max(0.03, float(np.percentile(dip[inside], 97))) if inside.any() else 1.0
    vessels = np.clip(dip / scale, 0, 1, dtype=np.float32) * field
    broad_scale = max(0.03, float(np.percentile(broad[inside], 98.5))) if inside.any() else 1.0
    return vessels, np.clip(broad / broad_scale, 0, 1, dtype=np.float32) ** 2 * field


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
    spot = _standardised((core - around) / (around + 8.0), well_inside)
    gathered = _standardised(box_mean(vessels, radius + 1), well_inside)
    y = np.linspace(-0.5, 0.5, side, dtype=np.float32)[:, None]
    score = spot + 0.6 * np.minimum(gathered, 2.5) - 10.0 * np.maximum(0, np.abs(y) - 0.15)
    score = np.where(well_inside, score, -np.inf)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    if score[row, column] >= _CONFIDENT:
        return (float(column), float(row)), True
    return (0.18 * side, 0.5 * side), False


def _find_fovea(green: Floats, field: Floats, disc: Point, diameter: float) -> Point:
    """The darkest broad spot near its place: temporal of the disc and a little below it."""
    side = green.shape[0]
    dark = -field_mean(green, field, max(1, round(0.35 * diameter)))
    ground = np.maximum(field_mean(green, field, round(1.5 * diameter)), 4.0)
    depth = dark / ground + 1.0
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
