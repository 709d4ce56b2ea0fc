"""`drscreen` and `python -m drscreen`: without arguments the window, else the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the installed command."""
    from drscreen.cli import app

    app(sys.argv[1:] or ["window"], prog_name="drscreen")


if __name__ == "__main__":
    main()
