"""Good photographs spoilt on purpose: what is stopped, and whether the right reason is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from drscreen.adapters.imaging.field_of_view import as_array, find_field_of_view
from drscreen.adapters.imaging.quality import judge
from drscreen.adapters.imaging.quality_map import map_photograph
from drscreen.adapters.imaging.quality_measures import measure
from drscreen.adapters.imaging.quality_network import QualityNetwork
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.image import RgbImage
from drscreen.domain.quality import QualityVerdict
from drscreen.training.metrics import Floats
from drscreen.training.quality_photographs import blur_photograph, patient_fold, read_rows

#: Standard deviations of blur as shares of the field's diameter.
BLURS = (0.0, 0.004, 0.006, 0.008, 0.010, 0.012, 0.020)


def darkened(image: RgbImage) -> RgbImage:
    """A fifth of the light."""
    return _with_light(image, lambda _x, _y: 0.2)


def overexposed(image: RgbImage) -> RgbImage:
    """Two and a half times the light."""
    return _with_light(image, lambda _x, _y: 2.5)


def shaded(image: RgbImage) -> RgbImage:
    """A shadow over the middle, half the field wide, with a fifth of the light."""
    return _with_light(image, lambda x, y: 1 - 0.8 * np.clip((0.6 - np.hypot(x, y)) / 0.2, 0, 1))


SPOILING: dict[str, Callable[[RgbImage], RgbImage]] = {
    "blurred (0.015)": partial(blur_photograph, blur=0.015),
    "darkened": darkened,
    "overexposed": overexposed,
    "shaded": shaded,
}


def spoilt_verdicts(
    images: Path,
    labels: Path,
    spoil: Callable[[RgbImage], RgbImage],
    networks: list[QualityNetwork],
    *,
    every: int = 10,
) -> list[QualityVerdict]:
    """Verdicts on every `every`-th good photograph once spoilt, by networks it did not teach."""
    good = [row for row in read_rows(images, labels) if row["quality"] == "good"][::every]
    verdicts = []
    for row in good:
        image = spoil(PillowReader().decode(row.place.read()).image)
        field = find_field_of_view(image)
        network = networks[patient_fold(row.patient)]
        verdicts.append(judge(measure(image, field), map_photograph(image, field), network))
    return verdicts


def blurred_table(images: Path, labels: Path, networks: list[QualityNetwork]) -> str:
    """Markdown: what is stopped of good photographs that were blurred more and more."""
    lines = ["| blur, share of the diameter | stopped |", "|---|---|"]
    for blur in BLURS:
        verdicts = spoilt_verdicts(images, labels, partial(blur_photograph, blur=blur), networks)
        stopped = sum(not verdict.gradable for verdict in verdicts)
        lines.append(f"| {blur:.3f} | {stopped} / {len(verdicts)} |")
    return "\n".join(lines)


def reasons_table(images: Path, labels: Path, networks: list[QualityNetwork]) -> str:
    """Markdown: what is stopped of good photographs that were spoilt, and the reasons named."""
    lines = ["| good photographs | stopped | first reasons |", "|---|---|---|"]
    for name, spoil in SPOILING.items():
        verdicts = spoilt_verdicts(images, labels, spoil, networks)
        named = Counter(v.reasons[0].value for v in verdicts if v.reasons)
        told = ", ".join(f"{reason} {count}" for reason, count in named.most_common())
        lines.append(f"| {name} | {named.total()} / {len(verdicts)} | {told} |")
    return "\n".join(lines)


def _with_light(image: RgbImage, light: Callable[[Floats, Floats], Floats | float]) -> RgbImage:
    """Levels multiplied by `light(x, y)`; both run from -1 to 1 across the field."""
    field = find_field_of_view(image)
    x = (np.arange(image.width) - (field.left + field.right) / 2) * 2 / field.diameter
    y = (np.arange(image.height) - (field.top + field.bottom) / 2) * 2 / field.diameter
    gain = np.asarray(light(x[None, :], y[:, None]), dtype=np.float32)
    levels = as_array(image) * (gain[..., None] if gain.ndim else gain)
    pixels = np.clip(levels, 0, 255).astype(np.uint8)
    return RgbImage(image.width, image.height, pixels.tobytes())
