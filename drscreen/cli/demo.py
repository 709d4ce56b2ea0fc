"""`drscreen demo`: the main job on drawings, end to end."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, Model, app, failures_told, opened, say
from drscreen.cli.output import outcome_table, print_table
from drscreen.cli.progress import counting
from drscreen.cli.window import has_screen, open_window
from drscreen.domain.settings import DeviceChoice


@app.command()
def demo(
    model: Model = "",
    device: Annotated[DeviceChoice, typer.Option(help="Where the network runs.")] = (
        DeviceChoice.AUTO
    ),
    no_window: Annotated[bool, typer.Option("--no-window", help="Do not open the window.")] = False,
    home: Home = None,
) -> None:
    """Grade the sample drawings, record them in a demonstration clinic, open its window.

    The samples are phantoms: drawings by this program, of nobody's eye. The demonstration clinic
    is a store of its own, apart from real records.
    """
    from drscreen.services.demonstration import (
        PASSWORD,
        USER,
        open_demonstration,
        read_samples,
        screen_samples,
    )

    workstation = Workstation(home)
    clinic = workstation.demonstration()
    with failures_told():
        samples = read_samples(workstation.resources / "samples")
        with (
            closing(opened(lambda: open_demonstration(clinic.accounts))) as store,
            counting("screening", len(samples)) as step,
        ):
            screening = clinic.screening(clinic.predictor(model, device), store)
            results = screen_samples(samples, screening, store, clinic.clock, step)
    print_table(outcome_table([(result.path, result) for result in results]))
    say("These are drawings, not photographs: their grades show that drscreen runs, no more.")
    say(f"Recorded, encrypted, in {clinic.home}; sign in as '{USER}', password '{PASSWORD}'.")
    if no_window:
        return
    if not has_screen():
        say("There is no screen here. In a desktop session, 'drscreen demo' opens the window.")
        return
    raise typer.Exit(open_window(workstation, demonstration=True))
