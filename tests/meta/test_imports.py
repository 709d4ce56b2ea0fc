"""The house's rule and what may not be loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("drscreen.cli", {"torch", "PySide6", "numpy", "sqlalchemy", "matplotlib"}),
        ("drscreen.gui", {"torch", "sqlalchemy", "numpy", "matplotlib"}),
        ("drscreen.services.screening", {"torch", "PySide6", "numpy", "sqlalchemy"}),
    ],
)
def test_what_is_slow_is_not_loaded_before_it_is_needed(module: str, absent: set[str]) -> None:
    code = f"import sys, {module}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not absent & set(ran.stdout.split())
