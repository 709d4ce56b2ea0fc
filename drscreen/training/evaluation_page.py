"""An evaluation as one page of HTML with its plots, to be kept and printed."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from drscreen.domain.errors import PlottingUnavailable
from drscreen.domain.grading import REFERABLE_FROM, Grade, OperatingPoint
from drscreen.training.calibration import Calibration, band_between, risk_coverage
from drscreen.training.evaluation import EvaluatedPhotograph, Evaluation
from drscreen.training.evaluation_report import (
    ALL_FIGURES,
    GROUP_FIGURES,
    EvaluationReport,
    point_in_words,
)
from drscreen.training.metrics import RESAMPLES, Floats, shown
from drscreen.training.page import embedded_plots, plot_in, render
from drscreen.training.plots import (
    write_confusion,
    write_reliability,
    write_risk_coverage,
    write_roc,
)

TEMPLATE = "evaluation.html"


def evaluation_page(report: EvaluationReport, templates: Path, notice: str, made: str) -> str:
    """The page; `notice` is the sentence on research use, `made` says when.

    Without matplotlib it has a sentence in place of the plots.
    """
    evaluation = report.evaluation
    plots: list[tuple[str, str]] = []
    lacking = ""
    try:
        plots = _plots(report) if evaluation.graded else []
    except PlottingUnavailable as error:
        lacking = f"{error.message} {error.advice}"
    content = {
        "network": report.network,
        "against": report.against,
        "notice": notice,
        "made": made,
        "resamples": RESAMPLES,
        "datasets": report.datasets,
        "left_out": report.left_out,
        "cautions": report.cautions,
        "point": point_in_words(report.network.operating_point),
        "evaluation": evaluation,
        "figures": [
            (label, shown(getattr(evaluation, name))) for name, label in ALL_FIGURES.items()
        ],
        "grades": [
            (grade, Grade(grade.grade).title, evaluation.confusion[grade.grade])
            for grade in evaluation.per_grade
        ],
        "shown": shown,
        "group_headings": list(GROUP_FIGURES.values()),
        "groups": {name: _group_rows(parts) for name, parts in report.groups.items()},
        "comparison": report.comparison,
        "labels": ALL_FIGURES,
        "plots": plots,
        "lacking": lacking,
    }
    return render(templates, TEMPLATE, content)


def _group_rows(parts: Mapping[str, Evaluation]) -> list[tuple[str, Evaluation, list[str]]]:
    return [
        (value, part, [shown(getattr(part, name), 2) for name in GROUP_FIGURES])
        for value, part in parts.items()
    ]


def _plots(report: EvaluationReport) -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_roc(place, report.rows, report.evaluation)
        write_reliability(place, report.rows, report.evaluation)
        write_confusion(place, report.evaluation)
        calibration = as_decided(report.rows, report.network.operating_point)
        if calibration is not None:
            write_risk_coverage(place, calibration)
        return embedded_plots(partial(plot_in, place))


def as_decided(rows: Sequence[EvaluatedPhotograph], point: OperatingPoint) -> Calibration | None:
    """The risk-coverage curve of these photographs about a bundle's own threshold, and its own band
    on it; None for thresholds of 0 or 1, about which no band of odds lies.
    """
    if not 0 < point.abstain_low <= point.referable <= point.abstain_high < 1:
        return None
    graded = [(row.truth, row.grading) for row in rows if row.grading is not None]
    positive = np.array([truth >= REFERABLE_FROM for truth, _ in graded], dtype=bool)
    probability: Floats = np.array([grading.referable_probability for _, grading in graded])
    low, high = point.abstain_low, point.abstain_high
    band = band_between(
        probability,
        positive,
        point.referable,
        factor=math.sqrt(high / (1 - high) * (1 - low) / low),
        low=low,
        high=high,
    )
    curve = risk_coverage(probability, positive, point.referable)
    # Measured, not fitted: the temperature is in the probabilities already.
    return Calibration(1.0, point, curve, band)
