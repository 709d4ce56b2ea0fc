"""Phantoms: reproducible, recognisable by side and grade, and marked as drawings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from drscreen.adapters.imaging.field_of_view import as_array, find_field_of_view
from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.imaging.phantom_samples import COMMENT, SAMPLES, write_samples
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityReason

SAMPLE_FOLDER = Path(__file__).parents[3] / "resources" / "samples"


def _field(
    grade: Grade,
    seed: int = 3,
    eye: Laterality = Laterality.OD,
    defect: QualityReason | None = None,
    size: int = 480,
) -> npt.NDArray[np.float64]:
    """The drawn field of view alone, float (height, width, 3)."""
    drawn = draw_phantom(grade, seed=seed, eye=eye, size=size, defect=defect)
    found = find_field_of_view(drawn)
    array = as_array(drawn)
    return array[found.top : found.bottom, found.left : found.right].astype(np.float64)


def test_the_same_arguments_give_the_same_pixels() -> None:
    first = draw_phantom(Grade.SEVERE, seed=7, eye=Laterality.OS, size=320)
    assert draw_phantom(Grade.SEVERE, seed=7, eye=Laterality.OS, size=320) == first
    assert draw_phantom(Grade.SEVERE, seed=8, eye=Laterality.OS, size=320) != first


@pytest.mark.parametrize("eye", Laterality)
@pytest.mark.parametrize("grade", Grade)
def test_every_grade_of_every_eye_is_drawn_in_the_asked_size(grade: Grade, eye: Laterality) -> None:
    drawn = draw_phantom(grade, seed=1, eye=eye, size=256)
    assert drawn.width == 256
    assert 0.4 < find_field_of_view(drawn).coverage < 0.8


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("eye", "right"), [(Laterality.OD, True), (Laterality.OS, False)])
def test_the_disc_lies_nasally(eye: Laterality, right: bool, seed: int) -> None:
    green = _field(Grade.NONE, seed=seed, eye=eye)[..., 1]
    brightest = np.argwhere(green >= np.percentile(green, 99.5)).mean(axis=0)
    assert (brightest[1] > green.shape[1] / 2) == right


def _added_by(grade: Grade) -> npt.NDArray[np.bool_]:
    """Pixels of a healthy eye that `grade`'s lesions made much darker in green."""
    return _field(Grade.NONE)[..., 1] - _field(grade)[..., 1] > 18


def test_blood_grows_from_none_to_severe() -> None:
    areas = [int(_added_by(grade).sum()) for grade in list(Grade)[:4]]
    assert areas == sorted(areas)
    assert len(set(areas)) == len(areas)


def test_a_severe_eye_bleeds_in_all_four_quadrants() -> None:
    added = _added_by(Grade.SEVERE)
    middle_y, middle_x = added.shape[0] // 2, added.shape[1] // 2
    for rows in (slice(None, middle_y), slice(middle_y, None)):
        for columns in (slice(None, middle_x), slice(middle_x, None)):
            assert added[rows, columns].mean() > 0.004


def test_moderate_and_above_show_yellow_exudates_that_mild_does_not() -> None:
    healthy = _field(Grade.NONE)[..., 1]
    brighter = [int((_field(grade)[..., 1] - healthy > 30).sum()) for grade in Grade]
    assert brighter[1] < 20 < min(brighter[2:])


def test_defects_spoil_what_their_name_says() -> None:
    sound = _field(Grade.NONE)
    dark = _field(Grade.NONE, defect=QualityReason.TOO_DARK)
    bright = _field(Grade.NONE, defect=QualityReason.TOO_BRIGHT)
    blurred = _field(Grade.NONE, defect=QualityReason.OUT_OF_FOCUS)
    small = _field(Grade.NONE, defect=QualityReason.FIELD_TOO_SMALL)
    shaded = _field(Grade.NONE, defect=QualityReason.UNEVEN_LIGHT)
    outer = _field(Grade.NONE, defect=QualityReason.NOT_FUNDUS)
    assert dark.mean() < 0.25 * sound.mean()
    middle, side = np.s_[170:210, 170:210], np.s_[170:210, 40:80]
    assert shaded[middle].mean() < 0.3 * sound[middle].mean()
    assert shaded[side].mean() > 0.7 * sound[side].mean()
    assert bright[..., 2].mean() > 2 * sound[..., 2].mean()
    inner = (slice(120, 260), slice(120, 260), 1)
    # Five pixels apart, so that vessels count and sensor noise does not.
    edges = [float(np.abs(im[inner][:, 5:] - im[inner][:, :-5]).mean()) for im in (sound, blurred)]
    assert edges[1] < 0.8 * edges[0]
    assert max(small.shape) < 0.5 * max(sound.shape)
    assert outer.shape[0] > 1.04 * sound.shape[0]  # no black rim around the front of an eye


def test_too_small_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match="phantom of 63 pixels"):
        draw_phantom(Grade.NONE, seed=1, eye=Laterality.OD, size=63)


@pytest.mark.parametrize("defect", [None, *QualityReason])
def test_the_caption_stands_in_the_corner(defect: QualityReason | None) -> None:
    drawn = draw_phantom(Grade.NONE, seed=2, eye=Laterality.OD, size=600, defect=defect)
    corner = as_array(drawn)[-40:, :80].astype(int)
    grey = (np.ptp(corner, axis=2) == 0) & (corner[..., 0] > 60)
    assert grey.sum() > 60


def test_samples_are_what_the_repository_holds(tmp_path: Path) -> None:
    write_samples(tmp_path)
    listed = json.loads((SAMPLE_FOLDER / "samples.json").read_text(encoding="utf-8"))
    assert listed == json.loads((tmp_path / "samples.json").read_text(encoding="utf-8"))
    assert {row["file"] for row in listed} == {path.name for path in SAMPLE_FOLDER.glob("*.jpg")}
    for sample in SAMPLES:
        with (
            Image.open(SAMPLE_FOLDER / sample.file) as kept,
            Image.open(tmp_path / sample.file) as fresh,
        ):
            assert kept.info["comment"] == COMMENT.encode()
            # Another Pillow may compress a little differently; the drawing is the same.
            difference = np.asarray(kept, dtype=float) - np.asarray(fresh, dtype=float)
            assert np.abs(difference).mean() < 1.0


def test_samples_cover_all_grades_and_a_spoilt_picture() -> None:
    assert {sample.grade for sample in SAMPLES if sample.defect is None} == set(Grade)
    assert {sample.defect for sample in SAMPLES} == {None, QualityReason.OUT_OF_FOCUS}
    total = sum((SAMPLE_FOLDER / sample.file).stat().st_size for sample in SAMPLES)
    assert total < 2_000_000
