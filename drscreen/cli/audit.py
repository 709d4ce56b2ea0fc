"""`drscreen audit`: verify and export the audit chain."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import (
    Home,
    MrnFile,
    PasswordFile,
    app,
    failures_told,
    read_mrn,
    say,
    signed_in,
)
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.domain.audit import AuditEvent, AuditHead, AuditReport
from drscreen.domain.errors import FileUnwritable
from drscreen.private_files import new_private_file

audit = typer.Typer(no_args_is_help=True, help="Show, verify and export who did what.")
app.add_typer(audit, name="audit")

User = Annotated[str, typer.Option(help="An administrator's user name.")]


@audit.command("list")
def list_events(
    user: User,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Show the newest events, patients by pseudonym."""
    workstation = Workstation(home)
    with failures_told(), closing(signed_in(workstation, user, password_file)) as store:
        events = workstation.audit(store).latest(limit)
    if as_json:
        for event in events:
            print_json_line(_event_object(event))
        return
    table = DataTable("event", "when", "who", "what", "about", "details")
    for event in events:
        details = " ".join(f"{name}={value}" for name, value in event.details.items())
        when = f"{event.moment:%Y-%m-%d %H:%M:%S}"
        table.row(str(event.sequence), when, event.actor, event.kind, event.subject[:12], details)
    print_table(table)


@audit.command()
def verify(
    user: User,
    head: Annotated[
        str, typer.Option(help="A head printed on an export, to compare with: 1234:5f2a…")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Check every link of the audit chain and the seal of its end. Exit code 1 where it is broken.

    Finds events that were edited, removed or moved, an end that was cut off, and an older copy of
    the records. What no check on this machine can find is told in docs/security.md.
    """
    workstation = Workstation(home)
    with failures_told():
        printed = AuditHead.parse(head) if head else None
        with closing(signed_in(workstation, user, password_file)) as store:
            report = workstation.audit(store).verify(printed)
    if as_json:
        print_json_line(_report_object(report))
    else:
        _tell(report)
    if not report.intact:
        raise typer.Exit(1)


@audit.command()
def export(
    user: User,
    out: Annotated[
        Path | None, typer.Option(help="File to write, one JSON object a line; else printed.")
    ] = None,
    mrn: Annotated[
        str, typer.Option(help="Only what concerns this patient; better --mrn-file.")
    ] = "",
    mrn_file: MrnFile = None,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Write the events as JSON lines, patients by pseudonym, and tell the head to keep."""
    workstation = Workstation(home)
    with failures_told(), closing(signed_in(workstation, user, password_file)) as store:
        one = read_mrn(mrn, mrn_file) if mrn or mrn_file else ""
        events = workstation.audit(store).export(one)
        last: AuditEvent | None = None
        try:
            with _opened(out) as file:
                for event in events:
                    last = event
                    _write(file, event)
        except OSError as error:
            raise FileUnwritable.because("The export cannot be written there.", error) from error
    if last is not None:
        say(f"Head of the audit log: {AuditHead(last.sequence, last.mac).text}")
        say("Keep it on paper: 'drscreen audit verify --head' compares it later.")


def _opened(out: Path | None) -> TextIO:
    if out is None:
        # A copy, so that leaving the block closes it and not the process's own standard output.
        return os.fdopen(os.dup(1), "w", encoding="utf-8")
    return os.fdopen(new_private_file(out), "w", encoding="utf-8")


def _write(file: TextIO, event: AuditEvent) -> None:
    import json

    file.write(json.dumps(_event_object(event), allow_nan=False) + "\n")


def _event_object(event: AuditEvent) -> dict[str, Any]:
    return {**asdict(event), "details": dict(event.details), "moment": event.moment.isoformat()}


def _report_object(report: AuditReport) -> dict[str, Any]:
    return {
        "intact": report.intact,
        "events": report.events,
        "head": report.head.text if report.head else None,
        "faults": report.faults,
        "problems": [
            {"fault": problem.fault.value, "sequence": problem.sequence}
            for problem in report.problems
        ],
        "alarms": [_event_object(event) for event in report.alarms],
        "set_back": list(report.set_back),
    }


def _tell(report: AuditReport) -> None:
    for problem in report.problems:
        place = f"event {problem.sequence}: " if problem.sequence else ""
        say(f"BROKEN  {place}{problem.fault.sentence}")
    if report.faults > len(report.problems):
        say(f"        and {report.faults - len(report.problems)} more")
    for alarm in report.alarms:
        say(f"noted   event {alarm.sequence}: {alarm.details.get('alarm', '')} {alarm.moment}")
    for sequence in report.set_back:
        say(f"noted   event {sequence}: dated before the one it follows; the clock was set back")
    if report.intact:
        say(f"ok      {report.events} events, every link holds; head {_head(report)}")


def _head(report: AuditReport) -> str:
    return report.head.text if report.head else "none"
