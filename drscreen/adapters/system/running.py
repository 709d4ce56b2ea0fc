"""Which programs are at work on a home, and how those ended that nobody closed.

Each running program keeps two files beside the log: a mark, locked as long as it lives, and a
trace, into which Python's faulthandler writes where in the program a crash came from. A clean end
removes both. What an unclean one left is read, cleaned of paths, put into the log and removed.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path, PurePath, PureWindowsPath
from typing import BinaryIO

from drscreen.adapters.system.logging import Log
from drscreen.domain.unclean_end import ProgramKind, UncleanEnd

_PREFIX, _MARK, _TRACE = "running-", ".json", ".trace"
#: More than a mark ever holds; and traces of a hundred threads, of which the log keeps the first.
_MARK_MAX, _TRACE_MAX = 4096, 1_000_000
_PLACES_MAX = 60
_FAULT = re.compile(
    r"^(?:Fatal Python error|Windows fatal exception): ([\w .:-]{1,80})", re.MULTILINE
)
_PLACE = re.compile(r'^  File "([^"\n]*)", line (\d+) in ([\w.<>]+)$', re.MULTILINE)
_CURRENT = "Current thread "
#: Where the lock of a mark lies: Windows keeps others from reading what is locked.
_LOCKED_BYTE = 1 << 30


class RunningProgram:
    """This program's own mark. Use from one thread.

    Writing never raises: where the folder cannot be written, crashes are told on standard error. So
    they are where a command works on a home that holds nothing yet: it may be restored into.
    """

    def __init__(self, log: Log, kind: ProgramKind) -> None:
        """Mark the program as running, and catch crashes of every thread of it."""
        name = f"{_PREFIX}{kind}-{os.getpid()}"
        self._kind = kind
        self._paths = [log.folder / f"{name}{_MARK}", log.folder / f"{name}{_TRACE}"]
        self._files: list[BinaryIO] = []
        try:
            home = log.folder.parent
            if kind is ProgramKind.WINDOW or any(home.iterdir()):
                log.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._files = [path.open("wb") for path in self._paths]
            # Another program that starts looks at the mark for an instant.
            for _ in range(50):
                if _lock(self._files[0]):
                    break
                time.sleep(0.01)
            self.note(0)
            faulthandler.enable(self._files[1], all_threads=True)
        except OSError:
            if sys.stderr is not None:
                faulthandler.enable(all_threads=True)

    def note(self, unrecorded: int) -> None:
        """Keep how many photographs are on the list and not recorded."""
        if self._files:
            content = json.dumps({"kind": self._kind.value, "unrecorded": unrecorded}).encode()
            with suppress(OSError):
                mark = self._files[0]
                mark.seek(0)
                # One write of one length: a kill leaves the old number or the new one.
                mark.write(content.ljust(64))
                mark.flush()

    def end(self) -> None:
        """The program ends as it should: nothing is left to be told."""
        if self._files:
            faulthandler.disable()
        for file in self._files:
            file.close()
        for path in self._paths if self._files else ():
            with suppress(OSError):
                path.unlink()
        self._files = []


def left_behind(log: Log) -> list[UncleanEnd]:
    """How programs ended that nobody closed, by what they left. Changes nothing."""
    return [end for _paths, end in _found(log)]


def told_and_removed(log: Log, kinds: set[ProgramKind]) -> list[UncleanEnd]:
    """The same of programs of some kinds, put into the log, so that each is told once."""
    told = []
    for paths, end in _found(log):
        if end.kind in kinds:
            log.write(
                "ended_unexpectedly",
                kind=end.kind.value,
                count=end.unrecorded,
                fault=end.fault,
                places=end.places,
            )
            for path in paths:
                with suppress(OSError):
                    path.unlink()
            told.append(end)
    return told


def _found(log: Log) -> list[tuple[list[Path], UncleanEnd]]:
    found = []
    with suppress(OSError):
        for mark in sorted(log.folder.glob(f"{_PREFIX}*{_MARK}")):
            content = _content_if_dead(mark)
            if content is not None:
                trace = mark.with_suffix(_TRACE)
                found.append(([mark, trace], _end(mark, content, _text(trace))))
    return found


def _content_if_dead(mark: Path) -> str | None:
    """What a mark says; None where its program lives, or where it is no file."""
    try:
        if not mark.is_file() or mark.is_symlink():
            return None
        with mark.open("rb+") as file:
            if not _lock(file):
                return None
            file.seek(0)
            # An empty one belongs to a program that is just beginning.
            return file.read(_MARK_MAX).decode("ascii", errors="replace") or None
    except OSError:
        return None


def _end(mark: Path, content: str, trace: str) -> UncleanEnd:
    try:
        unrecorded = int(json.loads(content)["unrecorded"])
    except (ValueError, KeyError, TypeError, RecursionError):
        unrecorded = 0
    is_window = mark.name.startswith(f"{_PREFIX}{ProgramKind.WINDOW}-")
    fault = _FAULT.search(trace)
    return UncleanEnd(
        ProgramKind.WINDOW if is_window else ProgramKind.COMMAND,
        min(max(0, unrecorded), 1_000_000),
        fault.group(1).strip() if fault else "",
        _places(trace),
    )


def _places(trace: str) -> str:
    """The thread that crashed first, then the others; file names alone, never a path."""
    before, current, after = trace.partition(_CURRENT)
    own, blank, others = after.partition("\n\n") if current else ("", "", "")
    ordered = f"{own}\n{before}{blank}{others}" if current else trace
    places = (
        f"{PureWindowsPath(PurePath(file).name).name}:{line} {function}"
        for file, line, function in _PLACE.findall(ordered)
    )
    return ", ".join(place for place, _ in zip(places, range(_PLACES_MAX), strict=False))


def _text(trace: Path) -> str:
    try:
        with trace.open("rb") as file:
            return file.read(_TRACE_MAX).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _lock(file: BinaryIO) -> bool:
    """Lock a mark until the file is closed or the process ends; whether nobody else has."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
