"""Blood in front of the retina: preretinal haemorrhage and haemorrhage into the vitreous."""

from __future__ import annotations

import math

import numpy as np

from drscreen.training.simulation.canvas import Canvas
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.lesion_class import LesionClass
from drscreen.training.simulation.shapes import blob, grain
from drscreen.training.simulation.smoothing import box_mean_bytes


def draw_preretinal(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A boat of settled blood: a level above, a round hull below; hides what lies under it."""
    dd, blur = canvas.disc_diameter, canvas.appearance.blur
    width = generator.uniform(0.3, 1.3) * dd
    depth = width * generator.uniform(0.35, 0.8)
    window = canvas.window(*at, width + 4 * blur)
    tilt = generator.normal(0, 0.06)
    below = window.dy - tilt * window.dx
    rim = 0.08 * width * grain(window, generator, max(3, round(0.4 * width)))
    hull = np.sqrt(window.dx**2 + (np.maximum(below, 0) * width / depth) ** 2) + rim
    soft = 0.55 * 1.3 * blur
    inside = 1 / (1 + np.exp(np.clip((hull - width) / soft, -30, 30)))
    # The level is sharp once the blood has settled, and uneven before.
    level = -below + 0.25 * generator.uniform() * rim
    under = 1 / (1 + np.exp(np.clip(level / soft, -30, 30)))
    cover = (inside * under).astype(np.float32)
    ground = canvas.appearance.ground[window.at]
    blood = ground * np.exp(-canvas.appearance.blood * (2.0 + 0.8 * strength))
    opacity = (0.75 + 0.2 * strength) * cover
    seen = canvas.cover(window, opacity, blood, LesionClass.PRERETINAL_BLOOD)
    canvas.hide(window, opacity)
    return seen > 0


def draw_vitreous(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A cloud of blood in the vitreous: a dark red veil that blurs what is below."""
    dd = canvas.disc_diameter
    radius = generator.uniform(0.7, 2.2) * dd
    window = canvas.window(*at, 2.4 * radius)
    cloud = blob(
        window,
        radius,
        0.5 * radius,
        generator,
        ragged=0.45,
        stretch=generator.uniform(1.0, 2.2),
        angle=generator.uniform(0, math.pi),
    )
    wisps = 1 + 0.3 * grain(window, generator, max(4, round(0.3 * radius)))
    wisps += 0.2 * grain(window, generator, max(3, round(0.1 * radius)))
    veil = np.clip(cloud * wisps, 0, 1.3).astype(np.float32)
    haze = np.clip((0.4 + 0.5 * strength) * veil, 0, 0.95)
    below = canvas.pixels[window.at].astype(np.uint8)
    softened = box_mean_bytes(below, max(1, round(2 * canvas.appearance.blur)))
    canvas.blend(window, haze, softened.astype(np.float32))
    density = (0.7 + 1.6 * strength) * veil
    return canvas.absorb(window, density, LesionClass.PRERETINAL_BLOOD) > 0
