"""What is left of programs that nobody closed, and what is told of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from drscreen.adapters.system.logging import Log
from drscreen.adapters.system.running import left_behind, told_and_removed
from drscreen.adapters.system.support import write_bundle
from drscreen.domain.unclean_end import ProgramKind, UncleanEnd

WINDOW, COMMAND = ProgramKind.WINDOW, ProgramKind.COMMAND
BEGIN = """
import faulthandler, os, signal, sys, threading
from pathlib import Path
from drscreen.adapters.system.logging import Log
from drscreen.adapters.system.running import RunningProgram
from drscreen.domain.unclean_end import ProgramKind
running = RunningProgram(Log(Path(sys.argv[1])), ProgramKind(sys.argv[2]))
running.note(12)
running.note(3)
def grading_canary():
    exec(sys.argv[3])
"""


def program(logs: Path, kind: ProgramKind, ending: str) -> subprocess.Popen[str]:
    """A program that marks itself and then ends in that way."""
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + "grading_canary()", str(logs), kind.value, ending],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ended(logs: Path, kind: ProgramKind, ending: str) -> int:
    return program(logs, kind, ending).wait(timeout=60)


def test_a_clean_end_leaves_nothing(tmp_path: Path) -> None:
    assert ended(tmp_path, WINDOW, "running.end()") == 0
    assert list(tmp_path.iterdir()) == []


def test_a_kill_is_told_once_with_what_was_on_the_list(tmp_path: Path) -> None:
    ended(tmp_path, WINDOW, "os.kill(os.getpid(), signal.SIGKILL)")
    log = Log(tmp_path)
    assert left_behind(log) == [UncleanEnd(WINDOW, 3)]
    assert told_and_removed(log, {WINDOW, COMMAND}) == [UncleanEnd(WINDOW, 3)]
    assert told_and_removed(log, {WINDOW, COMMAND}) == []
    assert [path.name for path in tmp_path.iterdir()] == ["drscreen.log"]
    assert '"event": "ended_unexpectedly"' in (tmp_path / "drscreen.log").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such signals")
@pytest.mark.parametrize(
    ("ending", "fault"),
    [
        ("faulthandler._sigsegv()", "Segmentation fault"),
        ("os.abort()", "Aborted"),
        ("t = threading.Thread(target=faulthandler._sigsegv); t.start(); t.join()", "Segmentation"),
    ],
)
def test_a_crash_leaves_where_it_was_and_no_path(tmp_path: Path, ending: str, fault: str) -> None:
    assert ended(tmp_path, WINDOW, ending) in {-signal.SIGSEGV, -signal.SIGABRT}
    (end,) = told_and_removed(Log(tmp_path), {WINDOW})
    assert end.fault.startswith(fault)
    assert "grading_canary" in end.places
    assert "/" not in end.places
    assert fault in (tmp_path / "drscreen.log").read_text()
    assert "grading_canary" in (tmp_path / "drscreen.log").read_text()


def test_a_window_that_lives_is_not_told_and_keeps_its_mark(tmp_path: Path) -> None:
    alive = program(tmp_path, WINDOW, "print(flush=True); sys.stdin.read(); running.end()")
    assert alive.stdin is not None and alive.stdout is not None
    alive.stdout.readline()
    ended(tmp_path, WINDOW, "os._exit(9)")
    log = Log(tmp_path)
    assert len(told_and_removed(log, {WINDOW, COMMAND})) == 1
    assert len(list(tmp_path.glob("running-*"))) == 2
    alive.stdin.close()
    alive.wait(timeout=60)
    assert left_behind(log) == []
    assert not list(tmp_path.glob("running-*"))


def test_a_command_leaves_the_window_to_be_told(tmp_path: Path) -> None:
    ended(tmp_path, WINDOW, "os._exit(9)")
    ended(tmp_path, COMMAND, "os._exit(9)")
    log = Log(tmp_path)
    assert [end.kind for end in told_and_removed(log, {COMMAND})] == [COMMAND]
    assert [end.kind for end in told_and_removed(log, {WINDOW, COMMAND})] == [WINDOW]


def test_the_support_bundle_has_the_trace_without_paths(tmp_path: Path) -> None:
    ended(tmp_path, WINDOW, "faulthandler._sigsegv()")
    log = Log(tmp_path)
    write_bundle(tmp_path / "support.zip", log, [])
    with zipfile.ZipFile(tmp_path / "support.zip") as bundle:
        text = bundle.read("unclean_ends.json").decode()
    assert "grading_canary" in text
    assert "Segmentation fault" in text
    assert str(Path(sys.prefix)) not in text
    assert len(left_behind(log)) == 1, "the next window is still to tell it"


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"unrecorded": -5}', b"\xff" * 9000])
def test_a_spoilt_mark_is_told_without_a_number(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "running-window-1.json").write_bytes(content)
    assert left_behind(Log(tmp_path)) == ([UncleanEnd(WINDOW)] if content else [])


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert ended(tmp_path / "file", WINDOW, "running.note(2); running.end()") == 0
