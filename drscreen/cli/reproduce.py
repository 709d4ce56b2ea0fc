"""`drscreen model reproduce`: are the figures of a card true."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import failures_told, say
from drscreen.cli.model import model
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.cli.progress import progress_bar


@model.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="A network, by name or folder.")],
    data: Annotated[list[Path], typer.Option(help="Folders that it was trained and measured on.")],
    also: Annotated[
        list[Path] | None, typer.Option(help="Folders that it was trained on alone.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Decoded photographs, for several runs to share.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a figure.")] = False,
) -> None:
    """Measure a card's figures again on the same held-out people. Exit code 1 where one differs."""
    from drscreen.training.evaluation import FIGURES
    from drscreen.training.metrics import shown
    from drscreen.training.reproduction import reproduce as measured_again

    with failures_told():
        bundle = Workstation().bundle(name)
        with progress_bar(hidden=as_json) as bar:
            tasks = {}

            def counted(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done)

            found = measured_again(bundle, data, also or (), cache=cache, counted=counted)
    table = DataTable(title=bundle.info.title)
    for heading in ("photographs", "figure", "on the card", "now", ""):
        table.column(heading)
    for row in found:
        if as_json:
            print_json_line({**asdict(row), "agrees": row.agrees})
        card = shown(row.card) if row.card else "-"
        verdict = "" if row.agrees else "differs"
        table.row(row.source, FIGURES[row.figure], card, shown(row.now), verdict)
    if not as_json:
        print_table(table)
    differing = sum(not row.agrees for row in found)
    say(f"{len(found) - differing} of {len(found)} figures are as on the card.")
    if differing:
        raise typer.Exit(1)
