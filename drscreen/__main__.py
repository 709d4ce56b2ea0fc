"""`drscreen` and `python -m drscreen`: without arguments the window, else the command line."""

from __future__ import annotations

import atexit
import io
import multiprocessing
import sys
from itertools import zip_longest
from pathlib import Path

from drscreen.own_process import keep_to_itself

#: A frozen drscreen that is started with this first is the process that decodes photographs
#: (`drscreen.adapters.imaging.decoder_keeper`): nothing else of the program is loaded into it.
DECODER = "--decode-photographs"
#: A frozen drscreen that is started with this alone is a notifier plugin's process
#: (`drscreen.adapters.notify.process`): nothing of the program is loaded into it.
PLUGIN_PROCESS = "--plugin-process"


def main() -> None:
    """Entry point of the installed command."""
    keep_to_itself()
    if sys.argv[1:2] == [DECODER]:
        from drscreen.adapters.imaging import decoder_child

        decoder_child.main()
        return
    if sys.argv[1:] == [PLUGIN_PROCESS]:
        from drscreen.adapters.notify import child

        child.main()
        return
    from drscreen.adapters.system.entry_points import offer_none

    offer_none()
    # A frozen program that is asked for a second process of itself is started as itself.
    multiprocessing.freeze_support()
    _write_what_cannot_be_written_out()
    from drscreen.bootstrap import Workstation
    from drscreen.cli import app
    from drscreen.domain.unclean_end import ProgramKind

    workstation = Workstation(_named_home(sys.argv[1:]))
    workstation.log.install()
    workstation.unclean_ends(ProgramKind.COMMAND)
    if sys.argv[1:2] not in ([], ["window"]):  # which marks itself
        atexit.register(workstation.mark_running(ProgramKind.COMMAND).end)
    app(sys.argv[1:] or ["window"], prog_name="drscreen")


def _named_home(words: list[str]) -> Path | None:
    """The home that a command is told, for the log, which begins before commands are understood."""
    for word, after in zip_longest(words, words[1:]):
        if word == "--home" and after:
            return Path(after)
        if word.startswith("--home="):
            return Path(word.removeprefix("--home="))
    return None


def _write_what_cannot_be_written_out() -> None:
    """A letter that a pipe's code page does not have arrives as an escape, not as a fault."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
