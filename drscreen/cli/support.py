"""`drscreen support-bundle`: what to send to whoever mends drscreen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, app, failures_told, say
from drscreen.domain.errors import FileUnwritable


@app.command("support-bundle")
def support_bundle(
    out: Annotated[Path, typer.Option(help="The zip file to write.")] = Path(
        "drscreen-support.zip"
    ),
    with_selftest: Annotated[
        bool, typer.Option("--selftest/--no-selftest", help="Run the self-test for it.")
    ] = True,
    home: Home = None,
) -> None:
    """Write a zip with versions, a self-test and the logs: no patient, no name, no path.

    Look into it before you send it: every line is readable text.
    """
    workstation = Workstation(home)
    lines = _selftest() if with_selftest else ["not run"]
    with failures_told():
        try:
            workstation.write_support_bundle(out, lines)
        except OSError as error:
            raise FileUnwritable.because(
                "The support bundle cannot be written there.", error
            ) from error
    say(f"Written: {out}. It holds no patient data; look into it before you send it.")


def _selftest() -> list[str]:
    """A process of its own, whose end is told however it ends; its paths are left out."""
    command = [sys.executable, "-m", "drscreen", "selftest"]
    ran = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, text=True, check=False, timeout=600
    )
    told = [line for line in ran.stderr.splitlines() if line[:7].strip() in {"ok", "FAILED"}]
    return [*(line for line in told if "/" not in line), f"exit code {ran.returncode}"]
