"""Progress for a person, on standard error and only in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


def progress_bar(*, hidden: bool = False) -> Progress:
    """A bar with n of m and the time left; silent where nobody looks."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=hidden or not sys.stderr.isatty(),
        transient=True,
    )


@contextmanager
def counting(what: str, total: int | None, *, hidden: bool = False) -> Iterator[Callable[[], None]]:
    """Gives a function to be called after each of `total` steps; None where nobody knows."""
    with progress_bar(hidden=hidden) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
