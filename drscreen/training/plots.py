"""Pictures of a training and its measurement, one SVG each, for the card and for people.

Every function writes one file into a folder, which it makes where it is missing, returns the file's
path and raises `PlottingUnavailable` where matplotlib is not installed. Intervals in words are the
evaluation's, over patients; whiskers are Wilson's, over photographs, and somewhat short where
patients have two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from drscreen.domain.grading import REFERABLE_FROM, VISION_THREATENING_FROM, Grade
from drscreen.training.calibration import COVERAGE_FLOOR, Calibration
from drscreen.training.evaluation import EvaluatedPhotograph, Evaluation
from drscreen.training.metrics import (
    Floats,
    equally_filled,
    roc_curve,
    shown,
    wilson_interval,
)
from drscreen.training.picture import BLUE, GREY, SKY, VERMILLION, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The running mean of the loss spans this share of the entries.
_SMOOTHED_OVER = 0.05


def write_loss_curve(folder: Path, entries: Sequence[Mapping[str, float]]) -> Path:
    """``loss.svg`` from the entries of a run's log: ``step``, and ``loss`` or ``kappa`` or both.

    A step that was logged twice, before and after a run was resumed, counts once.
    """
    with picture(folder / "loss.svg", 6.4, 5.4) as figure:
        drawn = [
            (what, label, colour, steps, values)
            for what, label, colour in (
                ("loss", "loss (nats)", BLUE),
                ("kappa", "quadratic weighted kappa\n(photographs trained on)", VERMILLION),
            )
            for steps, values in [_logged(entries, what)]
            if steps.size or what == "loss"
        ]
        stacked = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (what, label, colour, steps, values) in zip(stacked, drawn, strict=True):
            axes.set_ylabel(label)
            if steps.size:
                window = math.ceil(_SMOOTHED_OVER * steps.size)
                means = np.convolve(values, np.full(window, 1 / window), "valid")
                axes.plot(steps, values, ".", color=GREY, markersize=3, label="as logged")
                name = f"mean of {window}, {what} {means[-1]:.3f} at step {steps[-1]:.0f}"
                axes.plot(steps[window - 1 :], means, color=colour, linewidth=2, label=name)
                axes.legend()
        stacked[0].set_title("Training")
        stacked[-1].set_xlabel(f"training step (n = {drawn[0][3].size} logged)")
    return folder / "loss.svg"


def write_roc(folder: Path, rows: Sequence[EvaluatedPhotograph], evaluation: Evaluation) -> Path:
    """``roc.svg``: referable, and grade 3 and above, with the AUCs of `evaluation` of these rows.

    A curve for which one class does not occur is named and not drawn.
    """
    graded = [(row.truth, row.grading) for row in rows if row.grading is not None]
    patients = {row.patient for row in rows if row.grading is not None}
    truth = np.array([grade for grade, _ in graded], dtype=np.int64)
    curves = (
        (
            f"grade {REFERABLE_FROM} and above (referable)",
            truth >= REFERABLE_FROM,
            np.array([grading.referable_probability for _, grading in graded]),
            evaluation.auc_referable,
            BLUE,
            "-",
        ),
        (
            f"grade {VISION_THREATENING_FROM} and above",
            truth >= VISION_THREATENING_FROM,
            np.array([grading.vision_threatening_probability for _, grading in graded]),
            evaluation.auc_vision_threatening,
            VERMILLION,
            "--",
        ),
    )
    with picture(folder / "roc.svg", 6.0, 6.2) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], ":", color=GREY, label="chance")
        for name, positive, score, auc, colour, line in curves:
            n = f"n = {positive.sum()} of {positive.size}"
            alarms, found = (np.empty(0), np.empty(0))
            if auc.value is not None:
                alarms, found = roc_curve(positive, score)
            figures = "not determined" if auc.value is None else shown(auc)
            label = f"{name}, {n}\nAUC {figures}"
            axes.plot(alarms, found, color=colour, linestyle=line, linewidth=2, label=label)
        sensitivity, specificity = evaluation.sensitivity.value, evaluation.specificity.value
        if sensitivity is not None and specificity is not None:
            label = f"operating point: {sensitivity:.1%} sensitive, {specificity:.1%} specific"
            axes.plot(1 - specificity, sensitivity, "o", color=BLUE, markersize=8, label=label)
        axes.set(
            title=f"ROC, {len(graded)} photographs of {len(patients)} patients",
            xlabel="1 - specificity (share of the others called)",
            ylabel="sensitivity (share found)",
            aspect="equal",
        )
        axes.legend(loc="lower right")
    return folder / "roc.svg"


def write_reliability(
    folder: Path, rows: Sequence[EvaluatedPhotograph], evaluation: Evaluation
) -> Path:
    """``reliability.svg``: stated against observed frequency of referable, over the bins of the
    calibration error, each with Wilson's interval; below, how many photographs were told what.
    """
    graded = [(row.truth, row.grading) for row in rows if row.grading is not None]
    positive = np.array([grade >= REFERABLE_FROM for grade, _ in graded], dtype=bool)
    stated = np.array([grading.referable_probability for _, grading in graded], dtype=np.float64)
    with picture(folder / "reliability.svg", 6.0, 7.0) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.4))
        above.plot([0, 1], [0, 1], ":", color=GREY, label="as stated")
        bins = equally_filled(stated)
        points = [
            (
                float(stated[part].mean()),
                float(positive[part].mean()),
                wilson_interval(int(positive[part].sum()), part.size),
            )
            for part in bins
        ]
        sizes = " or ".join(str(size) for size in sorted({part.size for part in bins}))
        _with_bars(above, points, f"n = {sizes} each, 95% interval")
        error = shown(evaluation.calibration_error)
        above.set(
            title=f"Reliability of 'referable', {len(graded)} photographs\n"
            f"expected calibration error {error}",
            ylabel="observed share referable",
            ylim=(-0.02, 1.02),
        )
        above.legend()
        edges = np.linspace(0, 1, 11)
        everyone, referable = (np.histogram(p, edges)[0] for p in (stated, stated[positive]))
        left, width = edges[:-1], 0.094
        n = f"referable (n = {positive.sum()})"
        below.bar(left, referable, width, align="edge", color=VERMILLION, hatch="///", label=n)
        n = f"not referable (n = {(~positive).sum()})"
        below.bar(left, everyone - referable, width, referable, align="edge", color=SKY, label=n)
        for edge, some, every in zip(left, referable, everyone, strict=True):
            below.annotate(
                f"{some}/{every}" if every else "",
                (edge + width / 2, every),
                (0, 2),
                ha="center",
                fontsize=8,
                textcoords="offset points",
            )
        below.set(
            xlabel="stated probability of referable",
            ylabel="photographs\n(referable / all)",
            xlim=(0, 1),
        )
        below.margins(y=0.2)
        below.legend()
    return folder / "reliability.svg"


def write_confusion(folder: Path, evaluation: Evaluation) -> Path:
    """``confusion.svg``: counts, shaded by the share of the reader's grade; readers in rows."""
    counts = np.array(evaluation.confusion)
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, None]
    with picture(folder / "confusion.svg", 6.4, 5.6) as figure:
        axes = figure.subplots()
        axes.grid(visible=False)
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(shares):
            text = f"{counts[row, column]}\n{share:.0%}" if totals[row] else "0"
            colour = "white" if share > 0.5 else "black"
            axes.text(column, row, text, ha="center", va="center", color=colour)
        axes.axhline(REFERABLE_FROM - 0.5, color=VERMILLION, linestyle="--")
        axes.axvline(REFERABLE_FROM - 0.5, color=VERMILLION, linestyle="--")
        short = [grade.title.removesuffix(" NPDR").removesuffix(" DR") for grade in Grade]
        short[0] = "None"
        axes.set_xticks(range(5), [f"{g}\n{t}" for g, t in enumerate(short)], fontsize=9)
        names = [f"{g} {t}\nn = {n}" for g, (t, n) in enumerate(zip(short, totals, strict=True))]
        axes.set_yticks(range(5), names, fontsize=9)
        axes.set(
            title=f"{evaluation.graded} photographs, quadratic weighted kappa\n"
            f"{shown(evaluation.kappa)}; dashed: referable from here on",
            xlabel="program's grade (ICDR)",
            ylabel="reader's grade (ICDR)",
        )
        figure.colorbar(image, label="share of the reader's grade", shrink=0.8)
    return folder / "confusion.svg"


def write_risk_coverage(folder: Path, calibration: Calibration) -> Path:
    """``risk_coverage.svg``: what each band about the threshold leaves decided, and how wrongly."""
    curve, band = calibration.curve, calibration.band
    everyone, referable = curve[0].decided, curve[0].referable_decided
    with picture(folder / "risk_coverage.svg", 6.4, 6.8) as figure:
        stacked = figure.subplots(2, 1, sharex=True)
        spans = [
            (p.coverage, p.missed_share, wilson_interval(p.referable_missed, p.referable_decided))
            for p in curve
            if p.missed_share is not None
        ]
        _with_bars(stacked[0], spans)
        wrong = [p for p in curve if p.wrong_share is not None]
        stacked[1].plot(
            [p.coverage for p in wrong],
            [p.wrong_share for p in wrong],
            "s-",
            color=VERMILLION,
        )
        for axes, share in zip(stacked, (band.missed_share, band.wrong_share), strict=True):
            axes.axvline(COVERAGE_FLOOR, linestyle="--", color=GREY)
            at = [] if share is None else [share]
            axes.plot([band.coverage] * len(at), at, "kD", markersize=11, fillstyle="none")
            axes.set_ylim(bottom=0)
        figure.suptitle(
            f"Bands about the threshold {calibration.operating_point.referable:.3f}; dashed: at "
            f"least {COVERAGE_FLOOR:.0%} decided\n"
            f"diamond: the band chosen, {band.low:.3f} to {band.high:.3f} (odds x "
            f"{band.factor:.2f}): {everyone - band.decided} of {everyone}\n"
            f"to a human, {band.referable_missed} of {band.referable_decided} referable decided "
            "are missed",
            fontsize=10,
        )
        stacked[0].set(
            title=f"missed referable eyes, 95% interval (n = {referable} without a band)",
            ylabel="missed / referable decided",
        )
        stacked[1].set(
            title=f"wrong calls of either kind (n = {everyone} without a band)",
            xlabel=f"coverage: share decided without a human (n = {everyone})",
            ylabel="wrong calls / decided",
        )
    return folder / "risk_coverage.svg"


def _logged(entries: Sequence[Mapping[str, float]], what: str) -> tuple[Floats, Floats]:
    """Steps and finite values of one column, in order of steps."""
    found = {e["step"]: e[what] for e in entries if what in e and math.isfinite(e[what])}
    steps = np.array(sorted(found), dtype=np.float64)
    return steps, np.array([found[step] for step in sorted(found)], dtype=np.float64)


def _with_bars(
    axes: Axes, points: Sequence[tuple[float, float, tuple[float, float]]], label: str = ""
) -> None:
    """Shares (x, y, interval of y) as a line of dots with whiskers."""
    if not points:
        return
    x, y, spans = zip(*points, strict=True)
    whiskers = np.abs(np.array(spans) - np.array(y)[:, None]).T
    axes.errorbar(x, y, whiskers, fmt="o-", color=BLUE, capsize=2, elinewidth=1, label=label)
