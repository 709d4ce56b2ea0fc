"""Where the real photographs lie on a developer's machine; users do not have them."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

needs_real_photographs = pytest.mark.skipif(
    not SHARED_DATA.is_dir(), reason="the shared folder of real photographs is not here"
)
