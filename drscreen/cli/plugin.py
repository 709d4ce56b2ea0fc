"""`drscreen plugin`: which notifiers are installed, and the beginning of a new one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, PasswordFile, app, failures_told, say, signed_in
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.domain.errors import FileUnwritable, InvalidInput, NotifierUnusable
from drscreen.domain.notice_ports import FoundNotifier
from drscreen.domain.plugin_choice import SHOWN, PluginOffer

if TYPE_CHECKING:
    from drscreen.services.notice_settings import NoticeSettingsService

plugin = typer.Typer(no_args_is_help=True, help="Notifiers: what is installed, and a new one.")
app.add_typer(plugin, name="plugin")

_COLUMNS = ("package", "name", "version", "hash", "channel", "chosen_by", "problem")
_NAME = re.compile(r"(?=.{1,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")


@plugin.command("list")
def list_plugins(
    user: Annotated[
        str, typer.Option(help="An administrator: what is chosen is in the records.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Show the installed notifiers, who chose them, and why one is not used.

    Without --user their metadata alone are read, and nothing of theirs runs.
    """
    workstation = Workstation(home)
    found: Sequence[FoundNotifier]
    if user:
        with failures_told(), closing(signed_in(workstation, user, password_file)) as store:
            settings = workstation.notice_settings(store).notifiers()
            found = [one.found for one in settings]
    else:
        found = workstation.notifiers.found()
    rows = [_row(one, choices_known=bool(user)) for one in found]
    if as_json:
        for row in rows:
            print_json_line(row)
        return
    if not rows:
        say("No notifier is installed.")
        return
    table = DataTable("package", "name", "version", "hash", "channel", "chosen by", "problem")
    for row in rows:
        shown = row | {"hash": row["hash"][:SHOWN]}
        table.row(*(shown[key] for key in _COLUMNS))
    print_table(table)
    if not user:
        say("Who chose them is in the records: give --user NAME.")


@plugin.command()
def choose(
    name: Annotated[str, typer.Argument(help="Its package or name, as `plugin list` shows it.")],
    user: Annotated[str, typer.Option(help="An administrator.")],
    expected: Annotated[
        str, typer.Option("--hash", help="Refuse where its files' hash does not begin so.")
    ] = "",
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Let an installed notifier run from now on, as its files are now.

    After any change of its files it has to be chosen anew.
    """
    with _settings(home, user, password_file) as service:
        offer = _offer(service, name)
        if not offer.digest.startswith(expected.lower()):
            raise NotifierUnusable(f"The hash of its files is {offer.digest}, another one.")
        service.choose_plugin(offer.package, offer.digest)
        say(f"{offer.package} {offer.version} is chosen, with the hash {offer.digest}.")
        for one in service.notifiers():
            if one.found.package == offer.package and one.found.problem:
                say(one.found.problem)


@plugin.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Its package or name, as `plugin list` shows it.")],
    user: Annotated[str, typer.Option(help="An administrator.")],
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Let a notifier run no more; its settings stay."""
    with _settings(home, user, password_file) as service:
        offer = _offer(service, name)
        service.revoke_plugin(offer.package)
        say(f"{offer.package} does not run any more.")


@plugin.command()
def new(
    name: Annotated[str, typer.Argument(help="What it is called: letters, digits, hyphens.")],
    folder: Annotated[Path, typer.Option("--dir", help="Where its folder is made.")] = Path(),
) -> None:
    """Make a notifier that works, to be changed: a package with its own test.

    It appends messages to a file until you put a service in its place.
    """
    with failures_told():
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                "A notifier's name begins with a letter and has lower-case letters and digits, in "
                "parts joined by hyphens, at most 40 in all."
            )
        made = _write(name, folder / f"drscreen-notify-{name}")
    say(f"{made} made. docs/plugins.md of drscreen says what to do with it.")


@contextmanager
def _settings(
    home: Path | None, user: str, password_file: str | None
) -> Iterator[NoticeSettingsService]:
    workstation = Workstation(home)
    with failures_told(), closing(signed_in(workstation, user, password_file)) as store:
        yield workstation.notice_settings(store)


def _offer(service: NoticeSettingsService, name: str) -> PluginOffer:
    offers = {one.found.offer for one in service.notifiers() if one.found.offer is not None}
    named = [offer for offer in offers if name == offer.package]
    named = named or [offer for offer in offers if name == offer.notifier]
    if len({offer.package for offer in named}) > 1:
        raise NotifierUnusable("Several packages have that name. Give the package's.")
    if not named:
        raise NotifierUnusable("There is no notifier of that name.")
    return named[0]


def _row(found: FoundNotifier, *, choices_known: bool) -> dict[str, str]:
    offer, choice = found.offer, found.choice
    by = f"{choice.by}, {choice.moment.date()}" if choice is not None else ""
    return {
        "package": found.package,
        "name": found.info.name if found.info else (offer.notifier if offer else ""),
        "version": offer.version if offer else "",
        "hash": offer.digest if offer else "",
        "channel": found.info.channel if found.info else "",
        "chosen_by": by,
        "problem": found.problem if choices_known or not found.waits_for_choice else "",
    }


def _write(name: str, target: Path) -> Path:
    module = f"drscreen_notify_{name.replace('-', '_')}"
    template = resources.files("drscreen.cli") / "plugin_template"
    files = {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "README.md.txt",
        f"src/{module}/__init__.py": "init.py.txt",
        f"src/{module}/plugin.py": "plugin.py.txt",
        f"tests/test_{module}.py": "test.py.txt",
    }
    try:
        target.mkdir(parents=True)
        for path, source in files.items():
            text = (template / source).read_text(encoding="utf-8")
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(
                text.replace("@NAME@", name).replace("@MODULE@", module), encoding="utf-8"
            )
    except FileExistsError as error:
        raise FileUnwritable(f"There is a {target.name} already.") from error
    except OSError as error:
        raise FileUnwritable.because(f"{target.name} cannot be written there.", error) from error
    return target
