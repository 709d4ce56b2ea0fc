"""How the quality gate fares on labelled photographs: the tables of docs/quality-gate.md.

`python -m drscreen.training.quality_report --images DIR --labels CSV [--images DIR --labels CSV]`
takes several data sets in a row. Every photograph is judged by a network that its patient did not
teach; five are taught for that. With `--write FILE` a last one learns from all photographs and is
written: the program's own lies in resources/quality.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from drscreen.adapters.imaging.quality_network import QualityNetwork
from drscreen.training.metrics import (
    Floats,
    Ints,
    area_with_interval,
    shown,
    wilson_interval,
    with_interval,
)
from drscreen.training.quality_drawings import drawings
from drscreen.training.quality_fitting import EPOCHS, fit, fit_folds, write_network
from drscreen.training.quality_judging import (
    JudgedPhotograph,
    evidence_scores,
    held_out_networks,
    judge_held_out,
    regression_scores,
)
from drscreen.training.quality_photographs import GRADABLE, MeasuredPhotograph, measure_dataset
from drscreen.training.quality_spoiling import blurred_table, reasons_table

#: Share of gradable photographs that pass where scores are compared.
_COMPARED_AT = 0.98


def stops_table(judged: Sequence[JudgedPhotograph]) -> str:
    """Markdown: what was stopped by data set and label, with the first reasons."""
    lines = [
        "| photographs | label | stopped | share | 95% interval | first reasons |",
        "|---|---|---|---|---|---|",
    ]
    kinds = dict.fromkeys((j.photograph.dataset, j.photograph.quality) for j in judged)
    for kind in kinds:
        dataset, quality = kind
        rows = [j for j in judged if (j.photograph.dataset, j.photograph.quality) == kind]
        reasons = Counter(j.verdict.reasons[0].value for j in rows if j.verdict.reasons)
        named = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        lines.append(f"| {dataset} | {quality or 'none'} | {_stopped(rows)} | {named} |")
    return "\n".join(lines)


def grades_table(judged: Sequence[JudgedPhotograph]) -> str:
    """Markdown: what was stopped by ICDR grade, all labels together and those that are labelled
    gradable; empty without grades.
    """
    grades = sorted({j.photograph.grade for j in judged if j.photograph.grade})
    if not grades:
        return ""
    lines = [
        "| ICDR | stopped | share | 95% interval | of those labelled gradable |",
        "|---|---|---|---|---|",
    ]
    for grade in grades:
        rows = [j for j in judged if j.photograph.grade == grade]
        gradable = [j for j in rows if j.photograph.quality in GRADABLE]
        stopped = sum(not j.verdict.gradable for j in gradable)
        lines.append(f"| {grade} | {_stopped(rows)} | {stopped} / {len(gradable)} |")
    return "\n".join(lines)


def comparison_table(photographs: Sequence[MeasuredPhotograph], scores: dict[str, Floats]) -> str:
    """Markdown: how well each score tells bad and reject from good and usable, by data set.

    The share stopped is at each score's own limit that passes 98% of the gradable ones.
    """
    lines = [
        "| photographs | score | AUC | stopped of bad and reject where 98% of gradable pass |",
        "|---|---|---|---|",
    ]
    for dataset in dict.fromkeys(p.dataset for p in photographs):
        rows = [
            i
            for i, p in enumerate(photographs)
            if p.dataset == dataset and p.quality in GRADABLE | {"bad", "reject"}
        ]
        patients = [photographs[i].patient for i in rows]
        bad = np.array([photographs[i].quality not in GRADABLE for i in rows])
        for name, score in scores.items():
            told = shown(area_with_interval(bad, score[rows], patients))
            caught = partial(_caught, bad, score[rows])
            share = shown(with_interval(caught, patients), 2)
            lines.append(f"| {dataset} | {name} | {told} | {share} |")
    return "\n".join(lines)


def _caught(bad: npt.NDArray[np.bool_], score: Floats, rows: Ints) -> float:
    ill, score = bad[rows], score[rows]
    if ill.all() or not ill.any():
        return float("nan")
    return float((score[ill] > np.quantile(score[~ill], _COMPARED_AT)).mean())


def _stopped(rows: Sequence[JudgedPhotograph]) -> str:
    stopped = sum(not j.verdict.gradable for j in rows)
    low, high = wilson_interval(stopped, len(rows))
    return (
        f"{stopped} / {len(rows)} | {100 * stopped / len(rows):.1f}% "
        f"| {100 * low:.1f} to {100 * high:.1f}%"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables for the data sets that the command line names; write a network if asked."""
    parser = argparse.ArgumentParser(description="Judge labelled photographs with the quality gate")
    parser.add_argument("--images", type=Path, action="append", required=True)
    parser.add_argument("--labels", type=Path, action="append", required=True)
    parser.add_argument(
        "--mask-date", action="append", default=[], help="data set (folder) with a burnt-in date"
    )
    parser.add_argument(
        "--small-copies",
        action="append",
        default=[],
        help="data set (folder) to judge without the rule about the field's pixels",
    )
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--write", type=Path, help="teach a network by all and write it here")
    parser.add_argument("--version", default="unnamed", help="of the network that is written")
    named = parser.parse_args(arguments)
    places = list(zip(named.images, named.labels, strict=True))
    photographs: list[MeasuredPhotograph] = []
    for images, labels in places:
        mask_date = labels.resolve().parent.name in named.mask_date
        photographs += measure_dataset(images, labels, mask_date=mask_date)
    photographs += drawings()

    networks = held_out_networks(photographs, fit_folds(photographs, epochs=named.epochs))
    judged = judge_held_out(photographs, networks, small_copies=frozenset(named.small_copies))
    scores = {
        "version 1's vessel evidence": evidence_scores(photographs),
        "regression on all measures": regression_scores(photographs),
        "network": np.array([j.log_odds for j in judged]),
    }
    tables = [comparison_table(photographs, scores), stops_table(judged), grades_table(judged)]
    print(*filter(None, tables), sep="\n\n")
    for images, labels in places:
        name = labels.resolve().parent.name
        if name not in {*named.mask_date, *named.small_copies}:
            print(f"\nGood photographs of {name}, blurred:\n")
            print(blurred_table(images, labels, networks))
            print(f"\nGood photographs of {name}, spoilt:\n")
            print(reasons_table(images, labels, networks))
    limit, typical = networks[0].limit, networks[0].typical
    print(f"\nStopped at log-odds of {limit:.2f}; the median good photograph has {typical:.2f}.")
    if named.write:
        tensors = fit(photographs, epochs=named.epochs)
        taught = QualityNetwork(tensors, limit, typical, named.version)
        counts = Counter(p.dataset for p in photographs)
        write_network(
            named.write,
            taught,
            {
                "made by": "drscreen.training.quality_report",
                "photographs": ", ".join(f"{name} {count}" for name, count in counts.items()),
                "note": "Research use, not a cleared medical device.",
            },
        )


if __name__ == "__main__":
    main()
