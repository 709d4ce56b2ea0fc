"""What a network says of every photograph of data sets, from a journal where it is known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from drscreen.domain.errors import PhotographError
from drscreen.domain.screening import ScreeningRequest, ScreeningResult
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.datasets.report import Finding, Kind
from drscreen.training.evaluation import EvaluatedPhotograph
from drscreen.training.journal import Journal, Prediction, as_prediction

Screen = Callable[[ScreeningRequest], ScreeningResult]


@dataclass(frozen=True, slots=True)
class Sourced:
    """A labelled photograph and the name of its data set."""

    source: str
    photograph: LabelledPhotograph


@dataclass(slots=True)
class Predicted:
    """`rows` beside the `photographs` that they speak of; `left_out` says why others have none.

    `from_journal` counts predictions that were not made anew.
    """

    rows: list[EvaluatedPhotograph] = field(default_factory=list)
    photographs: list[Sourced] = field(default_factory=list)
    left_out: list[Finding] = field(default_factory=list)
    from_journal: int = 0


def predict_all(
    photographs: Sequence[Sourced],
    screen: Screen,
    journal: Journal,
    step: Callable[[], None] = lambda: None,
) -> Predicted:
    """Screen each photograph that `journal` does not know, and keep what is said.

    `screen` takes a place's address (`PlaceReader`). A photograph that cannot be read, and one
    whose bytes were seen before, is left out: the same bytes twice are not two observations.
    `step` is called after each. Raises `PredictionFailed` or `FileUnwritable`; the journal has what
    was done until then.
    """
    predicted = Predicted()
    seen: dict[str, LabelledPhotograph] = {}
    for sourced in photographs:
        photograph = sourced.photograph
        try:
            sha256 = hashlib.sha256(photograph.place.read()).hexdigest()
            first = seen.setdefault(sha256, photograph)
            if first is not photograph:
                predicted.left_out.append(_copy(photograph, first))
            else:
                prediction = journal.find(sha256)
                predicted.from_journal += prediction is not None
                if prediction is None:
                    prediction = as_prediction(screen(ScreeningRequest(photograph.place.address)))
                    journal.keep(prediction)
                predicted.rows.append(_row(photograph, prediction))
                predicted.photographs.append(sourced)
        except PhotographError as error:
            where = str(photograph.place.address)
            predicted.left_out.append(Finding(Kind.UNREADABLE, where, error.message))
        step()
    return predicted


def pairs(one: Predicted, other: Predicted) -> Iterator[tuple[EvaluatedPhotograph, ...]]:
    """Rows of the photographs that both have, side by side."""
    known = {id(s.photograph): row for s, row in zip(other.photographs, other.rows, strict=True)}
    for sourced, row in zip(one.photographs, one.rows, strict=True):
        if id(sourced.photograph) in known:
            yield row, known[id(sourced.photograph)]


def _row(photograph: LabelledPhotograph, prediction: Prediction) -> EvaluatedPhotograph:
    return EvaluatedPhotograph(
        photograph.patient, photograph.grade, prediction.grading, prediction.decision
    )


def _copy(copy: LabelledPhotograph, first: LabelledPhotograph) -> Finding:
    same = copy.patient == first.patient
    kind = Kind.COPY if same else Kind.COPY_OF_ANOTHER_PATIENT
    grades = "" if copy.grade == first.grade else ", there with another grade"
    return Finding(kind, str(copy.place.address), f"is {first.place.name}{grades}")
