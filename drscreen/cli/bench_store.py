"""`drscreen bench store`: how quick the encrypted store is with a large clinic's crowd in it."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from drscreen.bootstrap import Workstation
from drscreen.cli.app import failures_told, say
from drscreen.cli.output import DataTable, print_json_line, print_table

#: Events of the audit log that are chained and verified.
EVENTS = 200_000


def bench_store(patients: int, repeats: int, *, as_json: bool) -> None:
    """Measure on an invented crowd in a temporary folder; print plain SQLite beside it."""
    say(f"Inventing {patients} patients with 10 gradings each; this takes minutes.")
    with failures_told(), tempfile.TemporaryDirectory() as folder:
        events = min(EVENTS, 2 * patients)
        measured = Workstation.measure_store(Path(folder) / "home", patients, events, repeats)
    if as_json:
        print_json_line(asdict(measured))
        return
    table = DataTable(
        title=f"{measured.patients} patients, {measured.gradings} gradings, "
        f"{measured.megabytes:.0f} MB, {repeats} repeats, milliseconds",
        caption=f"audit verification: {measured.events_per_second:,.0f} events a second, "
        f"{measured.plain_events_per_second:,.0f} without encryption, "
        f"{measured.events_per_processor_second:,.0f} a second of the processor's own",
    )
    for heading in ("what", "goal", "median", "most", "processor", "not encrypted"):
        table.column(heading, right=heading != "what")
    for timing in measured.timings:
        plain = "" if timing.plain is None else f"{timing.plain:.1f}"
        table.row(
            timing.what,
            f"{timing.goal:.0f}",
            f"{timing.median:.1f}",
            f"{timing.most:.1f}",
            f"{timing.processor:.1f}",
            plain,
        )
    print_table(table)
