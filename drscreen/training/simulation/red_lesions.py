"""Microaneurysms and intraretinal haemorrhages: blood inside the retina.

Sizes follow ETDRS report 10 (Ophthalmology 1991): a microaneurysm is at most 125 um, the width of
a vein at the disc's edge, most are 15 to 100 um; a disc diameter is taken as 1,800 um.
"""

from __future__ import annotations

import math

import numpy as np

from drscreen.training.simulation.canvas import Canvas
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.lesion_class import LesionClass
from drscreen.training.simulation.shapes import blob, grain


def draw_microaneurysm(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A tiny red dot, round and faint; True where it can be seen. `strength` is 0..1."""
    radius = generator.uniform(0.011, 0.03) * canvas.disc_diameter
    blur = 0.75 * canvas.appearance.blur
    window = canvas.window(*at, radius + 4 * blur)
    cover = blob(window, radius, blur, generator, stretch=generator.uniform(1.0, 1.2))
    # Optics take most of a dot this small: it is given the peak that a photograph shows.
    peak = max(0.05, float(cover.max()))
    density = (0.35 + 0.6 * strength) * generator.uniform(0.75, 1.2)
    return canvas.absorb(window, density / peak * cover, LesionClass.MICROANEURYSM)


def draw_haemorrhage(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A dot or blot haemorrhage: dark red, most small, a few large and ragged; True where seen."""
    radius = 0.5 * canvas.disc_diameter * min(0.26, generator.lognormal(math.log(0.052), 0.5))
    blur = canvas.appearance.blur
    window = canvas.window(*at, 1.9 * radius + 4 * blur)
    cover = blob(
        window,
        radius,
        blur,
        generator,
        ragged=generator.uniform(0.05, 0.2),
        stretch=generator.uniform(1.0, 1.6),
        angle=generator.uniform(0, math.pi),
    )
    density = (0.45 + 0.75 * strength) * generator.uniform(0.7, 1.3)
    texture = 1 + 0.16 * grain(window, generator, max(2, round(radius)))
    return canvas.absorb(window, density * cover * texture, LesionClass.HAEMORRHAGE)


def draw_flame(canvas: Canvas, at: Point, strength: float, generator: np.random.Generator) -> bool:
    """A haemorrhage in the nerve-fibre layer: streaks that point away from the disc."""
    dd, blur = canvas.disc_diameter, canvas.appearance.blur
    disc = canvas.landmarks.disc
    angle = math.atan2(at[1] - disc[1], at[0] - disc[0]) + generator.normal(0, 0.2)
    length = generator.uniform(0.10, 0.32) * dd
    width = length * generator.uniform(0.12, 0.25)
    window = canvas.window(*at, length + 4 * blur)
    along = window.dx * math.cos(angle) + window.dy * math.sin(angle)
    across = window.dy * math.cos(angle) - window.dx * math.sin(angle)
    cover = np.zeros(np.broadcast_shapes(window.dx.shape, window.dy.shape), np.float32)
    for _ in range(int(generator.integers(3, 8))):
        offset = generator.normal(0, width)
        half = length * generator.uniform(0.25, 0.5)
        start = generator.normal(0, 0.2 * length)
        thin = math.hypot(width * generator.uniform(0.3, 0.6), 0.8 * blur)
        taper = np.clip(1 - ((along - start) / half) ** 2, 0, 1)
        streak = taper * np.exp(-(((across - offset) / thin) ** 2) / 2)
        cover = np.maximum(cover, streak * np.float32(generator.uniform(0.6, 1.0)))
    density = (0.4 + 0.7 * strength) * generator.uniform(0.7, 1.3)
    return canvas.absorb(window, density * cover, LesionClass.HAEMORRHAGE)
