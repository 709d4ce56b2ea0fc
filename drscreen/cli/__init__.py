"""The command line. Importing it loads neither Qt nor torch: commands import what they need.

Each module below adds its commands to `app`; the order here is that of the help page.
"""

# isort: off
from drscreen.cli import (
    screen,
    evaluate,
    train,
    model,
    signing,
    reproduce,
    data,
    store,
    patient,
    outbox,
    user,
    audit,
    backup,
    check,
    plugin,
    window,
    demo,
    selftest,
    support,
    bench,
)

# isort: on
from drscreen.cli.app import app

__all__ = [
    "app",
    "audit",
    "backup",
    "bench",
    "check",
    "data",
    "demo",
    "evaluate",
    "model",
    "outbox",
    "patient",
    "plugin",
    "reproduce",
    "screen",
    "selftest",
    "signing",
    "store",
    "support",
    "train",
    "user",
    "window",
]
