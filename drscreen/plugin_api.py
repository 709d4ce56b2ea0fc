"""The interface between drscreen and notifier plugins: pluggy hooks, frozen data in and out.

A plugin is an installable distribution with an entry point in the group `ENTRY_POINTS` that names a
module or object with functions marked `hookimpl`. It imports this module and nothing else of
drscreen. docs/plugins.md walks through one.

A plugin runs once an administrator chose it, in a process of its own that is told its settings and
one message at a time, and nothing else.

Time: every hook is called on that process's main thread, one call at a time, with a time limit
(`TIME_LIMIT`). Beyond it the process is killed: the message is UNKNOWN then. So set time-outs of
your own, well below it. Keep nothing between calls but caches: another process may go on.

Faults: a hook that raises, exits or answers something else than promised harms nobody; it is shown
in the settings with its reason. Answer what you know and raise for nothing that a service did.
"""

from __future__ import annotations

import pluggy

from drscreen.domain.address import Address, AddressRefused, is_e164, parse_address
from drscreen.domain.notifier import (
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    ReceiptState,
    Setting,
    SettingKind,
    SettingProblem,
    SettingValues,
)
from drscreen.domain.text import fault_of as text_fault

__all__ = [
    "API_VERSION",
    "ENTRY_POINTS",
    "PROJECT",
    "TIME_LIMIT",
    "Address",
    "AddressRefused",
    "Enquiry",
    "Message",
    "NotifierHooks",
    "NotifierInfo",
    "Receipt",
    "ReceiptState",
    "Setting",
    "SettingKind",
    "SettingProblem",
    "SettingValues",
    "hookimpl",
    "is_e164",
    "parse_address",
    "text_fault",
]

#: Raised when a hook changes in a way that old plugins would not survive.
API_VERSION = 1
PROJECT = "drscreen"
ENTRY_POINTS = "drscreen.notifiers"
#: Seconds that a call may take.
TIME_LIMIT = 60.0

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class NotifierHooks:
    """The hooks a notifier implements, all of them."""

    @hookspec
    def drscreen_notifier_info(self) -> NotifierInfo:
        """Say who you are and which settings you need. Must not touch the network."""
        raise NotImplementedError

    @hookspec
    def drscreen_check_settings(self, settings: SettingValues) -> list[SettingProblem]:
        """Say what is wrong with settings; an empty list where nothing is. No network."""
        raise NotImplementedError

    @hookspec
    def drscreen_check_address(self, address: str) -> str:
        """Say in a sentence why you could not write to a normalised address; "" where you could.

        No network.
        """
        raise NotImplementedError

    @hookspec
    def drscreen_send(self, message: Message, settings: SettingValues) -> Receipt:
        """Hand one message to the service, once: never repeat it yourself.

        UNKNOWN where the service may have it although no answer came; DEFERRED only where it
        certainly does not.
        """
        raise NotImplementedError

    @hookspec
    def drscreen_look_up(self, enquiry: Enquiry, settings: SettingValues) -> Receipt:
        """Say what became of a message. ABSENT only where the service was asked and does not have
        it; UNKNOWN where it cannot be asked (`NotifierInfo.looks_up` is False then).
        """
        raise NotImplementedError
