"""`drscreen check`: is everything there and whole?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, PasswordFile, app, failures_told, say, signed_in
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.cli.progress import counting
from drscreen.domain.integrity import PhotographProblem

if TYPE_CHECKING:
    from drscreen.services.integrity import Checked


@app.command()
def check(
    user: Annotated[str, typer.Option(help="Who checks.")],
    backups: Annotated[
        Path | None,
        typer.Option("--mend-from", help="A folder of backups to fetch lost photographs from."),
    ] = None,
    every_byte: Annotated[
        bool,
        typer.Option("--every-byte", help="Read every byte of the newest planned backup too."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Look at everything: database, audit log, photographs, networks, the newest planned backup.

    What is not whole is said in a sentence each, photographs by exam. Exit code 0: all is whole.
    1: at least one thing is not.
    """
    workstation = Workstation(home)
    with (
        failures_told(),
        closing(signed_in(workstation, user, password_file)) as store,
        counting("photographs", None, hidden=as_json) as step,
    ):
        checked = workstation.integrity(store).check(step, backups, every_byte=every_byte)
        alarms = [alarm.details.get("alarm", "") for alarm in store.alarms]
    if as_json:
        print_json_line(_object(checked, alarms))
    else:
        _tell(checked)
    if not checked.is_whole:
        raise typer.Exit(1)


def _object(checked: Checked, alarms: list[str]) -> dict[str, Any]:
    report, backup = checked.store, checked.backup
    return {
        "whole": checked.is_whole,
        "photographs": report.photographs,
        "orphans": report.orphans,
        "mended": report.mended,
        "problems": [problem_object(problem) for problem in report.problems],
        "findings": [
            {"part": finding.part.value, "sentence": finding.sentence}
            for finding in checked.findings
        ],
        "backup": None
        if backup is None
        else {
            "folder": checked.plan.folder,
            "backup": backup.backup.name,
            "created": backup.backup.created.isoformat(),
            "damaged": backup.damaged,
        },
        "alarms": alarms,
    }


def _tell(checked: Checked) -> None:
    report, backup = checked.store, checked.backup
    say(f"{report.photographs} photographs read, {len(report.problems)} cannot be shown.")
    if report.mended:
        say(f"{report.mended} were fetched back from the backups.")
    if report.orphans:
        say(f"{report.orphans} files that no record names were put aside for 30 days.")
    if report.problems:
        print_problems(report.problems)
    if backup is not None:
        made = f"{backup.backup.created.astimezone():%Y-%m-%d %H:%M}"
        say(f"The newest backup is of {made}, with {backup.backup.photographs} photographs.")
    elif not checked.plan.folder:
        say("No backups are planned: 'drscreen backup plan' names a folder for them.")
    for finding in checked.findings:
        say(f"NOT WHOLE  {finding.part}: {finding.sentence}")
    if checked.is_whole:
        say("Database, audit log, photographs and networks are whole.")


def problem_object(problem: PhotographProblem) -> dict[str, str]:
    """For scripts."""
    return {
        "fault": str(problem.fault),
        "photograph": problem.photograph_id,
        "mrn": problem.mrn,
        "day": problem.day.isoformat(),
        "eye": str(problem.eye),
    }


def print_problems(problems: Sequence[PhotographProblem]) -> None:
    """For a person, by exam."""
    table = DataTable("patient", "exam", "eye", "photograph")
    for problem in problems:
        table.row(problem.mrn, problem.day.isoformat(), str(problem.eye), f"file {problem.fault}")
    print_table(table)
