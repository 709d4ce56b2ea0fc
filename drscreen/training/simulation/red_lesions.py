"""Microaneurysms and intraretinal haemorrhages: blood inside the retina.

Sizes follow ETDRS report 10 (Ophthalmology 1991): a microaneurysm is at most 125 um, the width of
a vein at the disc's edge, most are 15 to 100 um; a disc diameter is taken as 1,800 um.
"""

from __future__ import annotations

import math

import numpy as np

from drscreen.domain.lesions import LesionClass
from drscreen.training.simulation.canvas import Canvas
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.shapes import blob, grain

#: Fewer noticeable pixels than this share of a disc's square would be a dot, not a haemorrhage.
_LEAST_AREA = 0.0012


def draw_microaneurysm(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A tiny red dot, round and faint; True where it can be seen. `strength` is 0..1."""
    radius = generator.uniform(0.011, 0.03) * canvas.disc_diameter
    blur = 0.75 * canvas.appearance.blur
    window = canvas.window(*at, radius + 4 * blur)
    cover = blob(window, radius, blur, generator, stretch=generator.uniform(1.0, 1.2))
    # Optics weaken a dot this small; those that a reader can find are the denser ones.
    peak = max(0.05, float(cover.max())) ** 0.6
    density = (0.4 + 0.7 * strength) * generator.uniform(0.7, 1.3) / peak
    return canvas.absorb(window, np.float32(density) * cover, LesionClass.MICROANEURYSM)


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
    density = (0.6 + 0.9 * strength) * generator.uniform(0.7, 1.3)
    if radius > 1.5 * blur:
        cover = cover * (1 + np.float32(0.15) * grain(window, generator, radius))
    cover = np.float32(density) * cover
    return canvas.absorb(
        window, cover, LesionClass.HAEMORRHAGE, least=_LEAST_AREA * canvas.disc_diameter**2
    )


def draw_flame(canvas: Canvas, at: Point, strength: float, generator: np.random.Generator) -> bool:
    """A haemorrhage in the nerve-fibre layer: a frayed brush stroke that points at the disc."""
    dd, blur = canvas.disc_diameter, canvas.appearance.blur
    disc = canvas.landmarks.disc
    angle = math.atan2(at[1] - disc[1], at[0] - disc[0]) + generator.normal(0, 0.2)
    length = 0.5 * generator.uniform(0.10, 0.34) * dd
    width = max(0.7 * blur, length * generator.uniform(0.15, 0.4))
    window = canvas.window(*at, 1.5 * length + 4 * blur)
    along = window.dx * math.cos(angle) + window.dy * math.sin(angle)
    across = window.dy * math.cos(angle) - window.dx * math.sin(angle)
    # Fibres beside one another end at different places and hold different amounts of blood.
    fibre = across * np.float32(2.2 / max(width, blur))
    waves = generator.uniform(0, 2 * math.pi, 3).astype(np.float32)
    ends = 1 + 0.3 * np.sin(fibre + waves[0]) + 0.2 * np.sin(2.3 * fibre + waves[1])
    body = np.exp(-((across / width) ** 2) / 2) * (0.85 + 0.15 * np.sin(1.7 * fibre + waves[2]))
    edge = np.clip((np.abs(along) - length * ends) / (0.35 * length + 0.5 * blur), -30, 30)
    cover = np.asarray(body / (1 + np.exp(2 * edge)), np.float32)
    density = (0.5 + 0.9 * strength) * generator.uniform(0.7, 1.3)
    cover = np.float32(density) * cover
    return canvas.absorb(
        window, cover, LesionClass.HAEMORRHAGE, least=_LEAST_AREA * canvas.disc_diameter**2
    )
