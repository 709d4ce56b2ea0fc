"""The pictures say in text what the card says, are the same every time, and survive odd data."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from drscreen.domain.errors import PlottingUnavailable
from drscreen.domain.grading import Grade, grade_photograph
from drscreen.domain.referral import Decision
from drscreen.training.calibration import Calibration, calibrate
from drscreen.training.evaluation import EvaluatedPhotograph, Evaluation, evaluate
from drscreen.training.metrics import shown
from drscreen.training.plots import (
    write_confusion,
    write_loss_curve,
    write_reliability,
    write_risk_coverage,
    write_roc,
)

Measured = tuple[list[EvaluatedPhotograph], Evaluation, Calibration]


def measured(truth: Sequence[int]) -> Measured:
    grades = np.array(truth, dtype=np.int64)
    seen = grades + np.random.default_rng(3).normal(0, 0.7, grades.size)
    logits = -((seen[:, None] - np.arange(5)) ** 2)
    found = calibrate(logits, grades)
    rows = [
        EvaluatedPhotograph(
            str(index // 2),
            Grade(grade),
            grade_photograph(logits[index].tolist(), found.temperature, found.operating_point),
            Decision.REFER,
        )
        for index, grade in enumerate(truth)
    ]
    return rows, evaluate(rows), found


@pytest.fixture(scope="module")
def some() -> Measured:
    return measured([0] * 60 + [1] * 10 + [2] * 20 + [3] * 6 + [4] * 4)


def words(path: Path) -> str:
    """What a reader of the SVG reads, a line for each text."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", path.read_text(encoding="utf-8"), re.S)
    return "\n".join(html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for text in texts)


def test_roc_names_areas_and_counts(some: Measured, tmp_path: Path) -> None:
    rows, evaluation, _ = some
    text = words(write_roc(tmp_path, rows, evaluation))
    assert "grade 2 and above (referable), n = 30 of 100" in text
    assert "grade 3 and above, n = 10 of 100" in text
    assert f"AUC {shown(evaluation.auc_referable)}" in text
    assert f"AUC {shown(evaluation.auc_vision_threatening)}" in text
    assert "100 photographs of 50 patients" in text
    assert f"{evaluation.sensitivity.value:.1%} sensitive" in text


def test_reliability_counts_every_photograph(some: Measured, tmp_path: Path) -> None:
    rows, evaluation, _ = some
    text = words(write_reliability(tmp_path, rows, evaluation))
    assert f"expected calibration error {shown(evaluation.calibration_error)}" in text
    assert "n = 10 each" in text
    told = [(int(a), int(b)) for a, b in re.findall(r"^(\d+)/(\d+)$", text, re.M)]
    assert (sum(a for a, _ in told), sum(b for _, b in told)) == (30, 100)


def test_confusion_shows_the_evaluations_counts(some: Measured, tmp_path: Path) -> None:
    _, evaluation, _ = some
    text = words(write_confusion(tmp_path, evaluation)).split("\n")
    cells = [line for before, line in zip(text[1:], text, strict=False) if "%" in before]
    flat = [str(count) for row in evaluation.confusion for count in row]
    assert cells[: len(flat)] == flat
    assert "n = 60" in text
    assert any(shown(evaluation.kappa) in line for line in text)


def test_risk_coverage_says_which_band_and_at_what_price(some: Measured, tmp_path: Path) -> None:
    *_, found = some
    text = words(write_risk_coverage(tmp_path, found))
    band = found.band
    assert f"{band.low:.3f} to {band.high:.3f} (odds x {band.factor:.2f})" in text
    assert f"{100 - band.decided} of 100" in text
    assert f"{band.referable_missed} of {band.referable_decided} referable decided" in text


def test_loss_curve_counts_a_repeated_step_once(tmp_path: Path) -> None:
    before = [{"step": step, "loss": 0.9, "kappa": float("nan")} for step in (20, 40, 60)]
    after = [{"step": step, "loss": 0.5, "kappa": 0.25} for step in (40, 60, 80)]
    text = words(write_loss_curve(tmp_path, before + after))
    assert "training step (n = 4 logged)" in text
    assert "loss 0.500 at step 80" in text
    assert "kappa 0.250 at step 80" in text


def test_a_log_without_kappa_or_without_anything_is_drawn(tmp_path: Path) -> None:
    assert "kappa" not in words(write_loss_curve(tmp_path, [{"step": 20, "loss": 0.5}]))
    assert "n = 0 logged" in words(write_loss_curve(tmp_path, []))


@pytest.mark.parametrize("truth", [[0] * 12, [4] * 12, []], ids=["healthy", "ill", "nobody"])
def test_what_is_not_determined_is_said(truth: list[int], tmp_path: Path) -> None:
    rows: list[EvaluatedPhotograph] = []
    evaluation = evaluate(rows)
    if truth:
        rows, evaluation, found = measured(truth)
        write_risk_coverage(tmp_path, found)
    assert words(write_roc(tmp_path, rows, evaluation)).count("AUC not determined") == 2
    write_reliability(tmp_path, rows, evaluation)
    write_confusion(tmp_path, evaluation)


def draw_all(folder: Path, what: Measured) -> list[Path]:
    rows, evaluation, found = what
    return [
        write_loss_curve(folder, [{"step": 20, "loss": 0.5}, {"step": 40, "loss": 0.4}]),
        write_roc(folder, rows, evaluation),
        write_reliability(folder, rows, evaluation),
        write_confusion(folder, evaluation),
        write_risk_coverage(folder, found),
    ]


def test_every_picture_is_the_same_again_and_says_what_it_is_not(
    some: Measured, tmp_path: Path
) -> None:
    first, second = (draw_all(tmp_path / name / "figures", some) for name in ("one", "two"))
    assert len({path.name for path in first}) == 5
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert "Research use, not a cleared device." in words(one)
        assert str(tmp_path) not in one.read_text(encoding="utf-8")


def test_a_missing_matplotlib_names_the_one_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PlottingUnavailable) as caught:
        write_loss_curve(tmp_path, [])
    assert 'pip install "matplotlib>=3.9"' in caught.value.advice
    assert caught.value.code == "plotting_unavailable"
    assert list(tmp_path.iterdir()) == []


def test_the_users_matplotlib_settings_neither_change_nor_show(tmp_path: Path) -> None:
    import matplotlib

    entries = [{"step": 20, "loss": 0.5}, {"step": 40, "loss": 0.4}]
    usual = write_loss_curve(tmp_path / "usual", entries).read_bytes()
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": "mine"}):
        assert write_loss_curve(tmp_path / "odd", entries).read_bytes() == usual
        assert (matplotlib.rcParams["font.size"], matplotlib.rcParams["svg.hashsalt"]) == (
            20,
            "mine",
        )
