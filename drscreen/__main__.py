"""`drscreen` and `python -m drscreen`: without arguments the window, else the command line."""

from __future__ import annotations

import multiprocessing
import sys


def main() -> None:
    """Entry point of the installed command."""
    # A frozen program that is asked for a second process of itself is started as itself.
    multiprocessing.freeze_support()
    from drscreen.bootstrap import Workstation
    from drscreen.cli import app

    Workstation().log.install()
    app(sys.argv[1:] or ["window"], prog_name="drscreen")


if __name__ == "__main__":
    main()
