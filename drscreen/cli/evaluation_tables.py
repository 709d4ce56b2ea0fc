"""An evaluation as tables for a terminal."""

from __future__ import annotations

from drscreen.cli.output import NOTICE, DataTable, print_table
from drscreen.training.comparison import Comparison
from drscreen.training.evaluation import Evaluation
from drscreen.training.evaluation_report import (
    ALL_FIGURES,
    GROUP_FIGURES,
    EvaluationReport,
    point_in_words,
)
from drscreen.training.metrics import shown

#: What a table of groups has room for in 100 columns; JSON and the page have the rest.
_GROUP_COLUMNS = ("auc_referable", "kappa", "sensitivity", "specificity")


def print_report(report: EvaluationReport) -> None:
    """Figures, grades, groups, comparison; the notice below the first."""
    evaluation = report.evaluation
    model = report.network.model
    table = DataTable(
        title=f"{model.title}: {evaluation.graded} graded of "
        f"{evaluation.photographs} photographs of {evaluation.patients} patients",
        caption=f"Operating point: {point_in_words(report.network.operating_point)}. {NOTICE}",
    )
    table.column("figure")
    table.column("value (95% interval)")
    for name, label in ALL_FIGURES.items():
        table.row(label, shown(getattr(evaluation, name)))
    print_table(table)
    print_table(_grades(evaluation))
    for column, parts in report.groups.items():
        groups = DataTable(title=f"by {column}")
        groups.column(column)
        groups.column("graded", right=True)
        for name in _GROUP_COLUMNS:
            groups.column(GROUP_FIGURES[name])
        for value, part in parts.items():
            cells = (shown(getattr(part, name), 2) for name in _GROUP_COLUMNS)
            groups.row(value, f"{part.graded} of {part.photographs}", *cells)
        print_table(groups)
    if report.comparison is not None and report.against is not None:
        print_table(_comparison(report.comparison, model.name, report.against.model.name))


def _grades(evaluation: Evaluation) -> DataTable:
    table = DataTable(title="reader's grade in rows, program's in columns")
    for heading in ("", "0", "1", "2", "3", "4", "ungradable"):
        table.column(heading, right=True)
    for heading in ("called referable", "same grade"):
        table.column(heading)
    for row, counts in zip(evaluation.per_grade, evaluation.confusion, strict=True):
        table.row(
            str(row.grade),
            *(str(n) for n in counts),
            str(row.photographs - sum(counts)),
            shown(row.called_referable, 2),
            shown(row.same_grade, 2),
        )
    return table


def _comparison(comparison: Comparison, first: str, second: str) -> DataTable:
    table = DataTable(
        title=f"{first} beside {second}: the same {comparison.photographs} photographs of "
        f"{comparison.patients} patients",
        caption="Paired over patients. p: DeLong's test with Obuchowski's variance.",
    )
    table.column("figure")
    for heading in (first, second, "difference (95% interval)", "p"):
        table.column(heading, right=True)
    for row in comparison.differences:
        figures = ("-" if x is None else f"{x:.3f}" for x in (row.first, row.second))
        p = "-" if row.p is None else f"{row.p:.3f}"
        table.row(ALL_FIGURES[row.figure], *figures, shown(row.difference), p)
    return table
