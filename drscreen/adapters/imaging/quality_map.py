"""Where in the field of view the retina can be seen: what the gate's small network looks at.

The field is brought to 192 pixels, whatever the camera and however small the file, and cut into
cells of eight pixels. A few plain measures of each cell make a map of 24 x 24 cells: shadows,
glare, haze and blur are told apart by what they leave where.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from drscreen.adapters.imaging.field_of_view import as_image
from drscreen.adapters.imaging.quality_measures import Floats, block_sums, blur, dark_lines
from drscreen.domain.image import FieldOfView, RgbImage

#: The longer side of the field of view on the map, in pixels: the smallest photographs that the
#: gate takes have about as many, so that none is enlarged much.
MAP_PIXELS = 192
#: Side of a cell, in those pixels: two main veins wide.
CELL = 8
#: A map's layers, in order. `lit` is a share; colours and `burnt` are 0..1; the others are natural
#: logarithms of contrasts, but for `agreement`, 0..1.
LAYERS = (
    "lit",
    "red",
    "green",
    "blue",
    "burnt",
    "vessel contrast",
    "fine contrast",
    "red contrast",
    "lines",
    "agreement",
)
#: A pixel is lit above this level, and above this share of the picture's bright end.
_BLACK = 12.0
_BLACK_SHARE = 0.08
#: Any channel above this is burnt out.
_BURNT = 235.0
#: Contrast in levels that is added before the logarithm: rounding and JPEG leave about as much.
_FAINT = 0.1


def map_photograph(image: RgbImage, field: FieldOfView) -> Floats:
    """A decoded photograph's map: float32, (layers, 24, 24). Deterministic; never raises."""
    pixels = _square(image, field)
    red, green, blue = (np.ascontiguousarray(pixels[..., i]) for i in range(3))
    brightest = pixels.max(axis=2)
    bright_end = float(np.percentile(brightest, 95))
    lit = (brightest > max(_BLACK, _BLACK_SHARE * bright_end)).astype(np.float32)
    # Contrast at the rim is the rim's own: only pixels with lit ones all about them are judged.
    inside = (blur(lit, 3.0) > 0.98).astype(np.float32)
    seen = np.maximum(_cell_means(inside), 0.05)
    share_lit = np.maximum(blur(blur(lit, 0.8), 5.0), 0.3)

    soft = blur(green, 0.8)
    ground = blur(soft, 5.0) / share_lit
    soft_red = blur(red, 0.8)
    lines = blur((soft / np.maximum(ground, 8) - 1) * inside, 0.9)
    agreement, strength = dark_lines(lines, inside, CELL)
    strength /= CELL**2

    def contrast(difference: Floats) -> Floats:
        power = _cell_means((difference * inside) ** 2) / seen
        return np.asarray(np.log(np.sqrt(power) + _FAINT))

    return np.stack(
        [
            _cell_means(lit),
            _cell_means(red) / 255,
            _cell_means(green) / 255,
            _cell_means(blue) / 255,
            _cell_means((brightest > _BURNT).astype(np.float32)),
            contrast(soft - ground),
            contrast(soft - blur(green, 1.6)),
            contrast(soft_red - blur(soft_red, 5.0) / share_lit),
            np.log(strength / seen + 1e-3),
            agreement / CELL**2 / np.maximum(strength, 1e-4),
        ]
    ).astype(np.float32)


def _square(image: RgbImage, field: FieldOfView) -> Floats:
    """The field of view in the middle of a black square of `MAP_PIXELS`, float32 (h, w, 3)."""
    crop = as_image(image).crop((field.left, field.top, field.right, field.bottom))
    scale = MAP_PIXELS / field.diameter
    width, height = max(1, round(field.width * scale)), max(1, round(field.height * scale))
    small = crop.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)
    square = Image.new("RGB", (MAP_PIXELS, MAP_PIXELS))
    square.paste(small, ((MAP_PIXELS - width) // 2, (MAP_PIXELS - height) // 2))
    return np.asarray(square, dtype=np.float32)


def _cell_means(plane: Floats) -> Floats:
    return block_sums(plane, CELL) / CELL**2
