"""Blood in front of the retina: preretinal haemorrhage and haemorrhage into the vitreous."""

from __future__ import annotations

import math

import numpy as np

from drscreen.domain.lesions import LesionClass
from drscreen.training.simulation.canvas import Canvas
from drscreen.training.simulation.landmarks import Point
from drscreen.training.simulation.shapes import blob, grain
from drscreen.training.simulation.smoothing import box_mean, box_mean_bytes

#: A veil without an edge is seen from this many levels on.
_DIFFUSE = 12.0
#: Escaped blood shows over at least this share of a disc's square.
_LEAST_AREA = 0.05


def draw_preretinal(
    canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
) -> bool:
    """A boat of settled blood: a level above, a round hull below; hides what lies under it."""
    dd, blur = canvas.disc_diameter, canvas.appearance.blur
    width = 0.5 * generator.uniform(0.5, 2.4) * dd
    depth = width * generator.uniform(0.4, 1.0)
    window = canvas.window(*at, 1.3 * width + 4 * blur)
    below = window.dy - generator.normal(0, 0.05) * window.dx
    # The hull is fuller or more pointed than an ellipse, and never quite even.
    power = generator.uniform(1.7, 2.6)
    hull = (np.abs(window.dx) / width) ** power + (np.maximum(below, 0) / depth) ** power
    hull = hull ** (1 / power) + 0.05 * grain(window, generator, max(4.0, 0.5 * width))
    soft = 0.8 * blur
    inside = 1 / (1 + np.exp(np.clip((hull - 1) * min(width, depth) / soft, -30, 30)))
    # The level is sharp once the blood has settled, and uneven before.
    uneven = generator.uniform(0, 0.1) * width * grain(window, generator, max(4.0, 0.4 * width))
    under = 1 / (1 + np.exp(np.clip((uneven - below) / soft, -30, 30)))
    cover = np.asarray(inside * under, np.float32)
    cover = box_mean(cover, max(1, round(0.07 * width)))
    ground = canvas.appearance.ground[window.at]
    # It lies thickest at the bottom, where it has settled.
    settled = np.clip(0.85 + 0.3 * below / depth, 0.7, 1.2)[..., None]
    blood = ground * np.exp(-canvas.appearance.blood * (2.0 + 0.8 * strength) * settled)
    opacity = (0.75 + 0.2 * strength) * cover
    seen = canvas.cover(
        window,
        opacity,
        blood,
        LesionClass.PRERETINAL_BLOOD,
        least=_LEAST_AREA * dd**2,
        detail=0.1,
    )
    if seen:
        canvas.hide(window, opacity)
    return seen


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
    wisps = 1 + 0.3 * grain(window, generator, max(4.0, 0.4 * radius))
    wisps += 0.2 * grain(window, generator, max(3.0, 0.12 * radius))
    veil = np.clip(cloud * wisps, 0, 1.3).astype(np.float32)
    density = np.float32(0.7 + 1.6 * strength) * veil
    if not canvas.absorb(
        window,
        density,
        LesionClass.PRERETINAL_BLOOD,
        least=_LEAST_AREA * dd**2,
        noticeable=_DIFFUSE,
    ):
        return False
    haze = np.clip(np.float32(0.4 + 0.5 * strength) * veil, 0, 0.95)
    below = canvas.pixels[window.at].astype(np.uint8)
    softened = box_mean_bytes(below, max(1, round(2 * canvas.appearance.blur)))
    canvas.blend(window, haze, softened.astype(np.float32))
    return True
