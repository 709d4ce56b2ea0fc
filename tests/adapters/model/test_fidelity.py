"""On real photographs: what the heat marks matters more than other places of the same size."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from drscreen.adapters.imaging.field_of_view import as_array
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.adapters.model.predictor import TorchPredictor
from drscreen.adapters.system.paths import bundles
from drscreen.domain.explanation import CellMap
from drscreen.domain.grading import grade_photograph
from drscreen.domain.image import RgbImage
from drscreen.domain.settings import DeviceChoice
from tests.shared_data import SHARED_DATA, needs_real_photographs

PHOTOGRAPHS = 30
#: The share of the square that is blanked.
BLANKED = 0.08

Mask = npt.NDArray[np.bool_]


@needs_real_photographs
def test_blanking_what_is_marked_lowers_referable_more_than_blanking_elsewhere() -> None:
    predictor = TorchPredictor(bundles() / "lite", DeviceChoice.CPU)
    generator = np.random.default_rng(0)
    marked: list[float] = []
    elsewhere: list[float] = []
    mirrored: list[float] = []
    for path in referable_photographs(SHARED_DATA / "eyepacs400")[:PHOTOGRAPHS]:
        reader = PillowReader()
        square = reader.prepare(reader.decode(path.read_bytes()).image, predictor.spec.input)
        logits, explanation = predictor.explain(square)
        mask = hottest(explanation.heat, square.width)
        retina = as_array(square).max(axis=2) > 0
        before = log_odds(predictor, logits)
        for drops, blanked in (
            (marked, mask),
            (elsewhere, moved(mask, retina, generator)),
            # As far from the middle as what is marked: heat that only knew the middle would pass
            # the one before.
            (mirrored, mask[::-1]),
        ):
            (after,) = predictor.predict([without(square, blanked)])
            drops.append(before - log_odds(predictor, after))
    assert np.mean(marked) > np.mean(elsewhere) + 0.1, (np.mean(marked), np.mean(elsewhere))
    assert np.mean(marked) > np.mean(mirrored) + 0.1, (np.mean(marked), np.mean(mirrored))


def referable_photographs(folder: Path) -> list[Path]:
    with (folder / "labels.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if int(row["icdr"]) >= 2]
    return [next(folder.rglob(row["file"])) for row in rows if row["quality"] != "reject"]


def log_odds(predictor: TorchPredictor, logits: tuple[float, ...]) -> float:
    spec = predictor.spec
    grading = grade_photograph(logits, spec.temperature, spec.operating_point)
    return math.log(grading.referable_probability / (1 - grading.referable_probability))


def hottest(heat: CellMap, size: int) -> Mask:
    cells = np.array(heat.values, np.float32).reshape(heat.side, heat.side)
    wide = np.asarray(Image.fromarray(cells).resize((size, size), Image.Resampling.BILINEAR))
    mask: Mask = wide >= np.quantile(wide, 1 - BLANKED)
    return mask


def moved(mask: Mask, retina: Mask, generator: np.random.Generator) -> Mask:
    """The same shape where it covers about as much retina and little of itself."""
    best, fewest = mask, math.inf
    for _ in range(40):
        shift = generator.integers(0, mask.shape[0], 2)
        candidate = np.roll(mask, tuple(shift), (0, 1))
        lost = (mask & retina).sum() - (candidate & retina).sum()
        cost = float((candidate & mask).sum() + abs(lost))
        if cost < fewest:
            best, fewest = candidate, cost
    return best


def without(square: RgbImage, mask: Mask) -> RgbImage:
    """The mean colour of the retina in place of what the mask covers."""
    pixels = as_array(square).copy()
    pixels[mask] = pixels[pixels.max(axis=2) > 0].mean(axis=0)
    return RgbImage(square.width, square.height, pixels.tobytes())
