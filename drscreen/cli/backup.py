"""`drscreen backup`: make, verify, restore and list backups, and plan them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, PasswordFile, app, failures_told, say, signed_in
from drscreen.cli.check import print_problems, problem_object
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.cli.progress import counting
from drscreen.domain.backup import Backup, BackupCheck
from drscreen.domain.errors import FileUnwritable

commands = typer.Typer(no_args_is_help=True, help="Make, verify, restore, list and plan backups.")
app.add_typer(commands, name="backup")

Folder = Annotated[Path, typer.Option("--folder", help="The folder of the backups.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, nothing else.")]
User = Annotated[str, typer.Option(help="The administrator.")]
Name = Annotated[str, typer.Argument(help="A backup by name; the newest by default.")]


@commands.command()
def create(
    user: User,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="The folder; the planned one by default.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="How many backups stay; as planned by default.")
    ] = None,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Back the records up while others work; only photographs that are new are copied.

    Exit code 0: the backup holds everything. 1: it could not be made, or photographs were missing
    from the store already (they are named).
    """
    workstation = Workstation(home)
    with (
        failures_told(),
        closing(signed_in(workstation, user, password_file)) as store,
        counting("photographs", None, hidden=as_json) as step,
    ):
        report = workstation.backup(store).create(_made(folder), keep, step)
    if as_json:
        print_json_line(
            {
                **_object(report.backup),
                "copied": report.copied,
                "copied_bytes": report.copied_bytes,
                "removed": list(report.removed),
                "problems": [problem_object(problem) for problem in report.problems],
            }
        )
    else:
        say(f"Backup {report.backup.name}: {report.backup.photographs} photographs in all,")
        say(f"{report.copied} of them new ({report.copied_bytes / 1e6:.1f} MB copied).")
        if report.problems:
            say(f"{len(report.problems)} photographs are missing from the store itself:")
            print_problems(report.problems)
    if report.problems:
        raise typer.Exit(1)


@commands.command("list")
def list_(folder: Folder, as_json: Json = False) -> None:
    """The backups in a folder, newest first."""
    from drscreen.services.backup import list_backups

    with failures_told():
        found = list_backups(Workstation().backups(folder))
    if as_json:
        for backup in found:
            print_json_line(_object(backup))
        return
    table = DataTable("backup", "made", "photographs", "records, MB")
    for backup in found:
        table.row(
            backup.name,
            backup.created.astimezone().strftime("%Y-%m-%d %H:%M"),
            str(backup.photographs),
            f"{backup.size / 1e6:.1f}",
        )
    print_table(table)


@commands.command()
def verify(folder: Folder, name: Name = "", as_json: Json = False) -> None:
    """Read every byte of a backup. Exit code 1 where one is not as it was written."""
    from drscreen.services.backup import verify_backup

    with failures_told(), counting("photographs", None, hidden=as_json) as step:
        check = verify_backup(Workstation().backups(folder), name, step)
    _tell(check, as_json, "is whole")
    if check.damaged:
        raise typer.Exit(1)


@commands.command()
def restore(
    folder: Folder,
    home: Annotated[Path, typer.Option("--home", help="The folder to restore into; empty.")],
    name: Name = "",
    without_damaged: Annotated[
        bool, typer.Option("--without-damaged", help="Leave damaged photographs out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a backup into an empty folder; the passwords are those of when it was made."""
    from drscreen.services.backup import restore_backup

    with failures_told(), counting("photographs", None, hidden=as_json) as step:
        check = restore_backup(
            Workstation().backups(folder),
            home.expanduser().resolve(),
            name,
            without_damaged=without_damaged,
            step=step,
        )
    _tell(check, as_json, "was restored")
    if check.damaged:
        raise typer.Exit(1)


@commands.command()
def plan(
    user: User,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="The folder; best on another disk.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="Time of day, as 12:30.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="How many backups stay.")] = None,
    off: Annotated[bool, typer.Option("--off", help="No backups by itself.")] = False,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Show, or change, where and when the window makes backups by itself."""
    workstation = Workstation(home)
    with (
        failures_told(),
        closing(signed_in(workstation, user, password_file)) as store,
    ):
        service = workstation.backup(store)
        planned = service.state().plan
        changed = replace(
            planned,
            folder="" if off else str(_made(folder) or planned.folder),
            at=_time_of(at) if at else planned.at,
            keep=keep or planned.keep,
        )
        if changed != planned:
            service.change_plan(changed)
    if as_json:
        print_json_line(
            {
                "folder": changed.folder or None,
                "at": changed.at.isoformat("minutes"),
                "keep": changed.keep,
                "last": changed.last.isoformat() if changed.last else None,
            }
        )
    elif changed.folder:
        say(f"Each day at {changed.at:%H:%M}, while somebody is signed in, to {changed.folder};")
        say(f"the newest {changed.keep} stay.")
    else:
        say("No backups by itself: name a folder with --folder.")


def _made(folder: Path | None) -> Path | None:
    """A folder that was named just now is made where it is not there; a planned one never is."""
    if folder is None:
        return None
    place = folder.expanduser().resolve()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileUnwritable.because(f"The folder {place} cannot be made.", error) from error
    return place


def _time_of(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("Write the time as 12:30.") from error


def _object(backup: Backup) -> dict[str, Any]:
    return {
        "backup": backup.name,
        "created": backup.created.isoformat(),
        "schema": backup.schema,
        "photographs": backup.photographs,
        "records_bytes": backup.size,
    }


def _tell(check: BackupCheck, as_json: bool, words: str) -> None:
    if as_json:
        print_json_line({**_object(check.backup), "damaged": check.damaged})
        return
    whole = check.backup.photographs - check.damaged
    say(f"Backup {check.backup.name} {words}: records and {whole} photographs.")
    if check.damaged:
        say(f"{check.damaged} photographs are damaged or missing in the backup.")
