"""How the quality gate fares on labelled photographs: the tables of docs/quality-gate.md.

`python -m drscreen.training.quality_report --images DIR --labels CSV [--images DIR --labels CSV]`
takes several data sets in a row. The CSV has the columns `file` and `quality` (good, usable,
reject, bad, not_fundus or empty) and, where there are several photographs of a patient, `patient`;
with a column `icdr` the stops are also counted by grade.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from drscreen.adapters.imaging.field_of_view import as_image, find_field_of_view, from_image
from drscreen.adapters.imaging.quality import judge
from drscreen.adapters.imaging.quality_measures import QualityMeasures, measure
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.quality import QualityVerdict

#: Where drimdb's camera burns the date in, as shares of width and height: left, top, right, bottom.
_DATE = (0.72, 0.0, 0.93, 0.055)
_GRADABLE = {"good", "usable"}
_UNGRADABLE = {"bad", "reject"}


@dataclass(frozen=True, slots=True)
class JudgedPhotograph:
    """A labelled photograph with what the gate measured and said."""

    dataset: str
    group: str
    quality: str
    grade: str
    measures: QualityMeasures
    verdict: QualityVerdict

    @property
    def chosen_on(self) -> bool:
        """Whether it lies in the half on which limits were chosen: by a hash, a patient at once."""
        return hashlib.sha256(self.group.encode()).digest()[0] % 2 == 0


def judge_dataset(images: Path, labels: Path, *, mask_date: bool) -> list[JudgedPhotograph]:
    """Measure and judge every photograph that `labels` lists, in its order."""
    reader = PillowReader()
    judged = []
    with labels.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            data = (images / row["file"]).read_bytes()
            measures = measure(reader.decode(_without_date(data) if mask_date else data).image)
            judged.append(
                JudgedPhotograph(
                    dataset=labels.resolve().parent.name,
                    group=row.get("patient") or row["file"],
                    quality=row["quality"],
                    grade=row.get("icdr", ""),
                    measures=measures,
                    verdict=judge(measures),
                )
            )
    return judged


def _without_date(data: bytes) -> bytes:
    """The picture with the date's rectangle filled by the rows just below it, as BMP."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    left, top, right, bottom = (
        round(share * side) for share, side in zip(_DATE, picture.size * 2, strict=True)
    )
    below = picture.crop((left, bottom, right, bottom + 2))
    picture.paste(below.resize((right - left, bottom - top)), (left, top))
    out = io.BytesIO()
    picture.save(out, "BMP")
    return out.getvalue()


def wilson_interval(hits: int, of: int) -> tuple[float, float]:
    """95% interval of a share (Wilson, JASA 1927); (0, 1) where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    z2 = 1.959964**2
    centre = (hits + z2 / 2) / (of + z2)
    spread = math.sqrt(z2 * (hits * (of - hits) / of + z2 / 4)) / (of + z2)
    return max(0.0, centre - spread), min(1.0, centre + spread)


def fit_vessel_evidence(photographs: Iterable[JudgedPhotograph]) -> tuple[float, float]:
    """Fit a logistic regression of gradable on ln(detail) and coherence, on the chosen half.

    Returns the weight of coherence for one of ln(detail), and the evidence at even odds. Newton's
    method with a ridge of 0.01.
    """
    used = [p for p in photographs if p.chosen_on and p.quality in _GRADABLE | _UNGRADABLE]
    x = np.array(
        [(1.0, math.log(max(p.measures.detail, 0.05)), p.measures.coherence) for p in used]
    )
    y = np.array([p.quality in _GRADABLE for p in used], dtype=np.float64)
    weights = np.zeros(3)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-x @ weights))
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + 0.01 * np.eye(3)
        weights += np.linalg.solve(curvature, x.T @ (y - chance) - 0.01 * weights)
    return float(weights[2] / weights[1]), float(-weights[0] / weights[1])


def blurred_stops(images: Path, labels: Path, blur: float, *, every: int = 10) -> tuple[int, int]:
    """How many of every `every`-th good photograph are stopped once blurred, and of how many.

    `blur` is the Gaussian's standard deviation as a share of the field's diameter. A main vein is
    about 0.015 wide, a microaneurysm below 0.008.
    """
    reader = PillowReader()
    with labels.open(newline="", encoding="utf-8") as lines:
        good = [row["file"] for row in csv.DictReader(lines) if row["quality"] == "good"][::every]
    stopped = 0
    for file in good:
        image = reader.decode((images / file).read_bytes()).image
        spread = ImageFilter.GaussianBlur(blur * find_field_of_view(image).diameter)
        blurred = from_image(as_image(image).filter(spread))
        stopped += not judge(measure(blurred)).gradable
    return stopped, len(good)


def blurred_table(images: Path, labels: Path) -> str:
    """Markdown: what is stopped of good photographs that were blurred more and more."""
    lines = ["| blur, share of the diameter | stopped |", "|---|---|"]
    for blur in (0.0, 0.004, 0.006, 0.008, 0.010, 0.012, 0.020):
        stopped, of = blurred_stops(images, labels, blur)
        lines.append(f"| {blur:.3f} | {stopped} / {of} |")
    return "\n".join(lines)


def stops_table(photographs: Sequence[JudgedPhotograph]) -> str:
    """Markdown: what was stopped by data set and label, in both halves and with all reasons."""
    lines = [
        "| photographs | label | chosen on | held out | all | 95% interval | first reasons |",
        "|---|---|---|---|---|---|---|",
    ]
    for dataset, quality in dict.fromkeys((p.dataset, p.quality) for p in photographs):
        rows = [p for p in photographs if (p.dataset, p.quality) == (dataset, quality)]
        chosen = _count([p for p in rows if p.chosen_on])
        held = _count([p for p in rows if not p.chosen_on])
        reasons = Counter(p.verdict.reasons[0].value for p in rows if p.verdict.reasons)
        named = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        lines.append(
            f"| {dataset} | {quality or 'none'} | {chosen} | {held} | {_count(rows)} "
            f"| {_interval(rows)} | {named} |"
        )
    return "\n".join(lines)


def grades_table(photographs: Sequence[JudgedPhotograph]) -> str:
    """Markdown: what was stopped by ICDR grade, all labels together; empty without grades."""
    grades = sorted({p.grade for p in photographs if p.grade})
    if not grades:
        return ""
    lines = ["| ICDR | stopped | share | 95% interval |", "|---|---|---|---|"]
    for grade in grades:
        rows = [p for p in photographs if p.grade == grade]
        stopped = sum(not p.verdict.gradable for p in rows)
        share = f"{100 * stopped / len(rows):.1f}%"
        lines.append(f"| {grade} | {_count(rows)} | {share} | {_interval(rows)} |")
    return "\n".join(lines)


def _count(rows: Sequence[JudgedPhotograph]) -> str:
    return f"{sum(not p.verdict.gradable for p in rows)} / {len(rows)}"


def _interval(rows: Sequence[JudgedPhotograph]) -> str:
    low, high = wilson_interval(sum(not p.verdict.gradable for p in rows), len(rows))
    return f"{100 * low:.1f} to {100 * high:.1f}%"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables for the data sets that the command line names."""
    parser = argparse.ArgumentParser(description="Judge labelled photographs with the quality gate")
    parser.add_argument("--images", type=Path, action="append", required=True)
    parser.add_argument("--labels", type=Path, action="append", required=True)
    parser.add_argument(
        "--mask-date", action="append", default=[], help="data set (folder) with a burnt-in date"
    )
    named = parser.parse_args(arguments)
    photographs: list[JudgedPhotograph] = []
    for images, labels in zip(named.images, named.labels, strict=True):
        mask_date = labels.resolve().parent.name in named.mask_date
        photographs += judge_dataset(images, labels, mask_date=mask_date)
    print(stops_table(photographs), grades_table(photographs), sep="\n\n")
    for images, labels in zip(named.images, named.labels, strict=True):
        if labels.resolve().parent.name not in named.mask_date:
            print(f"\nGood photographs of {labels.resolve().parent.name}, blurred:\n")
            print(blurred_table(images, labels))
    weight, even = fit_vessel_evidence(photographs)
    print(f"\nVessel evidence: ln(detail) + {weight:.2f} coherence; even odds at {even:.2f}.")


if __name__ == "__main__":
    main()
