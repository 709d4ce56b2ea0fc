"""A photograph with what a data set says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.training.datasets.place import Place


@dataclass(frozen=True, slots=True)
class LabelledPhotograph:
    """A photograph with its reader's grade.

    `quality` is the data set's own word or empty; `layouts.UNGRADABLE` is the one
    that training heeds.
    `eye` is None where the data set does not tell. `columns` is the whole row of the labels file,
    by normalised column; empty where folders are the labels.
    """

    place: Place
    patient: str
    grade: Grade
    quality: str = ""
    eye: Laterality | None = None
    columns: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
