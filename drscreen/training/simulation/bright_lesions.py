"""Hard exudates and cotton-wool spots: lipid and swollen nerve fibres, paler than the retina."""

from __future__ import annotations

import math

import numpy as np

from drscreen.domain.lesions import LesionClass
from drscreen.training.simulation.canvas import Canvas
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.shapes import blob, grain
from drscreen.training.simulation.smoothing import Floats

#: What a deposit returns of the white that the disc shows, per channel.
_LIPID = np.asarray((1.0, 0.96, 0.68), np.float32)
WOOL = np.asarray((0.92, 0.95, 0.92), np.float32)


def local_white(canvas: Canvas, at: Point, tint: Floats) -> Floats:
    """The photograph's white under the light that falls at a point; float32 (3,)."""
    ground = canvas.appearance.ground
    here = ground[round(at[1]), round(at[0])]
    usual = max(1.0, float(canvas.appearance.usual.sum()))
    light = min(1.15, max(0.4, float(here.sum()) / usual))
    white = canvas.appearance.white * tint * np.float32(light)
    paler = here * np.asarray((1.08, 1.2, 1.1), np.float32)
    return np.asarray(np.maximum(white, paler), np.float32)


def draw_exudates(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A cluster or a broken ring of sharp yellow flecks about `at`; True where seen."""
    dd = canvas.disc_diameter
    ring = generator.uniform() < 0.3
    spread = generator.uniform(0.18, 0.4) if ring else 0.05 + 0.2 * generator.uniform() ** 1.5
    count = int(generator.integers(4, 12) + strength * generator.integers(4, 26))
    opening = generator.uniform(0, 2 * math.pi)
    arc = generator.uniform(1.0, 1.9) * math.pi
    lean, squeeze = generator.uniform(0, math.pi), generator.uniform(0.5, 1.0)
    colour = local_white(canvas, at, _LIPID)
    size = dd * generator.lognormal(math.log(0.016), 0.25)
    seen = False
    for _ in range(count):
        if ring:
            turn = opening + generator.uniform(0, arc)
            out = spread * dd * generator.normal(1, 0.12)
            dx, dy = out * math.cos(turn), out * math.sin(turn)
        else:
            u, v = generator.normal(0, spread * dd, 2) * (1.0, squeeze)
            dx = u * math.cos(lean) - v * math.sin(lean)
            dy = u * math.sin(lean) + v * math.cos(lean)
        radius = min(0.06 * dd, size * generator.lognormal(0, 0.4))
        fleck = (at[0] + dx, at[1] + dy)
        seen |= _fleck(canvas, fleck, radius, colour, strength=strength, generator=generator)
    return seen


def _fleck(
    canvas: Canvas,
    at: Point,
    radius: float,
    colour: Floats,
    *,
    strength: float,
    generator: np.random.Generator,
) -> bool:
    if not canvas.contains(at):
        return False
    blur = 0.75 * canvas.appearance.blur
    window = canvas.window(*at, 1.8 * radius + 4 * blur)
    cover = blob(
        window,
        radius,
        blur,
        generator,
        ragged=0.3,
        stretch=generator.uniform(1.0, 1.8),
        angle=generator.uniform(0, math.pi),
    )
    opacity = (0.35 + 0.5 * strength) * generator.uniform(0.7, 1.15)
    share = np.float32(min(0.95, opacity) / max(0.35, float(cover.max())))
    return canvas.cover(window, share * cover, colour, LesionClass.HARD_EXUDATE)


def draw_cotton_wool(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A white-grey feathery patch, longer across the nerve fibres; True where seen."""
    dd = canvas.disc_diameter
    radius = 0.5 * dd * generator.uniform(0.13, 0.32)
    disc = canvas.landmarks.disc
    angle = math.atan2(at[1] - disc[1], at[0] - disc[0]) + math.pi / 2 + generator.normal(0, 0.4)
    window = canvas.window(*at, 2.2 * radius + 3)
    cover = blob(
        window,
        radius,
        0.4 * radius + canvas.appearance.blur,
        generator,
        ragged=0.18,
        stretch=generator.uniform(1.0, 2.2),
        angle=angle,
    )
    feathers = 1 + 0.22 * grain(window, generator, max(1.5, 0.35 * radius))
    opacity = (0.25 + 0.5 * strength) * np.clip(cover * feathers, 0, 1, dtype=np.float32)
    colour = local_white(canvas, at, WOOL)
    return canvas.cover(window, opacity, colour, LesionClass.COTTON_WOOL_SPOT, least=0.004 * dd**2)
