"""The interface between drscreen and notifier plugins (pluggy hook specifications).

A plugin is an installable distribution with an entry point in the group `ENTRY_POINTS` that names
a module or object with functions marked `hookimpl`. See CONTRIBUTING.md, "A notifier".
"""

from __future__ import annotations

from dataclasses import dataclass

import pluggy

#: Raised when a hook changes in a way that old plugins would not survive.
API_VERSION = 1
PROJECT = "drscreen"
ENTRY_POINTS = "drscreen.notifiers"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class NotifierInfo:
    """What a notifier says of itself. `channel` is ``sms``, ``email`` or the plugin's own word."""

    name: str
    channel: str
    api_version: int


class NotifierHooks:
    """The hooks a notifier implements."""

    @hookspec
    def drscreen_notifier_info(self) -> NotifierInfo:
        """Say who you are. Called once at start; must not touch the network."""
        raise NotImplementedError
