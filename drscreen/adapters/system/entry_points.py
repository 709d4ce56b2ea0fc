"""Nobody's entry points but those that drscreen reads itself.

Libraries load whatever an installed package offers them under a name of theirs: torch and alembic
when they are imported, pydantic and others later. All of it runs inside of the program, where the
records are open. None of these is wanted here, so each library finds none. What installed packages
run before the program begins (`.pth` files, `sitecustomize`) is out of reach.
"""

from __future__ import annotations

from importlib import metadata
from typing import Any


def offer_none() -> None:
    """From now on `importlib.metadata.entry_points` finds nothing, in all of this process.

    Before anything else is imported: a library may keep the function. drscreen's own search for
    notifiers reads each distribution itself, and loads nothing
    (`drscreen.adapters.notify.discovery`).
    """
    metadata.entry_points = _none  # type: ignore[assignment] # fewer arguments


def _none(**_wanted: Any) -> metadata.EntryPoints:
    return metadata.EntryPoints()
