"""`drscreen patient`: a copy of what is recorded of one patient, and its erasure."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

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
from drscreen.cli.output import print_json_line
from drscreen.domain.errors import FileUnwritable
from drscreen.private_files import make_private_folder, write_privately

commands = typer.Typer(no_args_is_help=True, help="One patient's record: export it, erase it.")
app.add_typer(commands, name="patient")

User = Annotated[str, typer.Option(help="Who does it.")]
Mrn = Annotated[str, typer.Option(help="The patient's number; better --mrn-file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@commands.command()
def export(
    user: User,
    out: Annotated[
        Path, typer.Option(help="A new folder for the files, in plain, for your eyes alone.")
    ],
    mrn: Mrn = "",
    mrn_file: MrnFile = None,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Write patient.json, patient.pdf and the photographs of one patient, in plain."""
    workstation = Workstation(home)
    names: list[str] = []
    with (
        failures_told(),
        closing(signed_in(workstation, user, password_file)) as store,
    ):
        files = workstation.patient_data(store).export(read_mrn(mrn, mrn_file))
        try:
            make_private_folder(out)
            for file in files:
                write_privately(out / file.name, file.content)
                names.append(file.name)
        except OSError as error:
            raise FileUnwritable.because(
                f"The folder {out} exists or cannot be written.", error
            ) from error
    if as_json:
        print_json_line({"folder": str(out), "files": names})
    else:
        say(f"{len(names)} files in {out}. They are not encrypted: hand them over, then delete.")


@commands.command()
def erase(
    user: User,
    mrn: Mrn = "",
    mrn_file: MrnFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Remove a patient for ever: particulars, exams, results, photographs and their keys."""
    workstation = Workstation(home)
    with (
        failures_told(),
        closing(signed_in(workstation, user, password_file)) as store,
    ):
        number = read_mrn(mrn, mrn_file)
        if not yes and not typer.confirm(f"Erase patient {number} for ever?", err=True):
            raise typer.Exit(1)
        photographs = workstation.patient_data(store).erase(number)
    if as_json:
        print_json_line({"photographs": photographs})
    else:
        say(f"Erased, with {photographs} photographs. Backups made before still hold them until")
        say("they are let go of: see docs/backups.md.")
