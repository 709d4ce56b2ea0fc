"""The healthy part of the phantom: background, macula, optic disc and vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drscreen.adapters.imaging.phantom_canvas import Floats, Frame, Mask, Points, paint, stain

#: Centre of the optic disc in field units: about 15 degrees nasal of the fovea in a 50 degree
#: field, slightly above it.
DISC = (0.57, -0.03)
DISC_RADIUS = 0.135
_STEP = 0.02
#: Veins absorb more than arteries, and are wider (arteriovenous ratio about 2:3).
_VEIN_FACTORS = (0.72, 0.50, 0.56)
_ARTERY_FACTORS = (0.88, 0.67, 0.66)
_PALETTE = ((205.0, 98.0, 46.0), (188.0, 84.0, 50.0), (214.0, 116.0, 56.0), (176.0, 78.0, 52.0))


@dataclass(frozen=True, slots=True)
class Vessel:
    """One vessel: `points` (n, 2) and `widths` (n,), in field units."""

    points: Points
    widths: Points
    is_vein: bool


def paint_background(frame: Frame, rng: np.random.Generator) -> Floats:
    """Orange-red fundus with choroid and macula, float32 (height, width, 3), 0..255."""
    first, second = rng.choice(len(_PALETTE), 2, replace=False)
    mix = rng.uniform(0, 1)
    base = np.asarray(_PALETTE[first]) * mix + np.asarray(_PALETTE[second]) * (1 - mix)
    canvas = np.empty((frame.height, frame.width, 3), dtype=np.float32)
    canvas[:] = base.astype(np.float32)
    choroid = 0.045 * frame.clouds(rng, 7) + 0.025 * frame.clouds(rng, 22)
    choroid += 0.018 * frame.clouds(rng, 70)
    glow = 0.16 * frame.blob(DISC[0] - 0.1, DISC[1], 0.45)
    macula = 0.26 * frame.blob(0, 0.02, 0.17, 0.14) + 0.22 * frame.blob(0, 0.02, 0.055)
    light = 1 + choroid + glow - macula
    # The pigment of the macula takes more green than red, the choroid shows in red.
    canvas[..., 0] *= 1 + 0.7 * (light - 1)
    canvas[..., 1] *= light - 0.10 * macula
    canvas[..., 2] *= light
    return canvas


def paint_disc(canvas: Floats, frame: Frame, rng: np.random.Generator) -> None:
    """A pale optic disc with a brighter cup, in place."""
    x, y = DISC
    rim, cup = Mask(frame), Mask(frame)
    tall = rng.uniform(1.02, 1.12)
    ratio = rng.uniform(0.32, 0.48)
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    circle = np.stack([np.cos(angle), tall * np.sin(angle)], axis=1)
    rim.polygon(np.asarray((x, y)) + DISC_RADIUS * circle)
    cup.polygon(np.asarray((x - 0.022, y + 0.008)) + DISC_RADIUS * ratio * circle)
    stain(canvas, 0.35 * frame.blob(x - 0.02, y, DISC_RADIUS * 1.15), (1.05, 1.12, 1.0))
    paint(canvas, 0.9 * rim.cover(0.010), (244.0, 180.0, 112.0))
    paint(canvas, 0.75 * cup.cover(0.014), (255.0, 236.0, 190.0))


def _bezier(control: Points) -> Points:
    """A cubic Bezier curve through four control points (4, 2), sampled evenly, (n, 2)."""
    t = np.linspace(0, 1, 200)[:, None]
    p0, p1, p2, p3 = control
    dense = (1 - t) ** 3 * p0 + 3 * (1 - t) ** 2 * t * p1 + 3 * (1 - t) * t**2 * p2 + t**3 * p3
    travelled = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(dense, axis=0).T))])
    even = np.arange(0, travelled[-1], _STEP)
    return np.stack([np.interp(even, travelled, dense[:, i]) for i in (0, 1)], axis=1)


def walk(
    rng: np.random.Generator, start: Points, heading: float, length: float, restless: float
) -> Points:
    """A wandering path (n, 2) from `start`; `restless` is how sharply it turns.

    It ends early at the rim of the field and at the foveal avascular zone.
    """
    points = [start]
    turn = 0.0
    for _ in range(max(2, int(length / _STEP))):
        turn = 0.8 * turn + rng.normal(0, restless)
        heading += turn
        here = points[-1] + _STEP * np.asarray((np.cos(heading), np.sin(heading)))
        distance = float(np.hypot(*here))
        if distance > 1.03 or distance < 0.13:
            break
        points.append(here)
    return np.asarray(points)


def _branches(
    rng: np.random.Generator, parent: Vessel, depth: int, first_gap: float = 0.10
) -> list[Vessel]:
    """The branches of a vessel and theirs, thinner each time (Murray's law gives about 0.7)."""
    found: list[Vessel] = []
    side = 1.0 if rng.random() < 0.5 else -1.0
    at = int((first_gap + rng.uniform(0, 0.10)) / _STEP)
    while at < len(parent.points) - 2:
        ahead = parent.points[at + 1] - parent.points[at]
        heading = float(np.arctan2(ahead[1], ahead[0])) + side * rng.uniform(0.35, 0.85)
        path = walk(rng, parent.points[at], heading, rng.uniform(0.3, 0.7) * 0.75**depth, 0.05)
        width = parent.widths[at] * rng.uniform(0.42, 0.66)
        if len(path) > 3 and width > 0.0032:
            widths = width * np.linspace(1, 0.35, len(path))
            child = Vessel(path, widths, parent.is_vein)
            found.append(child)
            if depth < 2:
                found += _branches(rng, child, depth + 1)
        side = -side
        at += int(rng.uniform(0.13, 0.28) / _STEP)
    return found


def grow_vessels(rng: np.random.Generator, beaded: bool) -> list[Vessel]:
    """Arcades from the disc round the macula with their branches.

    `beaded` gives the main veins the string-of-sausages calibre of severe retinopathy.
    """
    x, y = DISC
    arcades = {
        "temporal": ((x, y), (x - 0.02, 0.42), (0.12, 0.72), (-1.0, 0.36)),
        "nasal": ((x, y), (x + 0.10, 0.20), (x + 0.16, 0.42), (0.84, 0.80)),
    }
    vessels: list[Vessel] = []
    for down in (-1.0, 1.0):
        for name, control in arcades.items():
            for is_vein in (False, True):
                reach = 1.0 if is_vein else rng.uniform(0.84, 0.94)
                path = np.asarray(control)
                path[1:, 1] *= down * reach
                path[1:] += rng.normal(0, 0.035, (3, 2))
                path[0] += np.asarray((0.03, 0.0)) + rng.normal(0, 0.012, 2)
                points = _bezier(path)
                width = (0.031 if is_vein else 0.022) * (1.0 if name == "temporal" else 0.7)
                widths = width * np.linspace(1, 0.45, len(points))
                if beaded and is_vein:
                    widths = widths * (1.1 + 0.5 * np.sin(np.arange(len(points)) * 1.25))
                main = Vessel(points, widths, is_vein)
                vessels.append(main)
                vessels += _branches(rng, main, 0, first_gap=0.22)
    for angle in rng.uniform(2.6, 3.7, 4):  # small vessels towards the macula
        start = np.asarray(DISC) + rng.normal(0, (0.02, 0.05))
        path = walk(rng, start, float(angle), 0.42, 0.05)
        widths = np.linspace(0.008, 0.003, len(path))
        vessels.append(Vessel(path, widths, bool(rng.random() < 0.5)))
    return vessels


def paint_vessels(canvas: Floats, frame: Frame, vessels: list[Vessel]) -> None:
    """Arteries with a light reflex below veins, in place."""
    arteries, reflexes, veins = Mask(frame), Mask(frame), Mask(frame)
    for vessel in sorted(vessels, key=lambda v: float(v.widths[0])):
        # Thin vessels hold less blood and look paler.
        strength = 0.45 + 0.55 * min(1.0, float(vessel.widths[0]) / 0.018)
        (veins if vessel.is_vein else arteries).line(vessel.points, vessel.widths, strength)
        if not vessel.is_vein and vessel.widths[0] > 0.012:
            reflexes.line(vessel.points, vessel.widths * 0.28)
    stain(canvas, 0.9 * arteries.cover(0.0015), _ARTERY_FACTORS)
    stain(canvas, 0.5 * reflexes.cover(0.0015), (1.14, 1.30, 1.25))
    stain(canvas, 0.9 * veins.cover(0.0015), _VEIN_FACTORS)
