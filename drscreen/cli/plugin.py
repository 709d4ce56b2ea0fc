"""`drscreen plugin`: which notifiers are installed, and the beginning of a new one."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import app, failures_told, say
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.domain.errors import FileUnwritable, InvalidInput

plugin = typer.Typer(no_args_is_help=True, help="Notifiers: what is installed, and a new one.")
app.add_typer(plugin, name="plugin")

_NAME = re.compile(r"(?=.{1,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")


@plugin.command("list")
def list_plugins(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the installed notifiers, and why one is not used. Loads them."""
    found = Workstation().notifiers.found()
    rows = [
        {
            "package": one.package,
            "name": one.info.name if one.info else "",
            "channel": one.info.channel if one.info else "",
            "problem": one.problem,
        }
        for one in found
    ]
    if as_json:
        for row in rows:
            print_json_line(row)
        return
    if not rows:
        say("No notifier is installed.")
        return
    table = DataTable("package", "name", "channel", "problem")
    for row in rows:
        table.row(*row.values())
    print_table(table)


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
        raise FileUnwritable(f"{target.name} cannot be written there.") from error
    return target
