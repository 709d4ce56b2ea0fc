from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from drscreen.domain.grading import Grade
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.datasets.place import Place
from drscreen.training.split import split_patients


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(Grade)), min_size=1, max_size=120),
    st.integers(2, 5),
    st.integers(0, 5),
)
def test_a_split_keeps_patients_whole_and_folds_even(
    rows: list[tuple[int, Grade]], folds: int, seed: int
) -> None:
    photographs = [
        LabelledPhotograph(Place(Path(f"{i}")), str(p), g) for i, (p, g) in enumerate(rows)
    ]
    split = split_patients(photographs, folds, seed)
    assert set(split) == {p.patient for p in photographs}
    sizes = [list(split.values()).count(fold) for fold in range(folds)]
    assert max(sizes) - min(sizes) <= 1
    assert split == split_patients(photographs[::-1], folds, seed)
