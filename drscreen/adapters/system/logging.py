"""A log that can be sent to support: what happened in the program, and nothing of anybody.

Only the keys of `ALLOWED` are written, and only values of plain, short kinds. A fault is written as
its type and its places in the program: an exception's text may quote a record.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePath
from types import TracebackType

from drscreen.regular_files import append_regular, is_regular

#: Everything that a line may say besides time and event. Nothing here can hold a name, a number
#: of a patient, a path, or what somebody typed.
ALLOWED = frozenset(
    {
        "code",
        "count",
        "device",
        "fault",
        "kind",
        "network",
        "places",
        "python",
        "seconds",
        "stage",
        "system",
        "version",
    }
)
LOG = "drscreen.log"
ROTATE_AT = 512 * 1024
KEPT = 3
_TEXT_MAX = 2000
#: An event, and every text: what identifiers, versions and places in the program are made of.
_PLAIN = re.compile(r"[\w.:,+<>\[\] ()/-]*")
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Log:
    """Lines of JSON in a folder; files are turned over at `ROTATE_AT` bytes, `KEPT` are kept.

    Any thread. Writing never raises: a log must not stop anybody's work.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = threading.Lock()

    def write(self, event: str, **values: object) -> None:
        """Add a line. Keys that are not allowed, and values that are not plain, are left out.

        An event that is not a plain word is a programming error (`ValueError`).
        """
        if not _EVENT.fullmatch(event):
            raise ValueError("an event of the log is a plain word")
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        line = {"at": moment, "event": event, **_told(values)}
        with self._guard, suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._rotate()
            append_regular(self.folder / LOG, (json.dumps(line) + "\n").encode("ascii"))

    def fault(self, error: BaseException) -> None:
        """A fault that nobody expected: its type and its places, never its text."""
        self.write("fault", fault=type(error).__name__, places=places_of(error))

    def files(self) -> list[Path]:
        """The log's files, the newest first."""
        names = [LOG, *(f"{LOG}.{n}" for n in range(1, KEPT))]
        return [self.folder / name for name in names if is_regular(self.folder / name)]

    def install(self) -> None:
        """Write every exception that nobody catches, in any thread, and print it as redacted.

        What was installed before (the window's own dialog) is called as well, instead of printing.
        """
        before = sys.excepthook
        is_own = before is sys.__excepthook__

        def hook(
            kind: type[BaseException], error: BaseException, trace: TracebackType | None
        ) -> None:
            if not issubclass(kind, KeyboardInterrupt):
                self.fault(error)
            if not is_own or issubclass(kind, KeyboardInterrupt):
                before(kind, error, trace)
                return
            print(f"drscreen failed: {kind.__name__}", file=sys.stderr)
            for place in places_of(error).split(", "):
                print(f"  {place}", file=sys.stderr)
            print("The text of the error is left out: it may hold patient data.", file=sys.stderr)

        def thread_hook(told: threading.ExceptHookArgs) -> None:
            if told.exc_value is not None:
                hook(told.exc_type, told.exc_value, told.exc_traceback)

        sys.excepthook = hook
        threading.excepthook = thread_hook

    def _rotate(self) -> None:
        current = self.folder / LOG
        if not is_regular(current) or current.stat().st_size < ROTATE_AT:
            return
        turned = [self.folder / f"{LOG}.{number}" for number in range(1, KEPT)]
        if any(path.is_symlink() or (path.exists() and not is_regular(path)) for path in turned):
            return  # something else lies there, and is not written over
        for number in range(KEPT - 1, 0, -1):
            older = self.folder / (f"{LOG}.{number - 1}" if number > 1 else LOG)
            if older.exists():
                older.replace(self.folder / f"{LOG}.{number}")


def places_of(error: BaseException) -> str:
    """Where in the program: file names, lines and functions, of the error and what led to it."""
    told: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(told) < 60:
        if seen is not error:
            told.append(f"from {type(seen).__name__}")
        frames = traceback.extract_tb(seen.__traceback__)
        told += [f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in frames]
        seen = seen.__cause__ or seen.__context__
    return ", ".join(told)


def _told(values: dict[str, object]) -> dict[str, object]:
    told: dict[str, object] = {}
    for key, value in values.items():
        if key not in ALLOWED:
            continue
        if isinstance(value, bool | int | float):
            told[key] = value
        elif isinstance(value, str) and _PLAIN.fullmatch(value):
            told[key] = value[:_TEXT_MAX]
    return told
