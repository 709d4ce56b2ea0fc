"""For every test: nothing is written into the folders of whoever runs them."""

from __future__ import annotations

import os
import tempfile

# Set as this is imported, so that programs started by tests inherit it, and kept by the process.
_STATE = tempfile.TemporaryDirectory(prefix="drscreen-tests-")
os.environ["DRSCREEN_STATE"] = _STATE.name
