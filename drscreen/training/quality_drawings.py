"""Drawn pictures of other things than a retina, and drawn retinas, for the gate's network to learn.

Few real photographs of other things are at hand. What is drawn is rough on purpose and varied:
outer eyes, faces, skin, pages, screens and shapes, in any light, sharp or not, whole or in a disc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from drscreen.adapters.imaging.field_of_view import as_image, find_field_of_view, from_image
from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.imaging.quality_map import map_photograph
from drscreen.adapters.imaging.quality_measures import measure
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality, RgbImage
from drscreen.domain.quality import QualityReason
from drscreen.training.quality_photographs import MeasuredPhotograph, blur_photograph
from drscreen.training.quality_spoiling import shaded

OTHER_THINGS = 600
RETINAS = 120
#: The name under which drawings stand among the data sets.
DRAWN = "drawn"
_SIDE = 400

Colour = tuple[int, int, int]
Draw = Callable[[np.random.Generator], Image.Image]


def drawings() -> Iterator[MeasuredPhotograph]:
    """`OTHER_THINGS` labelled not_fundus, and `RETINAS` labelled good, each with a copy labelled
    bad that is blurred or shaded beyond use; always the same ones.
    """
    for seed in range(OTHER_THINGS):
        rng = np.random.default_rng(seed)
        thing = _THINGS[seed % len(_THINGS)](rng)
        yield _measured(from_image(_as_taken(thing, rng)), f"other-{seed}", "not_fundus")
    for seed in range(RETINAS):
        grade = Grade(seed % len(Grade))
        eye = Laterality.OD if seed % 2 else Laterality.OS
        retina = draw_phantom(grade, seed=1000 + seed, eye=eye, size=_SIDE)
        spoilt = shaded(retina) if seed % 4 < 2 else blur_photograph(retina, 0.012 + 0.0002 * seed)
        for image, quality in ((retina, "good"), (spoilt, "bad")):
            yield _measured(image, f"retina-{seed}", quality)


def _measured(image: RgbImage, name: str, quality: str) -> MeasuredPhotograph:
    field = find_field_of_view(image)
    return MeasuredPhotograph(
        DRAWN, name, quality, "", measure(image, field), map_photograph(image, field)
    )


def _as_taken(thing: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Some light, some cast, some blur, some noise; half of them in a disc on black."""
    levels = np.asarray(thing.convert("RGB"), dtype=np.float32)
    cast = np.array([1.0, rng.uniform(0.5, 1.0), rng.uniform(0.3, 1.0)])
    levels = levels * cast * rng.uniform(0.5, 1.3)
    levels += rng.normal(0, rng.uniform(0, 4), levels.shape)
    picture = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
    if rng.random() < 0.6:
        picture = picture.filter(ImageFilter.GaussianBlur(float(np.exp(rng.uniform(-0.5, 3)))))
    if rng.random() < 0.5:
        mask = Image.new("L", picture.size, 0)
        ImageDraw.Draw(mask).ellipse((5, 5, picture.width - 5, picture.height - 5), fill=255)
        picture = Image.composite(picture, Image.new("RGB", picture.size), mask)
    return picture


def _outer_eye(rng: np.random.Generator) -> Image.Image:
    seed = int(rng.integers(1 << 30))
    eye = Laterality.OD if rng.random() < 0.5 else Laterality.OS
    drawn = draw_phantom(Grade.NONE, seed=seed, eye=eye, size=600, defect=QualityReason.NOT_FUNDUS)
    picture = as_image(drawn)
    share = rng.uniform(0.3, 1.0)
    width, height = round(share * picture.width), round(share * picture.height)
    left = int(rng.integers(0, picture.width - width + 1))
    top = int(rng.integers(0, picture.height - height + 1))
    return picture.crop((left, top, left + width, top + height)).resize((_SIDE, _SIDE))


def _surface(rng: np.random.Generator) -> Image.Image:
    """Skin, cloth, walls, wood: clouds of several sizes over one colour."""
    levels = np.broadcast_to(np.array(_warm(rng), dtype=np.float32), (_SIDE, _SIDE, 3)).copy()
    for cells in (3, 8, 25, 80):
        levels *= 1 + rng.uniform(0, 0.12) * _clouds(rng, cells)
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def _face(rng: np.random.Generator) -> Image.Image:
    picture = _surface(rng)
    draw = ImageDraw.Draw(picture)
    x, y, size = rng.uniform(120, 280), rng.uniform(150, 250), rng.uniform(80, 180)

    def spot(right: float, down: float, wide: float, high: float, colour: Colour) -> None:
        left, top = x + size * right, y + size * down
        draw.ellipse(
            (left - size * wide, top - size * high, left + size * wide, top + size * high), colour
        )

    spot(0, -0.25, 0.9, 1.15, _any(rng))
    spot(0, 0, 0.75, 1, _warm(rng))
    for side in (-0.33, 0.33):
        spot(side, -0.2, 0.17, 0.08, (235, 230, 225))
        spot(side, -0.2, 0.07, 0.07, (50, 36, 28))
        spot(side, -0.38, 0.2, 0.03, (60, 42, 32))
    spot(0, 0.5, 0.28, 0.09, (176, 80, 76))
    return picture


def _page(rng: np.random.Generator) -> Image.Image:
    """A document, or a screen with writing on it."""
    paper, ink = _any(rng), _any(rng)
    if rng.random() < 0.6:
        paper, ink = (250, 246, 238), (30, 30, 40)
    picture = Image.new("RGB", (_SIDE, _SIDE), paper)
    draw = ImageDraw.Draw(picture)
    size = int(rng.integers(9, 30))
    font = ImageFont.load_default(size)
    letters = np.array(list("abcdefghiklmnoprstuvw 0123456789 "))
    for y in range(10, _SIDE, int(size * 1.5)):
        draw.text((15, y), "".join(rng.choice(letters, 60)), ink, font)
    return picture.rotate(float(rng.normal(0, 8)), fillcolor=_any(rng))


def _shapes(rng: np.random.Generator) -> Image.Image:
    """Rooms, windows, charts, things: flat shapes over a slope of colour."""
    slope = np.linspace(0, 1, _SIDE)[:, None, None]
    levels = np.array(_any(rng)) * slope + np.array(_any(rng)) * (1 - slope)
    levels = np.broadcast_to(levels, (_SIDE, _SIDE, 3))
    picture = Image.fromarray(levels.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(3, 25))):
        x, y = np.sort(rng.integers(0, _SIDE, 2)), np.sort(rng.integers(0, _SIDE, 2))
        box = (int(x[0]), int(y[0]), int(x[1]), int(y[1]))
        kind = rng.integers(3)
        if kind == 0:
            draw.rectangle(box, _any(rng))
        elif kind == 1:
            draw.ellipse(box, _any(rng))
        else:
            draw.line(box, _any(rng), int(rng.integers(1, 12)))
    return picture


_THINGS: tuple[Draw, ...] = (_outer_eye, _surface, _face, _outer_eye, _page, _shapes)


def _any(rng: np.random.Generator) -> Colour:
    red, green, blue = rng.integers(10, 250, 3).tolist()
    return red, green, blue


def _warm(rng: np.random.Generator) -> Colour:
    red = rng.uniform(90, 240)
    green = red * rng.uniform(0.45, 0.85)
    return int(red), int(green), int(green * rng.uniform(0.4, 0.95))


def _clouds(rng: np.random.Generator, cells: int) -> npt.NDArray[np.float32]:
    coarse = Image.fromarray(rng.standard_normal((cells, cells)).astype(np.float32))
    smooth = coarse.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    return np.asarray(smooth)[..., None]
