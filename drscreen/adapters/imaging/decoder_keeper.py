"""The decoder's process as drscreen keeps it: started, asked, ended, never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from drscreen.adapters.imaging import decoder_frames as frames
from drscreen.adapters.imaging.reader import MAX_PIXELS

#: With this and the program's process id as its arguments a frozen drscreen is the decoder
#: (`drscreen.__main__`).
ARGUMENT = "--decode-photographs"

Exchanged = tuple[frames.Words, bytes] | Exception
_Order = tuple[frames.Words, bytes, SimpleQueue[Exchanged]]

_BEGIN = (
    "import sys; sys.path[:] = sys.argv[1:-1]; "
    "from drscreen.adapters.imaging.decoder_child import main; main()"
)
# Where libraries are; nothing else of the environment, for a variable may be a secret.
_PASSED = frozenset({"SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
# It computes on one thread; pools of threads would only take memory and time to start.
_SET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_LONGEST = 3 * MAX_PIXELS
# Linux lets a pipe hold up to this many bytes, so a photograph goes in at few strokes.
_PIPE = 1 << 20


class Decoder:
    """One process, and the thread that starts it and waits for it.

    The thread lives as long as the process does: on Linux the system ends the process with the
    thread that started it, and so with the program, however that ends.
    """

    def __init__(self, command: list[str] | None = None) -> None:
        """Returns at once; `started` tells how that ended. `command` stands in for it in tests."""
        self.started: SimpleQueue[Exchanged] = SimpleQueue()
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._command = command or _command()
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._ended = False
        threading.Thread(target=self._keep, name="decoder", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """Whether it may be asked: it starts or runs."""
        with self._guard:
            return not self._ended and (self._process is None or self._process.poll() is None)

    def ask(self, words: frames.Words, body: bytes) -> SimpleQueue[Exchanged]:
        """Where the answer will be, or why there is none. Only after it has started."""
        answer: SimpleQueue[Exchanged] = SimpleQueue()
        self._orders.put((words, body, answer))
        return answer

    def end(self) -> None:
        """Kill it, whatever it does. Idempotent; returns when it is gone."""
        with self._guard:
            self._ended = True
            process = self._process
        self._orders.put(None)
        if process is not None:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)

    def _keep(self) -> None:
        answer = self.started
        process = None
        try:
            process = self._start()
            incoming, outgoing = process.stdout, process.stdin
            if incoming is None or outgoing is None:
                raise frames.BrokenFrame
            self.started.put(frames.read(incoming, 0))
            while (order := self._orders.get()) is not None:
                words, body, answer = order
                frames.write(outgoing, words, body)
                answer.put(frames.read(incoming, _LONGEST))
        except (OSError, ValueError, frames.BrokenFrame) as error:
            answer.put(error)
        finally:
            with self._guard:
                self._ended = True
            if process is not None:
                process.kill()
                process.wait()
                for stream in (process.stdin, process.stdout):
                    if stream is not None:
                        with suppress(OSError):
                            stream.close()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._guard:
            if self._ended:
                raise frames.BrokenFrame
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(sys.executable).anchor or os.sep,
                env=_environment(),
                # Not in the terminal's group: Ctrl-C is for the program, which ends this one.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            _widen(self._process)
            return self._process


def _command() -> list[str]:
    program = str(os.getpid())
    if getattr(sys, "frozen", False):
        return [sys.executable, ARGUMENT, program]
    here = [str(Path(entry).absolute()) for entry in sys.path]
    return [sys.executable, "-I", "-c", _BEGIN, *here, program]


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in os.environ if name.upper() in _PASSED}
    return passed | _SET


def _widen(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "linux":
        import fcntl

        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE)
