"""What spoils a phantom, one way for each reason of the quality gate."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from drscreen.adapters.imaging.phantom_canvas import Floats, Frame, Mask, Points, paint
from drscreen.domain.quality import QualityReason


def apply_defect(canvas: Floats, frame: Frame, defect: QualityReason) -> Floats:
    """The spoilt canvas, float32 (height, width, 3); the one given may be changed.

    `NOT_FUNDUS` is another picture altogether: see `draw_outer_eye`.
    """
    if defect is QualityReason.OUT_OF_FOCUS:
        return _defocus(canvas, 0.05 * frame.radius)
    if defect is QualityReason.TOO_DARK:
        canvas *= 0.13
        return canvas
    if defect is QualityReason.TOO_BRIGHT:
        paint(canvas, 0.72 + 0.28 * frame.blob(-0.3, -0.2, 0.6), (262.0, 262.0, 262.0))
        return canvas
    if defect is QualityReason.UNEVEN_LIGHT:
        shadow = np.minimum(1, 1.8 * frame.blob(0.1, 0.05, 0.36))
        canvas *= (1 - 0.9 * shadow)[..., None]
        return canvas
    if defect is QualityReason.FIELD_TOO_SMALL:
        x, y = frame.grids()
        distance = np.sqrt((x - 0.30) ** 2 + (y + 0.12) ** 2)
        canvas *= np.clip((0.36 - distance) / 0.05 + 0.5, 0, 1)[..., None]
        return canvas
    raise ValueError(f"{defect} is not a way to spoil a retina")


def _defocus(canvas: Floats, radius: float) -> Floats:
    """Gaussian blur, standard deviation `radius` pixels."""
    blur = ImageFilter.GaussianBlur(radius)
    whole = np.clip(canvas, 0, 255).astype(np.uint8)  # Pillow blurs bytes only
    return np.asarray(Image.fromarray(whole).filter(blur), dtype=np.float32)


def draw_outer_eye(frame: Frame, rng: np.random.Generator) -> Floats:
    """The front of an eye on skin: lids, sclera, iris, pupil, lashes; float32 (h, w, 3)."""
    canvas = np.empty((frame.height, frame.width, 3), dtype=np.float32)
    canvas[:] = (206, 158, 132)
    canvas *= (1 + 0.05 * frame.clouds(rng, 6) + 0.02 * frame.clouds(rng, 60))[..., None]
    lids = _almond(0.86, 0.44)
    shadow, white, iris, pupil, glint = (Mask(frame) for _ in range(5))
    shadow.polygon(lids * 1.08)
    paint(canvas, 0.6 * shadow.cover(0.03), (120.0, 70.0, 60.0))
    white.polygon(lids)
    opening = white.cover(0.004)
    paint(canvas, opening, (226.0, 216.0, 208.0))
    for mask, radius in ((iris, 0.37), (pupil, 0.14)):
        mask.polygon(_circle(0.02, -0.02, radius))
    paint(canvas, opening * iris.cover(0.008), (88.0, 62.0, 40.0))
    stripes = iris.cover() * opening * np.clip(0.4 * frame.clouds(rng, 90), 0, 1)
    paint(canvas, stripes, (140.0, 104.0, 66.0))
    paint(canvas, opening * pupil.cover(0.004), (14.0, 11.0, 10.0))
    glint.polygon(_circle(-0.06, -0.10, 0.035))
    paint(canvas, glint.cover(0.003), (255.0, 255.0, 250.0))
    lashes = Mask(frame)
    for x, y in lids[(lids[:, 1] < -0.05)][::2]:
        reach = np.linspace(0, 1, 8)
        lean = 0.3 * x + rng.normal(0, 0.05)
        curve = np.stack([x + lean * reach, y - 0.22 * reach**0.8], axis=1)
        lashes.line(curve, np.linspace(0.012, 0.003, 8))
    paint(canvas, lashes.cover(0.002), (34.0, 24.0, 20.0))
    return canvas


def _circle(x: float, y: float, radius: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def _almond(half_width: float, height: float) -> Points:
    """An eye's opening, (120, 2): two arcs that meet in the corners."""
    across = np.linspace(-1, 1, 60)
    arc = height * (1 - across**2)
    upper = np.stack([across * half_width, -arc], axis=1)
    lower = np.stack([across[::-1] * half_width, 0.72 * arc[::-1]], axis=1)
    return np.concatenate([upper, lower])
