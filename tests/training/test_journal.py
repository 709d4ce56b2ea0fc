"""What was predicted outlives the process, whatever ended it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drscreen.domain.errors import FileUnwritable
from drscreen.domain.grading import Grade, grade_photograph
from drscreen.domain.quality import QualityReason, QualityVerdict
from drscreen.domain.referral import Decision, decide
from drscreen.training.journal import Journal, Prediction
from tests.fakes.screening import SPEC

POINT = SPEC.operating_point


def graded(name: str, *logits: float) -> Prediction:
    quality = QualityVerdict(gradable=True, score=0.1 + 0.2)
    grading = grade_photograph(logits, 1.3, POINT)
    return Prediction(name, quality, grading, decide(quality, grading, POINT))


FIRST = graded("a", 0.1, 0.7, -3.3, 1 / 3, 2.0)
SECOND = graded("b", 5.0, 0.0, 0.0, 0.0, 0.0)
BLURRED = Prediction(
    "c",
    QualityVerdict(False, 0.2, (QualityReason.OUT_OF_FOCUS, QualityReason.TOO_DARK)),
    None,
    Decision.REPEAT_PHOTOGRAPH,
)


def test_predictions_come_back_to_the_last_bit(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "journal.jsonl"
    with Journal(file, "maker") as journal:
        assert journal.find("a") is None
        for prediction in (FIRST, SECOND, BLURRED):
            journal.keep(prediction)
    with Journal(file, "maker") as journal:
        assert [journal.find(name) for name in "abc"] == [FIRST, SECOND, BLURRED]


def test_another_maker_s_predictions_are_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    with Journal(file, "one") as journal:
        journal.keep(FIRST)
    with Journal(file, "other") as journal:
        assert journal.find("a") is None
        journal.keep(graded("a", 0.0, 0.0, 0.0, 0.0, 9.0))
    with Journal(file, "one") as journal:
        assert journal.find("a") == FIRST


@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_a_line_that_breaks_off_costs_that_line_alone(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "journal.jsonl"
    with Journal(file, "maker") as journal:
        journal.keep(FIRST)
        journal.keep(SECOND)
    file.write_bytes(file.read_bytes()[:-cut])
    with Journal(file, "maker") as journal:
        assert journal.find("a") == FIRST
        journal.keep(BLURRED)
    with Journal(file, "maker") as journal:
        assert (journal.find("a"), journal.find("c")) == (FIRST, BLURRED)
        # Only its line's end was lost, or more: then it is screened again.
        assert journal.find("b") == (SECOND if cut == 1 else None)


@pytest.mark.parametrize(
    "nonsense",
    [
        "[]",
        "{}",
        '{"maker":"m","photograph":"a","quality":3,"grading":null,"decision":"refer"}',
        '{"maker":"m","photograph":"a","quality":{"score":9,"reasons":[]},"grading":null,'
        '"decision":"refer"}',
    ],
)
def test_lines_that_are_not_ours_are_passed_over(tmp_path: Path, nonsense: str) -> None:
    file = tmp_path / "journal.jsonl"
    with Journal(file, "m") as journal:
        journal.keep(SECOND)
    file.write_text(nonsense + "\n" + file.read_text())
    with Journal(file, "m") as journal:
        assert (journal.find("a"), journal.find("b")) == (None, SECOND)


def test_a_foreign_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear colleague,\n")
    with pytest.raises(FileUnwritable, match="no journal"):
        Journal(file, "maker")
    assert file.read_text() == "Dear colleague,\n"
    with pytest.raises(FileUnwritable, match="cannot be read or written"):
        Journal(tmp_path, "maker")


def test_nothing_of_a_person_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    with Journal(file, "maker") as journal:
        journal.keep(FIRST)
    (line,) = map(json.loads, file.read_text().splitlines())
    assert set(line) == {"maker", "photograph", "quality", "grading", "decision"}
    assert Grade(line["grading"]["grade"])
