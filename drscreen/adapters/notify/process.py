"""A plugin's process as drscreen sees it: started, asked, ended."""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from drscreen.adapters.notify import frames
from drscreen.adapters.notify.calls import (
    CallFailed,
    Died,
    Lacks,
    NotMade,
    Raised,
    WrongAnswer,
)
from drscreen.plugin_api import NotifierHooks

#: With this as its only argument a frozen drscreen is a plugin's process (`drscreen.__main__`).
ARGUMENT = "--plugin-process"
#: Seconds without a question after which a process is not asked again.
WARM = 30.0

_BEGIN = (
    "import sys; sys.path[:] = sys.argv[1:]; del sys.argv[1:]; "
    "from drscreen.adapters.notify.child import main; main()"
)
#: What a process may know of this machine: where programs, certificates and proxies are, and how
#: people here write. Nothing else, for a variable may be a secret of anybody's.
_PASSED = frozenset(
    {
        *("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TZDIR"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "USERPROFILE", "TEMP", "TMP"),
    }
)


#: Classes of exceptions that are named, in the log too. Any other name may be made up of what a
#: plugin was told.
_KINDS = frozenset(
    {name for name, one in vars(builtins).items() if isinstance(one, type)}
    | {"PluginValidationError", "HookCallError"}
)


class PluginProcess:
    """One process, started. One question at a time, on any thread."""

    def __init__(self, value: str) -> None:
        """`value` is what it loads at its first question. Raises `NotMade`."""
        self._value = value
        self._number = 0
        self._asked = time.monotonic()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                _command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=Path(sys.executable).anchor or os.sep,
                env=_environment(),
                # Not in the terminal's group: Ctrl-C there must not end it in the middle of a call.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise NotMade from error

    @property
    def is_warm(self) -> bool:
        """Whether it may be asked again."""
        rested = time.monotonic() - self._asked
        return rested < WARM and self._process.poll() is None

    def ask(self, question: str, **told: Any) -> Any:
        """The answer, of whatever kind. Blocks until it is there or the process has ended.

        Raises a `CallFailed`.
        """
        self._number += 1
        self._asked = time.monotonic()
        frame = {"number": self._number, "ask": question, "load": self._value, **told}
        incoming, outgoing = self._process.stdout, self._process.stdin
        if incoming is None or outgoing is None:
            raise NotMade
        try:
            frames.write(outgoing.write, frame)
            answer = frames.read(incoming.read)
        except (OSError, ValueError, frames.Ended) as error:
            raise Died from error
        self._asked = time.monotonic()
        if answer.get("number") != self._number:
            raise WrongAnswer
        if "ok" in answer:
            return answer["ok"]
        raise _fault(answer)

    def end(self) -> None:
        """Kill it and what it started. Idempotent."""
        if self._process.poll() is not None:
            return  # its number may be another's by now
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)


def _fault(answer: dict[str, Any]) -> CallFailed:
    if "raised" in answer:
        kind = answer["raised"]
        return Raised(kind if isinstance(kind, str) and kind in _KINDS else "another exception")
    lacks = answer.get("lacks")
    if isinstance(lacks, str) and lacks in vars(NotifierHooks):
        return Lacks(lacks)
    return WrongAnswer()


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, ARGUMENT]
    here = [str(Path(entry).absolute()) for entry in sys.path]
    return [sys.executable, "-P", "-c", _BEGIN, *here]


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _PASSED or name.upper().startswith("LC_")
    }
