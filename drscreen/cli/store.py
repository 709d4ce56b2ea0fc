"""`drscreen init`: make a clinic's encrypted store."""

from __future__ import annotations

from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, PasswordFile, app, failures_told, read_password, say


@app.command()
def init(
    user: Annotated[str, typer.Option(help="The administrator's user name.")],
    clinic: Annotated[str, typer.Option(help="The clinic's name.")] = "Clinic",
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Make an encrypted store with its first account, the administrator."""
    workstation = Workstation(home)
    with failures_told():
        workstation.accounts.create_clinic(clinic, user, read_password(password_file)).close()
    say(f"A store was made in {workstation.home}.")
    say("Keep the password safe: without it nobody can read the records.")
