"""Notifiers on the command line: what is installed, and the making of a new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_a_new_notifier_passes_its_own_test_and_is_found(drscreen: Run, tmp_path: Path) -> None:
    ran = drscreen("plugin", "new", "paper-mail", "--dir", tmp_path / "made")
    assert ran.returncode == 0, ran.stderr
    made = tmp_path / "made" / "drscreen-notify-paper-mail"
    assert "paper-mail made" in ran.stderr
    source = made / "src"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(source), *sys.path])}
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=made,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert tested.returncode == 0, tested.stdout
    assert "5 passed" in tested.stdout
    assert not list(made.rglob("*.txt"))
    assert "@" not in (made / "pyproject.toml").read_text()
    # What `pip install` would leave behind, so that its entry point is found.
    installed = source / "drscreen_notify_paper_mail-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: drscreen-notify-paper-mail\nVersion: 0.1.0\n")
    (installed / "entry_points.txt").write_text(
        "[drscreen.notifiers]\npaper-mail = drscreen_notify_paper_mail.plugin\n"
    )
    listed = subprocess.run(
        [sys.executable, "-m", "drscreen", "plugin", "list", "--json"],
        env=environment | {"DRSCREEN_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    (row,) = (row for row in rows if row["package"] == "drscreen-notify-paper-mail")
    assert len(row.pop("hash")) == 64
    assert row == {
        "package": "drscreen-notify-paper-mail",
        "name": "paper-mail",
        "version": "0.1.0",
        "channel": "",  # only the plugin itself knows, and nobody chose it yet
        "chosen_by": "",
        "problem": "",
    }


@pytest.mark.parametrize(
    "name", ["", "Paper", "paper_mail", "-paper", "paper--mail", "1st", "../paper", "a" * 41]
)
def test_a_bad_name_is_refused_with_a_sentence(drscreen: Run, tmp_path: Path, name: str) -> None:
    ran = drscreen("plugin", "new", "--dir", tmp_path / "made", "--", name)
    assert ran.returncode == 1
    assert "invalid_input" in ran.stderr
    assert not (tmp_path / "made").exists()


def test_what_is_there_is_left_as_it_is(drscreen: Run, tmp_path: Path) -> None:
    there = tmp_path / "drscreen-notify-paper"
    there.mkdir()
    ran = drscreen("plugin", "new", "paper", "--dir", tmp_path)
    assert ran.returncode == 1
    assert "already" in ran.stderr
    assert not list(there.iterdir())
    (tmp_path / "file").touch()
    ran = drscreen("plugin", "new", "paper", "--dir", tmp_path / "file")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr


def test_the_list_is_for_people_too(drscreen: Run) -> None:
    ran = drscreen("plugin", "list")
    assert ran.returncode == 0, ran.stderr
    assert "package" in ran.stdout or "No notifier is installed." in ran.stderr
