"""`drscreen check`: is every recorded photograph there and whole?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, PasswordFile, app, failures_told, read_password, say
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.cli.progress import counting
from drscreen.domain.integrity import PhotographProblem


@app.command()
def check(
    user: Annotated[str, typer.Option(help="Who checks.")],
    backups: Annotated[
        Path | None,
        typer.Option("--mend-from", help="A folder of backups to fetch lost photographs from."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Read every photograph of the store and name, by exam, those that cannot be shown.

    Exit code 0: all are whole. 1: at least one is not.
    """
    from drscreen.services.integrity import check_store

    workstation = Workstation(home)
    with (
        failures_told(),
        closing(workstation.accounts.sign_in(user, read_password(password_file))) as store,
        counting("photographs", None, hidden=as_json) as step,
    ):
        report = check_store(store, step, backups)
    if as_json:
        print_json_line(
            {
                "photographs": report.photographs,
                "orphans": report.orphans,
                "mended": report.mended,
                "problems": [problem_object(problem) for problem in report.problems],
            }
        )
    else:
        say(f"{report.photographs} photographs read, {len(report.problems)} cannot be shown.")
        if report.mended:
            say(f"{report.mended} were fetched back from the backups.")
        if report.orphans:
            say(f"{report.orphans} files that no record names were put aside for 30 days.")
        if report.problems:
            print_problems(report.problems)
    if report.problems:
        raise typer.Exit(1)


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
