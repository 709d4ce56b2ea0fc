"""`drscreen evaluate`: figures of a network on graded photographs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, Model, app, failures_told, say
from drscreen.cli.output import NOTICE, print_json_line
from drscreen.cli.progress import counting
from drscreen.domain.errors import FileUnwritable
from drscreen.domain.settings import DeviceChoice
from drscreen.private_files import write_privately
from drscreen.training.datasets.layouts import Layout

if TYPE_CHECKING:
    from drscreen.domain.screening import PredictorSpec
    from drscreen.training.datasets.dataset import Dataset
    from drscreen.training.evaluation_report import EvaluationReport
    from drscreen.training.predictions import Predicted, Sourced

JOURNAL = "evaluations.jsonl"
#: Who answers for a network that nobody signed, while it is measured.
EVALUATION = "whoever evaluates it"


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
    against: Annotated[
        str, typer.Option(help="Another network to compare with, by name or folder.")
    ] = "",
    by: Annotated[
        str, typer.Option(help="Columns of the labels file to group by: camera,sex.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option(help="Write all of it as one page with plots.")
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(help=f"Keeps predictions, to go on later; {JOURNAL} in --home by default."),
    ] = None,
    device: Annotated[DeviceChoice, typer.Option(help="Where the network runs.")] = (
        DeviceChoice.AUTO
    ),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: Home = None,
) -> None:
    """Screen graded photographs and compare: kappa, AUC, sensitivity, specificity, calibration.

    Intervals are 95%, over patients. Photographs that the gate stops count in the ungradable rate,
    and with the referable eyes that were not let go. Run again, it goes on where it was stopped.
    """
    if (images is None) != (labels is None):
        raise typer.BadParameter("Give --images and --labels together.")
    if not data and images is None:
        raise typer.BadParameter("Give --data, or --images with --labels.")
    from drscreen.training.comparison import compare
    from drscreen.training.datasets.report import finding_lines
    from drscreen.training.evaluation import evaluate as evaluated
    from drscreen.training.evaluation_report import EvaluationReport, trained_on
    from drscreen.training.predictions import Sourced, pairs
    from drscreen.training.subgroups import check_columns, evaluate_groups

    with failures_told():
        datasets = _read(data or [], layout, images, labels)
        sourced = [Sourced(d.name, p) for d in datasets for p in d.photographs]
        columns = check_columns(sourced, [part for part in by.split(",") if part.strip()])
        workstation = Workstation(home)
        kept = journal or workstation.home / JOURNAL
        spec, first = _predicted(workstation, model, device, sourced, kept, hidden=as_json)
        for line in finding_lines(first.left_out):
            say(line)
        if not first.rows:
            say("None of the photographs could be read.")
            raise typer.Exit(1)
        other, comparison = None, None
        if against:
            other, second = _predicted(workstation, against, device, sourced, kept, hidden=as_json)
            ours, theirs = zip(*pairs(first, second), strict=True)
            comparison = compare(ours, theirs)
        with _told("computing intervals", hidden=as_json):
            report = EvaluationReport(
                network=spec,
                datasets=[dataset.report for dataset in datasets],
                left_out=first.left_out,
                rows=first.rows,
                evaluation=evaluated(first.rows),
                groups=evaluate_groups(first.rows, first.photographs, columns),
                against=other,
                comparison=comparison,
                trained_on=trained_on(
                    workstation.bundle(model).manifest.get("provenance"), datasets
                ),
            )
        for caution in report.cautions:
            say(f"CAUTION: {caution}")
        if as_json:
            print_json_line(report.as_json())
        else:
            from drscreen.cli.evaluation_tables import print_report

            print_report(report)
        if html is not None:
            _write_page(workstation, report, html)


def _read(
    data: list[Path], layout: Layout | None, images: Path | None, labels: Path | None
) -> list[Dataset]:
    from drscreen.training.datasets.dataset import find_dataset, find_datasets

    datasets = find_datasets(data, layout=layout)
    if images is not None:
        datasets.append(find_dataset(images, labels=labels, layout=layout))
    for dataset in datasets:
        for line in dataset.report.lines():
            say(line)
    return datasets


def _predicted(
    workstation: Workstation,
    model: str,
    device: DeviceChoice,
    photographs: list[Sourced],
    journal: Path,
    *,
    hidden: bool,
) -> tuple[PredictorSpec, Predicted]:
    from drscreen.training.datasets.place import PlaceReader
    from drscreen.training.journal import Journal, maker_of
    from drscreen.training.predictions import predict_all

    predictor = workstation.predictor(model, device)
    samples = sorted((workstation.resources / "samples").glob("*.jpg"))
    # Whoever trains must be able to measure; what they get says that nobody signed the network.
    by = EVALUATION
    maker = maker_of(
        workstation.unrecorded_screening(predictor, unsigned_allowed_by=by).screen, samples
    )
    reader = PlaceReader(s.photograph.place for s in photographs)
    service = workstation.unrecorded_screening(predictor, reader, unsigned_allowed_by=by)
    name = predictor.spec.model.name
    with (
        Journal(journal, maker) as known,
        counting(f"screening with {name}", len(photographs), hidden=hidden) as step,
    ):
        predicted = predict_all(photographs, service.screen, known, step)
    if predicted.from_journal:
        say(f"{predicted.from_journal} photographs were screened before, as {journal.name} tells.")
    return predictor.spec, predicted


@contextmanager
def _told(what: str, *, hidden: bool) -> Iterator[None]:
    with counting(what, 1, hidden=hidden) as step:
        yield
        step()


def _write_page(workstation: Workstation, report: EvaluationReport, file: Path) -> None:
    from drscreen.training.evaluation_page import evaluation_page

    made = f"{workstation.clock.now():%d %B %Y}"
    page = evaluation_page(report, workstation.resources / "templates", NOTICE, made)
    try:
        write_privately(file, page.encode())
    except OSError as error:
        raise FileUnwritable.because(f"{file.name} cannot be written there.", error) from error
    say(f"{file} written")
