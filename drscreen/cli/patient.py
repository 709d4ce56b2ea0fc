"""`drscreen patient`: a copy of what is recorded of one patient, and its erasure."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, PasswordFile, app, failures_told, read_password, say
from drscreen.cli.output import print_json_line
from drscreen.domain.errors import FileUnwritable

commands = typer.Typer(no_args_is_help=True, help="One patient's record: export it, erase it.")
app.add_typer(commands, name="patient")

User = Annotated[str, typer.Option(help="Who does it.")]
Mrn = Annotated[str, typer.Option(help="The patient's number.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@commands.command()
def export(
    user: User,
    mrn: Mrn,
    out: Annotated[Path, typer.Option(help="A new folder for the files, which anybody can read.")],
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Write patient.json, patient.pdf and the photographs of one patient, in plain."""
    workstation = Workstation(home)
    names: list[str] = []
    with (
        failures_told(),
        closing(workstation.accounts.sign_in(user, read_password(password_file))) as store,
    ):
        files = workstation.patient_data(store).export(mrn)
        try:
            out.mkdir(parents=True, mode=0o700)
            for file in files:
                (out / file.name).write_bytes(file.content)
                names.append(file.name)
        except OSError as error:
            raise FileUnwritable.because(f"The folder {out} cannot be written.", error) from error
    if as_json:
        print_json_line({"folder": str(out), "files": names})
    else:
        say(f"{len(names)} files in {out}. They are not encrypted: hand them over, then delete.")


@commands.command()
def erase(
    user: User,
    mrn: Mrn,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Remove a patient for ever: particulars, exams, results, photographs and their keys."""
    workstation = Workstation(home)
    with (
        failures_told(),
        closing(workstation.accounts.sign_in(user, read_password(password_file))) as store,
    ):
        if not yes and not typer.confirm(f"Erase patient {mrn} for ever?", err=True):
            raise typer.Exit(1)
        photographs = workstation.patient_data(store).erase(mrn)
    if as_json:
        print_json_line({"photographs": photographs})
    else:
        say(f"Erased, with {photographs} photographs. Backups made before still hold them until")
        say("they are let go of: see docs/backups.md.")
