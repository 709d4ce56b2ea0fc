"""`drscreen data show`: what a folder of photographs holds, as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import app, failures_told, say
from drscreen.cli.output import NOTICE
from drscreen.cli.progress import counting
from drscreen.domain.errors import DatasetError, FileUnwritable
from drscreen.private_files import write_privately
from drscreen.training.datasets.layouts import Layout

if TYPE_CHECKING:
    from drscreen.training.survey import Listed

data = typer.Typer(no_args_is_help=True)
app.add_typer(data, name="data", help="Data sets: look at them before you train or measure.")


@data.callback()
def group() -> None:
    """Data sets: look at them before you train or measure."""


@data.command()
def show(
    folder: Annotated[Path, typer.Argument(help="Photographs, labelled or not.")],
    html: Annotated[Path, typer.Option(help="The page to write, outside of drscreen itself.")],
    layout: Annotated[
        Layout | None, typer.Option(help="How it is laid out, where that is not clear.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels file that lies elsewhere.")] = None,
) -> None:
    """Make a contact sheet by grade, with sizes, cameras, quality, and what is there twice.

    The page holds small pictures of the photographs: it is for your own disk.
    """
    from drscreen.training.survey import survey
    from drscreen.training.survey_page import survey_page

    workstation = Workstation()
    with failures_told():
        if html.resolve().is_relative_to(workstation.resources.parent.resolve()):
            raise FileUnwritable(
                "Pictures of patients do not belong in drscreen's own folder, which is published."
            )
        listed = _listed(folder, layout, labels)
        with counting("looking", len(listed)) as step:
            found = survey(listed, workstation.quality_gate(), step)
        if not found.photographs:
            raise DatasetError(f"None of the photographs in {folder} can be read.")
        page = survey_page(
            found, folder.resolve().name, workstation.resources / "templates", NOTICE
        )
        try:
            write_privately(html, page.encode())
        except OSError as error:
            raise FileUnwritable.because(f"{html.name} cannot be written there.", error) from error
    across = sum(twins.two_patients for twins in found.twins)
    stopped = sum(not p.verdict.gradable for p in found.photographs)
    say(
        f"{len(found.photographs)} photographs, {len(found.unreadable)} not readable, {stopped} "
        f"stopped by the quality gate, {len(found.twins)} pairs alike"
        + (f", {across} of them under two patients" if across else "")
    )
    say(f"{html} written")


def _listed(folder: Path, layout: Layout | None, labels: Path | None) -> list[Listed]:
    """What a data set says; without labels the photographs alone."""
    from drscreen.training.datasets.dataset import find_dataset
    from drscreen.training.datasets.folder import DatasetFolder
    from drscreen.training.datasets.place import Place
    from drscreen.training.datasets.rows import named_patient
    from drscreen.training.survey import CAMERA_COLUMN, Listed

    try:
        dataset = find_dataset(folder, layout=layout, labels=labels)
    except DatasetError as error:
        photographs = DatasetFolder(folder).photographs
        if layout or labels or not photographs:
            raise
        say(f"Shown without grades: {error.message}")
        return [Listed(Place(path), named_patient(path.stem)[0]) for path in photographs]
    for line in dataset.report.lines():
        say(line)
    return [
        Listed(p.place, p.patient, p.grade, p.quality, p.columns.get(CAMERA_COLUMN, ""))
        for p in dataset.photographs
    ]
