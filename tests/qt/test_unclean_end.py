"""After a crash the next window says what was kept, once; a clean end says nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drscreen.domain.unclean_end import ProgramKind, UncleanEnd
from tests.qt.clinic import Clinic
from tests.qt.conftest import Draw

#: The real window on a home of its own; once it is painted, what the test wants happens in it.
WINDOW = """
import faulthandler, os, signal, sys
from pathlib import Path
from PySide6.QtCore import QTimer
import drscreen.gui as gui
made = []
class Window(gui.MainWindow):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        made.append(self)
    def show(self):
        super().show()
        QTimer.singleShot(500, act)
def stage(number):
    made[0]._desk.screening.add_files("A-1", [Path(f"/nowhere/{n}.png") for n in range(number)])
def act():
    print(made[0].ended.text if made[0].ended.isVisible() else "", flush=True)
    exec(sys.argv[2])
gui.MainWindow = Window
sys.exit(gui.run(Path(sys.argv[1])))
"""


def window(home: Path, act: str) -> tuple[int, str]:
    """How it ended, and what it said of the time before."""
    ran = subprocess.run(
        [sys.executable, "-c", WINDOW, str(home), act],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return ran.returncode, ran.stdout.strip()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such signals")
def test_the_next_window_says_what_was_kept_once(tmp_path: Path) -> None:
    stage = "stage(3); made[0]._desk.screening.remove(1); "
    kill = "QTimer.singleShot(300, lambda: os.kill(os.getpid(), signal.SIGKILL))"
    crash = "QTimer.singleShot(300, faulthandler._sigsegv)"
    assert window(tmp_path, stage + kill) == (-signal.SIGKILL, "")
    code, said = window(tmp_path, stage + crash)
    assert code == -signal.SIGSEGV
    assert said == (
        "drscreen ended unexpectedly the last time. Everything that was recorded is kept. "
        "2 photographs were on the list: add those again that are not in the records."
    )
    code, said = window(tmp_path, "made[0].close()")
    assert code == 0
    assert "support-bundle" in said
    assert window(tmp_path, "made[0].close()") == (0, "")
    assert "Segmentation fault" in (tmp_path / "logs" / "drscreen.log").read_text()
    assert not list((tmp_path / "logs").glob("running-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such signals")
def test_who_logs_off_is_told_nothing_the_next_time(tmp_path: Path) -> None:
    leave = "QTimer.singleShot(100, lambda: os.kill(os.getpid(), signal.SIGTERM))"
    assert window(tmp_path, leave) == (0, "")
    assert window(tmp_path, "made[0].close()") == (0, "")


def test_what_is_said_stays_until_it_is_dismissed(clinic: Clinic, draw: Draw) -> None:
    clinic.window.tell_unclean_ends([UncleanEnd(ProgramKind.COMMAND, 4)])
    assert not clinic.window.ended.isVisible()
    clinic.window.tell_unclean_ends([UncleanEnd(ProgramKind.WINDOW, 1)])
    clinic.sign_in()
    assert clinic.window.ended.isVisible()
    assert "1 photograph was on the list" in clinic.window.ended.text
    clinic.window.ended.clear()
    assert not clinic.window.ended.isVisible()
