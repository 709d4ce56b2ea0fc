"""Is everything that was recorded there and whole?"""

from __future__ import annotations

from collections.abc import Callable

from drscreen.domain.integrity import IntegrityReport
from drscreen.domain.permissions import Action
from drscreen.domain.ports import OpenStore
from drscreen.services.permission import needs


@needs(Action.CHECK_STORE)
def check_store(store: OpenStore, step: Callable[[], None] = lambda: None) -> IntegrityReport:
    """Read every photograph; `step` is called after each. Raises a `StoreError`."""
    return store.check_photographs(step)
