"""The quality gate on phantoms and on pictures of other things."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from drscreen.adapters.imaging.field_of_view import as_image, from_image
from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.imaging.phantom_samples import SAMPLES
from drscreen.adapters.imaging.quality import FundusQualityGate
from drscreen.adapters.imaging.quality_network import QualityNetwork
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.adapters.system.paths import quality_network
from drscreen.domain.grading import Grade
from drscreen.domain.image import DecodedPhotograph, Laterality, RgbImage
from drscreen.domain.quality import QualityReason, QualityVerdict
from tests.shared_data import ROOT

Pixels = npt.NDArray[np.float64]
WIDTH, HEIGHT = 900, 700
GATE = FundusQualityGate(QualityNetwork.read(quality_network()))
SAMPLE_FOLDER = ROOT / "resources" / "samples"


def assess(image: RgbImage) -> QualityVerdict:
    photograph = DecodedPhotograph(
        "0" * 64, "image/png", image.width, image.height, image=image, scale=1.0
    )
    return GATE.assess(photograph)


# --- phantoms ------------------------------------------------------------------------------


@pytest.mark.parametrize("eye", Laterality)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("grade", Grade)
def test_sound_phantoms_pass(grade: Grade, seed: int, eye: Laterality) -> None:
    verdict = assess(draw_phantom(grade, seed=seed, eye=eye, size=600))
    assert verdict.reasons == ()
    assert verdict.score > 0.55


@pytest.mark.parametrize("size", [400, 700, 2000])
def test_the_verdict_hardly_depends_on_resolution(size: int) -> None:
    score = assess(draw_phantom(Grade.MODERATE, seed=4, eye=Laterality.OD, size=size)).score
    other = assess(draw_phantom(Grade.MODERATE, seed=4, eye=Laterality.OD, size=1000)).score
    assert abs(score - other) < 0.12


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("defect", QualityReason)
def test_spoilt_phantoms_are_stopped_for_their_own_reason(defect: QualityReason, seed: int) -> None:
    drawn = draw_phantom(Grade.MILD, seed=seed, eye=Laterality.OS, size=600, defect=defect)
    verdict = assess(drawn)
    assert verdict.reasons[:1] == (defect,)
    assert verdict.score < 0.5


def test_samples_pass_unless_they_are_spoilt() -> None:
    reader = PillowReader()
    for sample in SAMPLES:
        verdict = GATE.assess(reader.decode((SAMPLE_FOLDER / sample.file).read_bytes()))
        assert verdict.reasons == (() if sample.defect is None else (sample.defect,)), sample.file


def test_more_blur_never_scores_better() -> None:
    sharp = as_image(draw_phantom(Grade.NONE, seed=5, eye=Laterality.OD, size=800))
    scores = [
        assess(from_image(sharp.filter(ImageFilter.GaussianBlur(radius)))).score
        for radius in (0, 2, 4, 8, 16)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.5 > scores[-1]


def test_the_same_picture_gets_the_same_verdict() -> None:
    drawn = draw_phantom(Grade.SEVERE, seed=6, eye=Laterality.OD, size=500)
    assert assess(drawn) == assess(drawn)


# --- pictures of other things --------------------------------------------------------------


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


def _picture(values: Pixels) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _clouds(cells: int, height: int = HEIGHT) -> Pixels:
    coarse = _rng().standard_normal((cells, cells)).astype(np.float32)
    smooth = Image.fromarray(coarse).resize((WIDTH, height), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float64)[..., None]


def _plain(*colour: float) -> Pixels:
    return np.broadcast_to(np.asarray(colour, dtype=np.float64), (HEIGHT, WIDTH, 3)).copy()


def _sky() -> Image.Image:
    down = np.linspace(0, 1, HEIGHT)[:, None, None]
    blue = np.array([90.0, 140.0, 225.0]) + down * np.array([100.0, 70.0, 10.0])
    return _picture(blue + 20 * np.clip(_clouds(8), 0, 2))


def _landscape() -> Image.Image:
    picture = _sky()
    draw = ImageDraw.Draw(picture)
    draw.polygon([(0, 350), (200, 200), (420, 350)], fill=(110, 105, 110))
    draw.polygon([(300, 350), (600, 150), (WIDTH, 350)], fill=(95, 90, 100))
    grass = np.array([70.0, 120.0, 50.0]) + _rng().normal(0, 18, (350, WIDTH, 1))
    picture.paste(_picture(grass + 15 * _clouds(30, 350)), (0, 350))
    return picture


def _sunset() -> Image.Image:
    down = np.linspace(0, 1, HEIGHT)[:, None, None]
    glow = np.array([250.0, 150.0, 60.0]) - down * np.array([60.0, 90.0, 20.0])
    picture = _picture(glow + 12 * _clouds(10))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 500, WIDTH, HEIGHT), fill=(60, 30, 25))
    for x in range(0, WIDTH, 60):
        draw.line((x, 500, x + 20, 330), fill=(40, 20, 15), width=6)
    return picture


def _skin() -> Image.Image:
    return _picture(_plain(215, 160, 135) * (1 + 0.06 * _clouds(5) + 0.03 * _clouds(90)))


def _face() -> Image.Image:
    picture = _skin()
    draw = ImageDraw.Draw(picture)
    draw.ellipse((250, 100, 650, 650), fill=(225, 170, 145))
    for x in (330, 500):
        draw.ellipse((x, 280, x + 70, 320), fill=(240, 235, 230))
        draw.ellipse((x + 20, 285, x + 50, 315), fill=(60, 40, 30))
    draw.ellipse((390, 500, 510, 550), fill=(180, 70, 70))
    draw.rectangle((240, 60, 660, 200), fill=(50, 35, 25))
    return picture


def _text(paper: tuple[int, int, int], ink: tuple[int, int, int]) -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT), paper)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(18)
    for y in range(30, HEIGHT - 30, 26):
        draw.text((40, y), "The patient was seen and asked to come again in a year " * 2, ink, font)
    return picture


def _chart() -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    draw.line((80, 40, 80, 620, 860, 620), fill=(0, 0, 0), width=3)
    rng = _rng()
    for colour in ((214, 39, 40), (31, 119, 180), (255, 127, 14)):
        heights = 300 + np.cumsum(rng.normal(0, 9, 60))
        points = [(90 + 12.5 * i, float(y)) for i, y in enumerate(heights)]
        draw.line(points, fill=colour, width=4)
    return picture


def _checkerboard(square: int, dark: Pixels, light: Pixels) -> Image.Image:
    y, x = np.indices((HEIGHT, WIDTH))
    white = ((y // square + x // square) % 2)[..., None]
    return _picture(dark + white * (light - dark))


def _stripes() -> Image.Image:
    return _picture(_plain(180, 90, 50) * (1 + 0.2 * np.sin(np.arange(WIDTH) / 8))[None, :, None])


def _wood() -> Image.Image:
    y = np.arange(HEIGHT)[:, None, None]
    grain = 0.12 * np.sin(y / 9 + 2 * _clouds(6)) + 0.05 * _clouds(60)
    return _picture(_plain(180, 110, 60) * (1 + grain))


def _leaves() -> Image.Image:
    return _picture(_plain(60, 130, 40) * (1 + 0.3 * _clouds(40)) * (1 + 0.2 * _clouds(120)))


def _screen() -> Image.Image:
    """A photograph of a monitor on a desk that shows a retina in a window."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), (70, 66, 60))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((90, 60, 810, 560), fill=(20, 20, 22))
    draw.rectangle((110, 80, 790, 540), fill=(236, 238, 242))
    draw.rectangle((110, 80, 790, 110), fill=(60, 90, 160))
    retina = as_image(draw_phantom(Grade.MODERATE, seed=3, eye=Laterality.OD, size=400))
    picture.paste(retina, (200, 130))
    draw.rectangle((400, 560, 500, 640), fill=(30, 30, 32))
    return picture


def _card() -> Image.Image:
    """A card with a face and a name."""
    picture = Image.new("RGB", (WIDTH, 600), (205, 220, 230))
    picture.paste(_face().resize((260, 320)), (40, 150))
    draw = ImageDraw.Draw(picture)
    for y in range(160, 440, 50):
        draw.text((340, y), "Name Surname 01.02.1970", (20, 30, 60), ImageFont.load_default(28))
    return picture


def _finger() -> Image.Image:
    """A finger on the lens with a lamp behind it: a red glow."""
    y, x = np.indices((HEIGHT, WIDTH))
    away = np.hypot(x - WIDTH / 2, y - HEIGHT / 2) / (WIDTH / 2)
    return _picture(np.stack([230 - 60 * away, 70 - 40 * away, 40 - 20 * away], axis=2))


def _warm(picture: Image.Image) -> Image.Image:
    """Under a bulb: colours much like a retina's."""
    return _picture(np.asarray(picture, dtype=np.float64) * [1.1, 0.75, 0.5])


def _soft(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(9))


OTHER_THINGS: dict[str, Callable[[], Image.Image]] = {
    "sky": _sky,
    "landscape": _landscape,
    "sunset": _sunset,
    "skin": _skin,
    "face": _face,
    "leaves": _leaves,
    "wood": _wood,
    "stripes": _stripes,
    "noise": lambda: _picture(_rng().uniform(0, 255, (HEIGHT, WIDTH, 3))),
    "red noise": lambda: _picture(_plain(180, 90, 50) + _rng().normal(0, 25, (HEIGHT, WIDTH, 1))),
    "text": lambda: _text((250, 250, 248), (20, 20, 25)),
    "old text": lambda: _text((252, 226, 190), (120, 40, 25)),
    "dark screen": lambda: _text((18, 18, 24), (220, 180, 120)),
    "chart": _chart,
    "checkerboard": lambda: _checkerboard(50, _plain(0, 0, 0), _plain(255, 255, 255)),
    "red checkerboard": lambda: _checkerboard(40, _plain(150, 70, 40), _plain(210, 110, 60)),
    "screen": _screen,
    "card": _card,
    "finger": _finger,
    "warm skin": lambda: _warm(_skin()),
    "warm soft face": lambda: _soft(_warm(_face())),
    "warm form": lambda: _warm(_text((255, 250, 240), (30, 30, 90)).rotate(7)),
    "black": lambda: _picture(_plain(0, 0, 0)),
    "white": lambda: _picture(_plain(255, 255, 255)),
    "grey": lambda: _picture(_plain(128, 128, 128)),
    "orange": lambda: _picture(_plain(200, 100, 50)),
    "blue": lambda: _picture(_plain(40, 60, 200)),
}


@pytest.mark.parametrize("in_circle", [False, True], ids=["whole", "in a circle"])
@pytest.mark.parametrize("name", OTHER_THINGS)
def test_pictures_of_other_things_are_stopped(name: str, in_circle: bool) -> None:
    picture = OTHER_THINGS[name]()
    if in_circle:  # black corners alone do not make a retina
        mask = Image.new("L", picture.size, 0)
        ImageDraw.Draw(mask).ellipse((110, 10, WIDTH - 110, HEIGHT - 10), fill=255)
        picture = Image.composite(picture, Image.new("RGB", picture.size), mask)
    assert not assess(from_image(picture)).gradable


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "taken",
    [
        lambda picture: picture,
        _warm,
        _soft,
        lambda picture: _soft(_warm(picture)),
        lambda picture: picture.point(lambda level: int(0.45 * level)),
        lambda picture: picture.crop((180, 150, 520, 450)),
    ],
    ids=["plain", "warm", "soft", "warm and soft", "dim", "close"],
)
def test_outer_eyes_are_stopped_however_they_are_taken(
    taken: Callable[[Image.Image], Image.Image], seed: int
) -> None:
    eye = draw_phantom(
        Grade.NONE, seed=40 + seed, eye=Laterality.OD, size=700, defect=QualityReason.NOT_FUNDUS
    )
    assert not assess(from_image(taken(as_image(eye)))).gradable


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_180, Image.Transpose.FLIP_LEFT_RIGHT])
def test_a_retina_upside_down_or_mirrored_is_still_one(turn: Image.Transpose) -> None:
    drawn = as_image(draw_phantom(Grade.MODERATE, seed=3, eye=Laterality.OD, size=600))
    assert assess(from_image(drawn.transpose(turn))).gradable


def test_a_retina_without_colour_is_stopped() -> None:
    drawn = as_image(draw_phantom(Grade.NONE, seed=2, eye=Laterality.OD, size=800))
    verdict = assess(from_image(drawn.convert("L").convert("RGB")))
    assert verdict.reasons == (QualityReason.NOT_FUNDUS,)


@pytest.mark.parametrize(
    "size", [(1, 1), (64, 64), (3, 900), (900, 3), (2000, 40), (17, 16), (1, 3000)]
)
@pytest.mark.parametrize("level", [0, 90, 255])
def test_no_shape_of_picture_raises(size: tuple[int, int], level: int) -> None:
    width, height = size
    plain = RgbImage(width, height, bytes([level]) * (width * height * 3))
    assert not assess(plain).gradable
    noise = np.random.default_rng(level).integers(0, 256, width * height * 3, dtype=np.uint8)
    assess(RgbImage(width, height, noise.tobytes()))
