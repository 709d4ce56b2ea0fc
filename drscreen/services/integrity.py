"""Is everything that was recorded there and whole?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drscreen.domain.integrity import IntegrityReport
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore
from drscreen.services.permission import needs


@needs(Action.CHECK_STORE)
def check_store(
    store: OpenStore, step: Callable[[], None] = lambda: None, backups: Path | None = None
) -> IntegrityReport:
    """Read every photograph; fetch back what a folder of backups has of those that are lost.

    `step` is called after each. Raises a `StoreError`, `BackupUnwritable`.
    """
    return store.check_photographs(step, backups)
