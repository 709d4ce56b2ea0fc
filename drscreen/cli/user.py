"""`drscreen user`: accounts, passwords, the recovery code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import (
    Home,
    PasswordFile,
    app,
    failures_told,
    opened,
    read_password,
    say,
    signed_in,
)
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.domain.users import Role, User
from drscreen.services.staff import StaffService

user = typer.Typer(no_args_is_help=True, help="Accounts, passwords, the recovery code.")
app.add_typer(user, name="user")

By = Annotated[str, typer.Option("--user", help="Who does this: an administrator's user name.")]
Name = Annotated[str, typer.Argument(help="The account that it is about.")]
NewPasswordFile = Annotated[
    str | None,
    typer.Option(
        "--new-password-file",
        help="File whose first line is the new password; '-' is standard input, next line.",
    ),
]


@contextmanager
def _staff(home: Home, by: str, password_file: str | None) -> Iterator[StaffService]:
    workstation = Workstation(home)
    with failures_told(), closing(signed_in(workstation, by, password_file)) as store:
        yield workstation.staff(store)


@user.command("list")
def list_users(
    by: By,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Show the accounts and their roles."""
    with _staff(home, by, password_file) as staff:
        accounts = staff.accounts()
    if as_json:
        for one in accounts:
            print_json_line(
                {"name": one.name, "role": one.role.value, "display_name": one.display_name}
            )
        return
    table = DataTable("user", "role", "name")
    for one in accounts:
        table.row(one.name, one.role.value, one.display_name)
    print_table(table)


@user.command()
def add(
    name: Name,
    by: By,
    role: Annotated[Role, typer.Option(help="What the person is in the clinic.")],
    display_name: Annotated[str, typer.Option(help="As colleagues know them.")] = "",
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    home: Home = None,
) -> None:
    """Add an account."""
    with _staff(home, by, password_file) as staff:
        staff.add(User(name, role, display_name), _new_password(new_password_file))
    say(f"{name} may sign in as {role.value}.")


@user.command()
def remove(name: Name, by: By, password_file: PasswordFile = None, home: Home = None) -> None:
    """Remove an account and put the records under a new key, which that person never had."""
    with _staff(home, by, password_file) as staff:
        removal = staff.remove(name)
    say(f"{name} cannot sign in any more.")
    if removal.recovery_code is not None:
        say("The recovery code may have been known to them. The new one, shown only now:")
        typer.echo(removal.recovery_code)
    if removal.refused is not None:
        say(f"{removal.refused.message} {removal.refused.advice}")
        say("The data key is still the old one: run 'drscreen user change-key'.")
        raise typer.Exit(1)


@user.command("change-key")
def change_key(by: By, password_file: PasswordFile = None, home: Home = None) -> None:
    """Put the records under a new data key; everybody's password stays as it is."""
    with _staff(home, by, password_file) as staff:
        staff.change_data_key()
    say("The records are under a new data key.")


@user.command()
def role(
    name: Name,
    new_role: Annotated[Role, typer.Argument(help="The new role.")],
    by: By,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Give an account another role, from its next sign-in on."""
    with _staff(home, by, password_file) as staff:
        staff.change_role(name, new_role)
    say(f"{name} is {new_role.value} from the next sign-in on.")


@user.command()
def password(
    by: Annotated[str, typer.Option("--user", help="Who does this.")],
    name: Annotated[str, typer.Argument(help="Whose password; your own by default.")] = "",
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    home: Home = None,
) -> None:
    """Change your own password, or as administrator give somebody a new one."""
    workstation = Workstation(home)
    with failures_told():
        current = read_password(password_file)
        with closing(opened(lambda: workstation.accounts.sign_in(by, current))) as store:
            staff = workstation.staff(store)
            fresh = _new_password(new_password_file)
            if not name or name.casefold() == by.casefold():
                staff.change_own_password(current, fresh)
            else:
                staff.set_password(name, fresh)
    say("The password is changed.")


@user.command("recovery-code")
def recovery_code(by: By, password_file: PasswordFile = None, home: Home = None) -> None:
    """Make a new recovery code and print it; the old one recovers nothing any more."""
    with _staff(home, by, password_file) as staff:
        code = staff.new_recovery_code()
    say("Write it down and lock it away; it is shown only now:")
    typer.echo(code)


@user.command()
def recover(
    name: Name,
    code_file: Annotated[
        str | None,
        typer.Option(help="File whose first line is the recovery code; '-' is standard input."),
    ] = None,
    new_password_file: NewPasswordFile = None,
    home: Home = None,
) -> None:
    """Give an account a new password by the recovery code."""
    workstation = Workstation(home)
    with failures_told():
        code = read_password(code_file, "Recovery code", "--code-file")
        fresh = _new_password(new_password_file)
        opened(lambda: workstation.accounts.recover(code, name, fresh)).close()
    say(f"{name} may sign in with the new password.")


@user.command("lock-after")
def lock_after(
    minutes: Annotated[int, typer.Argument(min=1, help="Minutes without a person, up to 240.")],
    by: By,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Set when the window locks by itself."""
    with _staff(home, by, password_file) as staff:
        staff.set_idle_minutes(minutes)
    say(f"The window locks after {minutes} minutes.")


def _new_password(new_password_file: str | None) -> str:
    return read_password(new_password_file, "New password", "--new-password-file")
