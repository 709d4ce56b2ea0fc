"""A photograph beside what a network made of it, for a person to check."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from drscreen.adapters.imaging.field_of_view import as_image, from_image
from drscreen.domain.explanation import CellMap, Explanation
from drscreen.domain.image import RgbImage
from drscreen.private_files import make_private_folder, write_privately

_NOTICE = "Research use, not a cleared medical device."
_CAPTION = "Yellow to red: what spoke for 'referable'. Outlined: lesions that the network suspects."
#: Heat below this share of the hottest place is left clear.
_COOL = 0.25
_OPACITY = 0.5
#: Levels; the surround of a photograph is not quite 0.
_BLACK = 16
#: A cell counts as a suspected lesion from this probability on.
_SUSPECTED = 0.5
_OUTLINE = (0, 229, 255)
_LINE = 18


def draw_overlay(square: RgbImage, explanation: Explanation) -> RgbImage:
    """The prepared square, the same with heat and outlined lesion cells, and what they mean.

    `square` is as taken, not equalised, of any size. Twice its width.
    """
    plain = as_image(square)
    side = plain.width
    marked = _heated(plain, explanation.heat)
    suspected = _outline(marked, explanation.lesions)
    page = Image.new("RGB", (2 * side, side + 3 * _LINE + 8))
    page.paste(plain, (0, 0))
    page.paste(marked, (side, 0))
    text = ImageDraw.Draw(page)
    font = ImageFont.load_default(13)
    found = ", ".join(suspected) or "none above the threshold"
    for number, line in enumerate((_NOTICE, _CAPTION, f"Lesions suspected: {found}.")):
        text.text((6, side + 4 + number * _LINE), line, fill=(220, 220, 220), font=font)
    return from_image(page)


def write_png(image: RgbImage, file: Path) -> None:
    """For its owner alone: it shows the retina. Raises `OSError`."""
    make_private_folder(file.parent, exist_ok=True)
    # The least compression is a fifth larger and four times as quick as the usual one.
    encoded = io.BytesIO()
    as_image(image).save(encoded, "PNG", compress_level=1)
    write_privately(file, encoded.getvalue())


def _heated(plain: Image.Image, heat: CellMap) -> Image.Image:
    """Yellow where it is warm, red where it is hottest, over a photograph that shows through."""
    cells = np.array(heat.values, np.float32).reshape(heat.side, heat.side)
    wide = Image.fromarray(cells).resize(plain.size, Image.Resampling.BICUBIC)
    warmth = np.clip((np.asarray(wide) - _COOL) / (1 - _COOL), 0, 1)[..., None]
    colour = np.concatenate(
        [np.full_like(warmth, 255), 255 * (1 - warmth), np.zeros_like(warmth)], axis=2
    )
    # The map is coarse: what it spills beyond the retina's edge says nothing.
    retina = np.asarray(plain.convert("L"))[..., None] > _BLACK
    opacity = _OPACITY * np.sqrt(warmth) * retina
    pixels = np.asarray(plain, np.float32) * (1 - opacity) + colour * opacity
    return Image.fromarray(np.rint(pixels).astype(np.uint8))


def _outline(marked: Image.Image, lesions: Mapping[str, CellMap]) -> list[str]:
    """Outline suspected cells; the lesions' names with their number of cells."""
    pen = ImageDraw.Draw(marked)
    found = []
    for name, probabilities in lesions.items():
        cells = _cells(probabilities)
        if len(cells):
            found.append(f"{name} ({len(cells)} cells)")
        width = marked.width / probabilities.side
        for row, column in cells:
            corner = (column * width, row * width, (column + 1) * width, (row + 1) * width)
            pen.rectangle(corner, outline=_OUTLINE)
    return found


def _cells(probabilities: CellMap) -> npt.NDArray[np.intp]:
    grid = np.array(probabilities.values).reshape(probabilities.side, probabilities.side)
    return np.argwhere(grid >= _SUSPECTED)
