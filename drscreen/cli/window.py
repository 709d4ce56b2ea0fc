"""`drscreen window`: the workstation's window, also what `drscreen` alone opens."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, app, say


@app.command()
def window(
    home: Home = None,
    report_first_paint: Annotated[
        bool,
        typer.Option(hidden=True, help="Print the seconds from process start to paint; quit."),
    ] = False,
) -> None:
    """Open the window."""
    if report_first_paint:
        from drscreen.gui import run

        raise typer.Exit(run(Workstation(home).home, report_first_paint=True))
    if not has_screen():
        say("There is no screen here: run 'drscreen' in a desktop session, or see '--help'.")
        raise typer.Exit(1)
    raise typer.Exit(open_window(Workstation(home)))


def has_screen() -> bool:
    """Whether a window could be shown: always on Windows and macOS, else by the environment."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_window(workstation: Workstation, *, demonstration: bool = False) -> int:
    """Run the window until it is closed; its exit code."""
    from drscreen.gui import run

    return run(workstation.home, demonstration=demonstration)
