"""The commands and what they have in common: options, failures, passwords."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from drscreen import __version__
from drscreen.bootstrap import Workstation
from drscreen.cli.visible import visible
from drscreen.domain.audit import Alarm, AuditEvent
from drscreen.domain.errors import DrscreenError, PathTooLong, TextUnreadable
from drscreen.domain.errors.disk import DiskReason, reason_of
from drscreen.domain.store_ports import OpenStore
from drscreen.domain.text_file import UTF16_MARKS, first_line, text_of

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Home = Annotated[
    Path | None,
    typer.Option(
        "--home", envvar="DRSCREEN_HOME", help="Data folder; your own data folder by default."
    ),
]
MrnFile = Annotated[
    str | None,
    typer.Option(
        "--mrn-file",
        help="File whose first line is the patient's number, which --mrn shows to every account of "
        "this machine; '-' is standard input, the line after the password.",
    ),
]
Model = Annotated[
    str,
    typer.Option("--model", help="A network by name, or a bundle's folder; the best by default."),
]
PasswordFile = Annotated[
    str | None,
    typer.Option(
        "--password-file", help="File whose first line is the password; '-' is standard input."
    ),
]


#: A password is far shorter; a device or a photograph named by mistake is not read whole.
_PASSWORD_FILE_MAX = 65_536


def _short_name(name: str) -> str:
    if not name.isprintable() or len(name) > 80:
        raise typer.BadParameter("A name of at most 80 characters.")
    return name.strip()


AllowUnsigned = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        callback=_short_name,
        help="Use a network that nobody signed; NAME answers for it and stands on every result.",
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"drscreen {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show and exit."),
    ] = False,
) -> None:
    """Offline screening of retinal photographs for diabetic retinopathy.

    Research use, not a cleared medical device.
    """


def say(text: str) -> None:
    """A line for a person, on standard error, where it never mixes with results."""
    typer.echo(visible(text, keep="\n"), err=True)


def tell(error: DrscreenError) -> None:
    """Explain a failure: what happened, what was kept, what to do."""
    say(f"{error.message} {error.kept} {error.advice}".rstrip() + f" [{error.code}]")


@contextmanager
def failures_told() -> Iterator[None]:
    """End the command with exit code 1 and a sentence where an expected failure gets this far."""
    try:
        yield
    except DrscreenError as error:
        tell(error)
        raise typer.Exit(1) from error
    except OSError as error:
        # Even to ask whether there is such a file fails; everything else is a fault of ours.
        if reason_of(error) is not DiskReason.TOO_LONG:
            raise
        tell(PathTooLong("A path that was named is too long for this system."))
        raise typer.Exit(1) from error


def signed_in(workstation: Workstation, user: str, password_file: str | None) -> OpenStore:
    """The records, opened by that user; what is wrong with them is said before anything else.

    With `opened` the only ways in of all commands.
    """
    password = read_password(password_file)
    return opened(lambda: workstation.accounts.sign_in(user, password))


def opened(enter: Callable[[], OpenStore]) -> OpenStore:
    """Records that are entered in another way, and said of what is wrong with them."""
    store = enter()
    for alarm in store.alarms:
        say(f"ALARM ({alarm.moment:%Y-%m-%d %H:%M} UTC): {alarm_sentence(alarm)}")
    return store


def alarm_sentence(alarm: AuditEvent) -> str:
    """What an alarm means; its code where this version does not know it."""
    code = alarm.details.get("alarm", "")
    return Alarm(code).sentence if code in set(Alarm) else code


def read_private(given: str, file: str | None, what: str, option: str) -> str:
    """What names a person: from an argument, which every account of this machine can read while
    the command runs, or unseen from a file, from standard input, or asked for.

    To be called behind `signed_in`: of two that come by standard input the password is the first
    line. Wrong usage where it is given twice.
    """
    if given and file is not None:
        raise typer.BadParameter(f"Give either {option} or {option}-file.")
    if given:
        return given
    if file is None and sys.stdin.isatty():
        return str(typer.prompt(what, err=True))
    if file is None:
        raise typer.BadParameter(f"Give it with {option} or {option}-file.")
    return read_password(file, what, f"{option}-file").strip()


def read_mrn(mrn: str, mrn_file: str | None) -> str:
    """The patient's number; see `read_private`."""
    return read_private(mrn, mrn_file, "Patient's number", "--mrn")


def read_password(
    password_file: str | None, what: str = "Password", option: str = "--password-file"
) -> str:
    """The password from a file, from standard input, or asked for where a person is there.

    Never from an argument: those are seen by every process on the machine.
    """
    if password_file is None:
        if not sys.stdin.isatty():
            raise typer.BadParameter(f"Give it with {option}.")
        return str(typer.prompt(what, hide_input=True, err=True))
    if password_file == "-":  # noqa: S105 - a file's name, not a password
        with readable("Standard input") as said:
            return first_line(text_of(_first_bytes(sys.stdin.buffer), said), said)
    with readable(f"The file of {option}") as said, Path(password_file).open("rb") as file:
        return first_line(text_of(file.read(_PASSWORD_FILE_MAX), said), said)


@contextmanager
def readable(what: str) -> Iterator[str]:
    """Within: a text that an option names and that cannot be read is wrong usage, with the reason.

    Gives `what`, as the reason calls it.
    """
    try:
        yield what
    except OSError as error:
        raise typer.BadParameter(f"{what} cannot be read. {reason_of(error)}") from error
    except TextUnreadable as error:
        raise typer.BadParameter(f"{error.message} {error.advice}") from error


def _first_bytes(stream: BinaryIO) -> bytes:
    """The first line, without waiting for what a person or program may still write after it."""
    line = stream.readline(_PASSWORD_FILE_MAX)
    # In UTF-16 a byte that looks like the line's end may be half of a character.
    return line + stream.read(_PASSWORD_FILE_MAX) if line.startswith(UTF16_MARKS) else line
