"""`drscreen init`: make a clinic's encrypted store."""

from __future__ import annotations

from contextlib import closing
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
        store = workstation.accounts.create_clinic(clinic, user, read_password(password_file))
        with closing(store):
            code = workstation.staff(store).new_recovery_code()
    say(f"A store was made in {workstation.home}.")
    say("The recovery code, shown only now. Write it down and lock it away: with it a forgotten")
    say("password is replaced; without both nobody can read the records.")
    typer.echo(code)
