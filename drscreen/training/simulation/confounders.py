"""Spots that are no diabetic lesion and mean no grade: a network must not learn "any spot"."""

from __future__ import annotations

import math

import numpy as np

from drscreen.training.simulation.bright_lesions import local_white
from drscreen.training.simulation.canvas import Canvas
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.placement import Places
from drscreen.training.simulation.shapes import blob, grain

_DRUSEN = np.asarray((1.0, 0.92, 0.6), np.float32)
_SCAR = np.asarray((0.85, 0.9, 0.62), np.float32)
_GLARE = np.asarray((0.95, 1.0, 1.0), np.float32)


def draw_laser_scars(
    canvas: Canvas, places: Places, count: int, strength: float, generator: np.random.Generator
) -> None:
    """Scars of photocoagulation: pale round spots in rows in the periphery, some pigmented."""
    dd = canvas.disc_diameter
    drawn = 0
    while drawn < count:
        start = places.peripheral()
        row = int(generator.integers(2, 8))
        drawn += row
        if start is None:
            continue
        turn = generator.uniform(0, 2 * math.pi)
        step = generator.uniform(0.32, 0.55) * dd
        for number in range(row):
            x = start[0] + number * step * math.cos(turn) + generator.normal(0, 0.06 * dd)
            y = start[1] + number * step * math.sin(turn) + generator.normal(0, 0.06 * dd)
            if places.off_centre((x, y)):
                _laser_scar(canvas, (x, y), strength, generator)


def _laser_scar(canvas: Canvas, at: Point, strength: float, generator: np.random.Generator) -> None:
    radius = canvas.disc_diameter * generator.uniform(0.07, 0.16)
    blur = canvas.appearance.blur
    window = canvas.window(*at, 1.6 * radius + 4 * blur)
    cover = blob(window, radius, blur + 0.12 * radius, generator, ragged=0.15)
    opacity = (0.15 + 0.45 * strength) * generator.uniform(0.4, 1.2)
    canvas.cover(window, opacity * cover, local_white(canvas, at, _SCAR), None)
    if generator.uniform() < 0.4:
        inner = radius * generator.uniform(0.3, 0.85)
        clumps = np.clip(0.5 + 0.5 * grain(window, generator, max(2.0, 0.6 * radius)), 0, 1)
        pigment = blob(window, inner, blur, generator, ragged=0.3) * clumps
        dark = 0.35 * canvas.appearance.ground[window.at]
        canvas.cover(window, (0.35 + 0.5 * strength) * pigment, dark, None)


def draw_drusen(
    canvas: Canvas, places: Places, count: int, strength: float, generator: np.random.Generator
) -> None:
    """Small soft yellow dots about the macula, rounder and fainter than exudates."""
    dd, blur = canvas.disc_diameter, canvas.appearance.blur
    centre = places.macular(0.6)
    if centre is None:
        return
    for _ in range(count):
        dx, dy = generator.normal(0, 0.7 * dd, 2)
        at = (centre[0] + dx, centre[1] + dy)
        if not canvas.contains(at):
            continue
        radius = dd * generator.uniform(0.012, 0.045)
        window = canvas.window(*at, 1.5 * radius + 5 * blur)
        cover = blob(window, radius, 1.4 * blur, generator, ragged=0.1)
        opacity = (0.1 + 0.25 * strength) * generator.uniform(0.5, 1.2)
        canvas.cover(window, opacity * cover, local_white(canvas, at, _DRUSEN), None)


def draw_dust(canvas: Canvas, places: Places, generator: np.random.Generator) -> None:
    """A speck on the lens: an out-of-focus disc of light, grey-white, a little brighter at its
    edge."""
    at = places.anywhere()
    if at is None:
        return
    radius = canvas.disc_diameter * generator.uniform(0.06, 0.16)
    window = canvas.window(*at, radius + 6)
    cover = blob(window, radius, 1.2 * canvas.appearance.blur, generator)
    opacity = generator.uniform(0.05, 0.4)
    canvas.cover(window, opacity * cover, local_white(canvas, at, _GLARE), None)


def draw_speck(canvas: Canvas, places: Places, generator: np.random.Generator) -> None:
    """Dirt on the sensor or a fleck of pigment: small, sharp, and black rather than red."""
    at = places.anywhere()
    if at is None:
        return
    radius = canvas.disc_diameter * generator.uniform(0.012, 0.04)
    window = canvas.window(*at, radius + 4)
    cover = blob(
        window,
        radius,
        0.6,
        generator,
        ragged=0.2,
        stretch=generator.uniform(1, 2.5),
        angle=generator.uniform(0, math.pi),
    )
    dark = generator.uniform(0.2, 0.55) * canvas.appearance.ground[window.at]
    canvas.cover(window, generator.uniform(0.5, 0.95) * cover, dark, None)
