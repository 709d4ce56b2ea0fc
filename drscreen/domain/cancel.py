"""A cancel request that crosses threads.

A queued Qt signal reaches a busy thread only after its work is done, so cancelling is a flag that
the work itself looks at between stages.
"""

from __future__ import annotations

import threading

from drscreen.domain.errors import Cancelled


class CancelToken:
    """Thread-safe, one-way: once cancelled it stays so."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the job that holds this token to end at its next stage. Any thread."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` where somebody asked. Called by the job between stages."""
        if self._event.is_set():
            raise Cancelled
