"""`drscreen bench`: how quick is it here?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Model, app, failures_told
from drscreen.cli.bench_store import bench_store
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.cli.window import has_screen
from drscreen.domain.settings import DeviceChoice

#: A child process that screens one photograph and then tells its own peak memory in kilobytes.
_MEASURED_SCREEN = (
    "import resource, sys; from drscreen.cli import app; "
    "app(['screen', sys.argv[1], '--model', sys.argv[2], '--json'], standalone_mode=False); "
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


@app.command()
def bench(
    photograph: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PHOTOGRAPH|store]",
            help="A photograph; a drawing of 15 megapixels by default. 'store' measures the "
            "encrypted records instead.",
        ),
    ] = None,
    model: Model = "",
    device: Annotated[DeviceChoice, typer.Option(help="Where the network runs.")] = (
        DeviceChoice.AUTO
    ),
    repeats: Annotated[int, typer.Option(min=1, help="Measured rounds.")] = 15,
    patients: Annotated[
        int, typer.Option(min=100, help="For 'store': how many patients, with 10 gradings each.")
    ] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Print each stage's median beside plain eager fp32 torch on the same input in the same run."""
    if photograph == Path("store"):
        bench_store(patients, repeats, as_json=as_json)
        return
    from drscreen.training.benchmark import benchmark, fifteen_megapixels

    with failures_told(), tempfile.TemporaryDirectory() as folder:
        picture = photograph or fifteen_megapixels(Path(folder))
        workstation = Workstation()
        bundle = workstation.bundle_folder(model)
        timings = benchmark(
            picture, bundle, device, repeats, workstation.write_overlay, workstation.reader()
        )
        memory = _peak_megabytes(picture, bundle)
    visible = _seconds_until_visible()
    if as_json:
        print_json_line(
            {
                "stages": [asdict(timing) for timing in timings],
                "screen_peak_megabytes": memory,
                "window_visible_seconds": visible,
            }
        )
        return
    table = DataTable(
        title=f"{repeats} repeats on {os.cpu_count()} cores, milliseconds",
        caption=f"peak memory of 'drscreen screen' on it: {memory or 0:.0f} MB; "
        f"window visible after {visible or 0:.2f} s",
    )
    for heading in ("stage", "median", "least", "most"):
        table.column(heading, right=heading != "stage")
    for timing in timings:
        table.row(
            timing.stage, *(f"{1000 * s:.1f}" for s in (timing.median, timing.low, timing.high))
        )
    print_table(table)


def _peak_megabytes(photograph: Path, bundle: Path) -> float | None:
    """Peak memory of a fresh `drscreen screen`; None where the system does not tell (Windows)."""
    if sys.platform == "win32":
        return None
    command = [sys.executable, "-c", _MEASURED_SCREEN, str(photograph), str(bundle)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    # Linux counts in KiB, macOS in bytes.
    return int(ran.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024) / 1e6


def _seconds_until_visible() -> float | None:
    """From the start of a fresh process to the window's first paint."""
    environment = dict(os.environ)
    if not has_screen():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "drscreen", "window", "--report-first-paint"]
        ran = subprocess.run(  # noqa: S603 - our own program
            [*command, "--home", folder],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        return float(ran.stdout.split()[-1])
    except (IndexError, ValueError):
        return None
