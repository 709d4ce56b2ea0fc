"""Phantom fundus photographs: drawings made by this program, never a photograph of anybody.

They stand in for photographs in the demonstration clinic, in documentation, in screenshots and in
tests. A phantom shows what its grade is defined by, not what a network was trained on: it says
nothing about accuracy. Each carries the word "drawing" in its lower left corner, outside the field
of view, so that it is marked wherever it is shown.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from drscreen.adapters.imaging.phantom_canvas import Floats, Frame
from drscreen.adapters.imaging.phantom_defects import apply_defect, draw_outer_eye
from drscreen.adapters.imaging.phantom_lesions import paint_lesions
from drscreen.adapters.imaging.phantom_retina import (
    grow_vessels,
    paint_background,
    paint_disc,
    paint_vessels,
)
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality, RgbImage
from drscreen.domain.quality import QualityReason

CAPTION = "drawing"
#: Level of the caption's grey: readable, and dark enough to stay outside the lit field.
_CAPTION_GREY = 92
#: Blur of the imagined optics, a standard deviation in field units.
_OPTICS = 0.0032


def draw_phantom(
    grade: Grade,
    *,
    seed: int,
    eye: Laterality,
    size: int = 1200,
    defect: QualityReason | None = None,
) -> RgbImage:
    """Draw an eye with the lesions of `grade`; `size` is the width in pixels (64 at least).

    The same arguments give the same pixels. The retina depends on `seed` and `eye` alone, so
    grades and defects of one seed show the same eye. The optic disc lies nasally: to the right in
    a right eye. `defect` spoils the picture the way its name says; `NOT_FUNDUS` shows the front of
    an eye.
    """
    if size < 64:
        raise ValueError(f"a phantom of {size} pixels")
    frame = Frame(size=size, mirrored=eye is Laterality.OS)
    side = int(frame.mirrored)
    noise = np.random.default_rng([seed, side, 9])
    if defect is QualityReason.NOT_FUNDUS:
        return _finish(draw_outer_eye(frame, np.random.default_rng([seed, side])), frame, noise)
    retina = np.random.default_rng([seed, side])
    # Both eyes of a person share their colour, so the background knows no side.
    canvas = paint_background(frame, np.random.default_rng(seed))
    paint_disc(canvas, frame, retina)
    paint_vessels(canvas, frame, grow_vessels(retina, beaded=grade == Grade.SEVERE))
    paint_lesions(canvas, frame, grade, np.random.default_rng([seed, side, int(grade) + 1]))
    _vignette(canvas, frame)
    if defect is not None:
        canvas = apply_defect(canvas, frame, defect)
    _close_field(canvas, frame)
    return _finish(canvas, frame, noise)


def _vignette(canvas: Floats, frame: Frame) -> None:
    """Less light towards the rim, a little off centre as in a real camera, in place."""
    x, y = frame.grids()
    distance = (x - 0.06) ** 2 + (y + 0.04) ** 2
    canvas *= (1 - 0.34 * np.clip(distance, 0, 1.3) ** 1.6)[..., None]


def _close_field(canvas: Floats, frame: Frame) -> None:
    """Black outside the circular field, with an edge two pixels wide, in place."""
    x, y = frame.grids()
    edge = (1 - np.sqrt(x**2 + y**2)) * frame.radius / 2
    canvas *= np.clip(edge + 0.5, 0, 1)[..., None]


def _finish(canvas: Floats, frame: Frame, noise: np.random.Generator) -> RgbImage:
    """Sensor noise, the caption, and bytes."""
    grain = noise.standard_normal((frame.height, frame.width), dtype=np.float32)
    canvas += (1.6 * grain * np.minimum(1, canvas[..., :1].max(axis=2) / 40))[..., None]
    pixels = np.clip(canvas + 0.5, 0, 255).astype(np.uint8)
    # No camera is as sharp as a drawing.
    picture = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(_OPTICS * frame.radius))
    draw = ImageDraw.Draw(picture)
    height = max(9, frame.size // 42)
    at = (frame.size // 50, frame.height - frame.size // 60)
    font = ImageFont.load_default(height)
    draw.rectangle(draw.textbbox(at, CAPTION, font, anchor="ls"), fill=(0, 0, 0))
    draw.text(at, CAPTION, (_CAPTION_GREY,) * 3, font, anchor="ls")
    return RgbImage(frame.width, frame.height, picture.tobytes())
