"""The command line. Importing it loads neither Qt nor torch: commands import what they need.

Each module below adds its commands to `app`; the order here is that of the help page.
"""

from drscreen.cli import (
    audit,
    backup,
    bench,
    check,
    demo,
    evaluate,
    model,
    patient,
    screen,
    selftest,
    store,
    train,
    window,
)  # isort: skip
from drscreen.cli.app import app

__all__ = [
    "app",
    "audit",
    "backup",
    "bench",
    "check",
    "demo",
    "evaluate",
    "model",
    "patient",
    "screen",
    "selftest",
    "store",
    "train",
    "window",
]
