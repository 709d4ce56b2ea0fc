"""`drscreen evaluate`: figures of a network on graded photographs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Model, app, failures_told, say
from drscreen.cli.output import NOTICE, print_json_line, print_table
from drscreen.cli.progress import counting
from drscreen.domain.errors import PhotographError
from drscreen.domain.screening import ScreeningRequest
from drscreen.domain.settings import DeviceChoice
from drscreen.training.datasets.layouts import Layout

if TYPE_CHECKING:
    from drscreen.training.evaluation import Evaluation


@app.command()
def evaluate(
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of graded photographs, recognised; may be given several times."),
    ] = None,
    layout: Annotated[
        Layout | None, typer.Option(help="How every --data folder is laid out, where unclear.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder of photographs whose labels lie elsewhere.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels file (csv) for --images.")] = None,
    model: Model = "",
    device: Annotated[DeviceChoice, typer.Option(help="Where the network runs.")] = (
        DeviceChoice.AUTO
    ),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Screen graded photographs and compare: kappa, AUC, sensitivity, specificity, calibration.

    Intervals are 95%, over patients. Photographs that the gate stops count in the ungradable rate
    and in nothing else.
    """
    from drscreen.training.datasets.dataset import find_dataset, find_datasets
    from drscreen.training.datasets.place import PlaceReader
    from drscreen.training.evaluation import EvaluatedPhotograph
    from drscreen.training.evaluation import evaluate as compare

    if (images is None) != (labels is None):
        raise typer.BadParameter("Give --images and --labels together.")
    if not data and images is None:
        raise typer.BadParameter("Give --data, or --images with --labels.")
    with failures_told():
        datasets = find_datasets(data or [], layout=layout)
        if images is not None:
            datasets.append(find_dataset(images, labels=labels, layout=layout))
        for dataset in datasets:
            for line in dataset.report.lines():
                say(line)
        photographs = [p for dataset in datasets for p in dataset.photographs]
        workstation = Workstation()
        service = workstation.screening(
            workstation.predictor(model, device),
            reader=PlaceReader(photograph.place for photograph in photographs),
        )
        rows: list[EvaluatedPhotograph] = []
        unreadable: list[str] = []
        with counting("evaluating", len(photographs), hidden=as_json) as step:
            for photograph in photographs:
                try:
                    result = service.screen(ScreeningRequest(photograph.place.address))
                except PhotographError as error:
                    unreadable.append(error.code)
                    say(f"{photograph.place.name}: {error.message}")
                else:
                    rows.append(
                        EvaluatedPhotograph(
                            photograph.patient, photograph.grade, result.grading, result.decision
                        )
                    )
                    info = result.model
                step()
        if not rows:
            say("None of the photographs could be read.")
            raise typer.Exit(1)
        evaluation = compare(rows)
    if as_json:
        print_json_line(
            {
                "model": {"name": info.name, "version": info.version, "sha256": info.sha256},
                "skipped": sum(len(dataset.report.findings) for dataset in datasets),
                "unreadable": len(unreadable),
                **asdict(evaluation),
            }
        )
    else:
        _print(evaluation)


def _print(evaluation: Evaluation) -> None:
    from rich.table import Table

    from drscreen.training.metrics import shown

    table = Table(
        title=f"{evaluation.graded} graded of {evaluation.photographs} photographs of "
        f"{evaluation.patients} patients",
        caption=NOTICE,
    )
    table.add_column("figure")
    table.add_column("value (95% interval)")
    for label, estimate in (
        ("quadratic weighted kappa", evaluation.kappa),
        ("AUC, referable", evaluation.auc_referable),
        ("AUC, vision-threatening", evaluation.auc_vision_threatening),
        ("sensitivity, referable", evaluation.sensitivity),
        ("specificity, referable", evaluation.specificity),
        ("expected calibration error", evaluation.calibration_error),
        ("ungradable rate", evaluation.ungradable_rate),
        ("sent to a human grader", evaluation.human_review_rate),
    ):
        table.add_row(label, shown(estimate))
    print_table(table)
    grades = Table(title="reader's grade in rows, program's in columns")
    for heading in ("", "0", "1", "2", "3", "4"):
        grades.add_column(heading, justify="right")
    for grade, counts in enumerate(evaluation.confusion):
        grades.add_row(str(grade), *(str(n) for n in counts))
    print_table(grades)
