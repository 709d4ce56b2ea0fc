from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drscreen.adapters.imaging.field_of_view import as_array, find_field_of_view, prepare_square
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.image import InputSpec, RgbImage
from tests.shared_data import SHARED_DATA, needs_real_photographs

SPEC = InputSpec(128, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def picture(array: npt.NDArray[Any]) -> RgbImage:
    return RgbImage(array.shape[1], array.shape[0], array.astype(np.uint8).tobytes())


def disc(
    width: int, height: int, centre: tuple[int, int], radius: int, level: int = 120
) -> npt.NDArray[Any]:
    rows, columns = np.mgrid[:height, :width]
    inside = (columns - centre[0]) ** 2 + (rows - centre[1]) ** 2 <= radius**2
    return np.where(inside[..., None], (level, level // 2, level // 3), (3, 2, 4))


@settings(max_examples=40, deadline=None)
@given(
    radius=st.integers(100, 240),
    x=st.integers(250, 550),
    y=st.integers(250, 350),
    level=st.integers(40, 250),
)
def test_a_lit_disc_is_found_wherever_it_lies(radius: int, x: int, y: int, level: int) -> None:
    field = find_field_of_view(picture(disc(800, 600, (x, y), radius, level)))
    slack = 0.025 * 800
    assert field.left == pytest.approx(max(0, x - radius), abs=slack)
    assert field.right == pytest.approx(min(800, x + radius), abs=slack)
    assert field.top == pytest.approx(max(0, y - radius), abs=slack)
    assert field.bottom == pytest.approx(min(600, y + radius), abs=slack)


def test_a_burnt_in_date_does_not_widen_the_field() -> None:
    array = disc(800, 600, (400, 300), 220)
    for column in range(720, 790, 6):
        array[10:25, column : column + 3] = 255
    field = find_field_of_view(picture(array))
    assert field.right < 640
    assert field.top > 60


@settings(max_examples=30, deadline=None)
@given(width=st.integers(96, 500), height=st.integers(96, 500))
def test_squares_keep_proportions(width: int, height: int) -> None:
    radius = min(width, height) // 2 - 4
    square = prepare_square(picture(disc(width, height, (width // 2, height // 2), radius)), SPEC)
    lit = as_array(square).max(axis=2) > 30
    assert (square.width, square.height) == (SPEC.size, SPEC.size)
    assert int(lit.any(axis=0).sum()) == pytest.approx(int(lit.any(axis=1).sum()), abs=6)
    assert lit.any(axis=0).sum() > 0.9 * SPEC.size


def test_a_field_cut_off_above_and_below_is_centred_on_black() -> None:
    square = as_array(prepare_square(picture(disc(800, 400, (400, 200), 300)), SPEC))
    assert square[:15].max() == 0
    assert square[-15:].max() == 0
    assert square[SPEC.size // 2].max() > 60


@pytest.mark.parametrize("level", [0, 3, 128, 255])
def test_a_picture_of_one_colour_is_prepared_all_the_same(level: int) -> None:
    flat = picture(np.full((200, 300, 3), level))
    assert find_field_of_view(flat).coverage == (0.0 if level < 6 else 1.0)
    assert prepare_square(flat, SPEC).width == SPEC.size


@needs_real_photographs
def test_real_photographs_fill_their_square() -> None:
    reader = PillowReader()
    for path in sorted((SHARED_DATA / "fullsize").glob("*.jpeg")):
        square = as_array(prepare_square(reader.decode(reader.read(path)).image, SPEC))
        columns = (square.max(axis=2) > 20).any(axis=0)
        assert columns.mean() > 0.95
