"""`drscreen.domain.notice_ports.Notifiers` over the installed plugins."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from drscreen.adapters.notify.discovery import Candidate, installed
from drscreen.adapters.notify.lane import CallFailed, OutOfTime, Raised, StillRunning
from drscreen.adapters.notify.plugin import Plugin
from drscreen.domain.notice import Reason
from drscreen.domain.notice_ports import FoundNotifier
from drscreen.plugin_api import (
    TIME_LIMIT,
    Enquiry,
    Message,
    Receipt,
    ReceiptState,
    SettingProblem,
    SettingValues,
)

_log = logging.getLogger(__name__)

_BUSY = "What sends it has not come back from an earlier call. It is tried again."


class InstalledNotifiers:
    """The plugins, loaded when somebody first asks and kept. Any thread.

    `limit` is in seconds, for each call and for loading each plugin.
    """

    def __init__(
        self,
        limit: float = TIME_LIMIT,
        candidates: Callable[[], Iterable[Candidate]] = installed,
    ) -> None:
        self._limit = limit
        self._candidates = candidates
        self._loading = threading.Lock()
        self._loaded: list[Plugin] | None = None

    def found(self) -> Sequence[FoundNotifier]:
        """All of them, by package. Loads them the first time."""
        return [
            FoundNotifier(plugin.package, plugin.info, _problem(plugin))
            for plugin in self._plugins()
        ]

    def check_settings(self, name: str, values: SettingValues) -> Sequence[SettingProblem]:
        """What is wrong with settings; a plugin that cannot say gives one problem without a key."""
        plugin = self._usable(name)
        if plugin is None:
            return [SettingProblem("", Reason.NOTIFIER_BROKEN.sentence)]
        try:
            return plugin.check_settings(settings=values)
        except CallFailed as error:
            _note(plugin, error)
            return [SettingProblem("", _why(error).sentence)]

    def check_address(self, name: str, address: str) -> str:
        """Why the service could not write to an address; empty where nobody can say."""
        plugin = self._usable(name)
        if plugin is None:
            return ""
        try:
            return plugin.check_address(address=address)
        except CallFailed as error:
            _note(plugin, error)
            return ""

    def send(self, name: str, message: Message, values: SettingValues) -> Receipt:
        """Hand one message over. UNKNOWN as soon as the plugin has seen it and did not answer.

        Where it has not seen it, it is DEFERRED until somebody mended the plugin (`misconfigured`).
        """
        plugin = self._usable(name)
        if plugin is None:
            return _not_sent(Reason.NOTIFIER_BROKEN.sentence)
        try:
            return plugin.send(message=message, settings=values)
        except StillRunning as error:
            _note(plugin, error)
            return _not_sent(_BUSY)
        except CallFailed as error:
            _note(plugin, error)
            return _why(error)

    def look_up(self, name: str, enquiry: Enquiry, values: SettingValues) -> Receipt:
        """Ask what became of a message. UNKNOWN where the plugin did not answer."""
        plugin = self._usable(name)
        if plugin is None:
            return _unknown(Reason.NOTIFIER_BROKEN)
        try:
            return plugin.look_up(enquiry=enquiry, settings=values)
        except CallFailed as error:
            _note(plugin, error)
            return _why(error)

    def _plugins(self) -> list[Plugin]:
        with self._loading:
            if self._loaded is None:
                self._loaded = [Plugin(one, self._limit) for one in self._candidates()]
                _refuse_namesakes(self._loaded)
            return self._loaded

    def _usable(self, name: str) -> Plugin | None:
        for plugin in self._plugins():
            if plugin.info is not None and plugin.info.name == name and not plugin.problem:
                return plugin
        return None


def _refuse_namesakes(plugins: list[Plugin]) -> None:
    """None of several of one name: settings, secrets among them, are kept under the name."""
    names = Counter(plugin.info.name for plugin in plugins if plugin.info is not None)
    for plugin in plugins:
        if plugin.info is not None and names[plugin.info.name] > 1:
            plugin.problem = (
                f"Another installed package is called {plugin.info.name} too, so neither is used. "
                "Remove one of them."
            )


def _problem(plugin: Plugin) -> str:
    if plugin.problem or not plugin.lane.blocked:
        return plugin.problem
    return "It has not come back from a call yet and is not used meanwhile. Restarting ends that."


def _note(plugin: Plugin, error: CallFailed) -> None:
    kind = error.kind if isinstance(error, Raised) else type(error).__name__
    _log.warning("notifier %s: a call failed (%s)", plugin.package, kind)


def _why(error: CallFailed) -> Receipt:
    if isinstance(error, OutOfTime):
        return _unknown(Reason.TIMED_OUT)
    if isinstance(error, StillRunning):
        return _unknown(Reason.NOTIFIER_BROKEN, _BUSY)
    return _unknown(Reason.NOTIFIER_BROKEN)


def _unknown(reason: Reason, sentence: str = "") -> Receipt:
    return Receipt(ReceiptState.UNKNOWN, reason=reason.value, sentence=sentence or reason.sentence)


def _not_sent(sentence: str) -> Receipt:
    return Receipt(
        ReceiptState.DEFERRED,
        reason=Reason.NOTIFIER_BROKEN.value,
        sentence=sentence,
        misconfigured=True,
    )
