"""The overlay shows the photograph, the heat where it is, and says what it is."""

from __future__ import annotations

import numpy as np

from drscreen.adapters.imaging.field_of_view import as_array
from drscreen.adapters.imaging.overlay import draw_overlay
from drscreen.domain.explanation import CellMap, Explanation
from drscreen.domain.image import RgbImage

SIDE = 200
SQUARE = RgbImage(SIDE, SIDE, bytes([60, 60, 60]) * SIDE * SIDE)


def halves(explanation: Explanation) -> tuple[np.ndarray, np.ndarray]:
    drawn = as_array(draw_overlay(SQUARE, explanation)).astype(int)
    assert drawn.shape[1] == 2 * SIDE
    assert drawn[SIDE:].max() > 150, "the notice below"
    return drawn[:SIDE, :SIDE], drawn[:SIDE, SIDE:]


def test_heat_lies_where_it_was_found_and_nowhere_else() -> None:
    heat = CellMap(4, tuple(1.0 if cell == 5 else 0.0 for cell in range(16)))
    plain, marked = halves(Explanation(heat, {}))
    assert (plain == 60).all()
    assert (marked[75, 75] - plain[75, 75])[0] > 50
    assert (marked[150:, 150:] == 60).all()


def test_no_heat_lies_beyond_the_retina() -> None:
    black = RgbImage(SIDE, SIDE, bytes([4, 3, 3]) * SIDE * SIDE)
    warm = Explanation(CellMap(2, (1.0,) * 4), {})
    drawn = as_array(draw_overlay(black, warm))
    assert drawn[:SIDE].max() == 4


def test_suspected_lesions_are_outlined_cell_by_cell() -> None:
    cold = CellMap(2, (0.0,) * 4)
    exudates = CellMap(2, (0.0, 0.9, 0.1, 0.4))
    _, marked = halves(Explanation(cold, {"hard exudate": exudates}))
    assert (marked[0, 150] != 60).any()
    assert (marked[101:, :99] == 60).all()
