"""Every command that signs in says first what is wrong with the records."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from drscreen.cli import app
from tests.adapters.store.samples import PASSWORD, made_store, unlocked
from tests.shared_data import ROOT


def commands() -> Iterator[tuple[list[str], Any]]:
    """Every command that somebody signs in for."""

    def below(path: list[str], group: Any) -> Iterator[tuple[list[str], Any]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from below([*path, name], command)
            elif name != "init" and any("--user" in one.opts for one in command.params):
                yield [*path, name], command

    yield from below([], typer.main.get_command(app))


COMMANDS = list(commands())
#: Values that not every text can be, by the parameter's name; `@` stands for a file that is there.
VALUES = {"minutes": "5", "new_role": "technician", "role": "technician", "paths": "@", "out": "@"}
#: Given besides what a command cannot do without.
BESIDES = {
    "screen": ["--save", "--mrn", "A-17", "--eye", "OD"],
    "patient export": ["--mrn", "A-17"],
    "patient erase": ["--mrn", "A-17", "--yes"],
    "outbox remind": ["--mrn", "A-17", "--purpose", "come_back"],
    "outbox write-again": [
        *("--mrn", "A-17", "--channel", "sms", "--by", "patient", "--how", "in_person"),
        *("--day", "2026-03-02"),
    ],
    "user password": ["--new-password-file", "@"],
    "user add": ["--new-password-file", "@"],
    "notify test": ["--to", "+15005550006", "--channel", "sms"],
}


@pytest.fixture(scope="module")
def altered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records whose seal was altered."""
    home = tmp_path_factory.mktemp("altered") / "home"
    made_store(home)
    unlocked(home).close()
    anchor = home / "store" / "audit.head"
    anchor.write_bytes(anchor.read_bytes()[:-3])
    (home / "password").write_text(PASSWORD)
    (home / "some file").write_bytes(b"nothing")
    return home


@pytest.mark.parametrize(
    ("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS]
)
def test_command_says_the_alarms(
    altered: Path, tmp_path: Path, path: list[str], command: Any
) -> None:
    home = tmp_path / "home"
    shutil.copytree(altered, home)
    besides = BESIDES.get(" ".join(path), [])
    words = [*path, "--home", str(home), "--password-file", str(home / "password"), *besides]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            if parameter.required:
                words.append(VALUES.get(parameter.name, "x"))
        elif "--user" in parameter.opts:
            words += ["--user", "nora"]
        elif parameter.required and not set(parameter.opts) & set(words):
            words += [parameter.opts[0], VALUES.get(parameter.name, "x")]
    there = str(home / "some file")
    ran = CliRunner().invoke(app, [there if word == "@" else word for word in words])
    assert "ALARM" in ran.stderr, ran.stderr
    assert "seal of the audit log" in ran.stderr


def test_the_walk_finds_the_commands() -> None:
    names = {" ".join(path) for path, _ in COMMANDS}
    assert {"screen", "check", "user password", "backup create", "audit verify"} <= names
    assert len(names) >= 25


def test_there_is_one_way_in() -> None:
    """Nothing in the command line opens records but through what says the alarms."""
    entering = re.compile(r"(?:accounts\.(?:sign_in|recover)|open_demonstration)\(")
    for file in (ROOT / "drscreen" / "cli").glob("*.py"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if entering.search(line):
                assert "opened(lambda: " in line, f"{file.name}: {line.strip()}"
