"""`drscreen.domain.notice_ports.Notifiers` over the installed plugins that somebody chose."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from drscreen.adapters.notify.calls import Busy, CallFailed, NotMade, OutOfTime, Raised
from drscreen.adapters.notify.discovery import Candidate, installed
from drscreen.adapters.notify.plugin import Plugin
from drscreen.domain.notice import Reason
from drscreen.domain.notice_ports import FoundNotifier
from drscreen.domain.plugin_choice import PluginChoice, standing
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
#: Seconds after which one that could not be loaded is tried again.
_TRY_AGAIN = 300.0

#: Package and entry point; a distribution may bring several notifiers.
_Key = tuple[str, str]


class InstalledNotifiers:
    """The plugins, each in a process of its own from when it is first needed. Any thread.

    Until `trust` was told of choices, nothing of any plugin runs. `limit` is in seconds, for each
    call.
    """

    def __init__(
        self,
        limit: float = TIME_LIMIT,
        candidates: Callable[[], Iterable[Candidate]] = installed,
    ) -> None:
        self._limit = limit
        self._candidates = candidates
        self._lock = threading.RLock()
        self._choices: Mapping[str, PluginChoice] = {}
        self._running: dict[_Key, Plugin] = {}
        self._is_stale = True

    def trust(self, choices: Mapping[str, PluginChoice]) -> None:
        """These may run and no others; see the port."""
        with self._lock:
            if choices == self._choices:
                return
            self._choices, self._is_stale = dict(choices), True
            for key, plugin in list(self._running.items()):
                if standing(plugin.candidate.offer, choices.get(key[0])):
                    plugin.end()
                    del self._running[key]

    def found(self) -> Sequence[FoundNotifier]:
        """All of them, by package, as they are now. Loads those that were chosen."""
        with self._lock:
            return [self._found(one) for one in self._look()]

    def check_settings(self, name: str, values: SettingValues) -> Sequence[SettingProblem]:
        """What is wrong with settings; a plugin that cannot say gives one problem without a key."""
        plugin = self._usable(name)
        if plugin is None:
            return [SettingProblem("", Reason.NOTIFIER_BROKEN.sentence)]
        try:
            return plugin.check_settings(values)
        except CallFailed as error:
            _note(plugin, error)
            return [SettingProblem("", _why(error).sentence)]

    def check_address(self, name: str, address: str) -> str:
        """Why the service could not write to an address; empty where nobody can say."""
        plugin = self._usable(name)
        if plugin is None:
            return ""
        try:
            return plugin.check_address(address)
        except CallFailed as error:
            _note(plugin, error)
            return ""

    def send(self, name: str, message: Message, values: SettingValues) -> Receipt:
        """Hand one message over. UNKNOWN as soon as the plugin may have seen it and did not answer.

        Where it has not seen it, it is DEFERRED until somebody mended the plugin (`misconfigured`).
        """
        plugin = self._usable(name)
        if plugin is None:
            return _not_sent(Reason.NOTIFIER_BROKEN.sentence)
        try:
            return plugin.send(message, values)
        except NotMade as error:
            _note(plugin, error)
            return _not_sent(_BUSY if isinstance(error, Busy) else Reason.NOTIFIER_BROKEN.sentence)
        except CallFailed as error:
            _note(plugin, error)
            return _why(error)

    def look_up(self, name: str, enquiry: Enquiry, values: SettingValues) -> Receipt:
        """Ask what became of a message. UNKNOWN where the plugin did not answer."""
        plugin = self._usable(name)
        if plugin is None:
            return _unknown(Reason.NOTIFIER_BROKEN)
        try:
            return plugin.look_up(enquiry, values)
        except CallFailed as error:
            _note(plugin, error)
            return _why(error)

    def _usable(self, name: str) -> Plugin | None:
        with self._lock:
            if self._is_stale:
                self._look()
            for plugin in self._running.values():
                is_it = plugin.info is not None and plugin.info.name == name
                if is_it and not plugin.problem and not self._namesake(plugin):
                    return plugin
        return None

    def _look(self) -> list[Candidate]:
        """What is installed now. Of those that may run each is loaded; what may not is ended."""
        seen = list(self._candidates())
        before, self._running, self._is_stale = self._running, {}, False
        for one in seen:
            if one.problem or standing(one.offer, self._choices.get(one.offer.package)):
                continue
            key = (one.offer.package, one.offer.notifier)
            plugin = before.get(key)
            if plugin is None or _is_outdated(plugin, one):
                plugin = Plugin(one, self._limit)
            self._running[key] = plugin
        for key, plugin in before.items():
            if self._running.get(key) is not plugin:
                plugin.end()
        return seen

    def _found(self, one: Candidate) -> FoundNotifier:
        offer, choice = one.offer, self._choices.get(one.offer.package)
        problem = one.problem or standing(offer, choice)
        plugin = self._running.get((offer.package, offer.notifier))
        if problem or plugin is None:
            return FoundNotifier(offer.package, None, problem, offer, choice)
        problem = plugin.problem or self._namesake(plugin)
        return FoundNotifier(offer.package, plugin.info, problem, offer, choice)

    def _namesake(self, plugin: Plugin) -> str:
        """None of several of one name: settings, secrets among them, are kept under the name."""
        if plugin.info is None:
            return ""
        names = Counter(other.info.name for other in self._running.values() if other.info)
        if names[plugin.info.name] == 1:
            return ""
        return (
            f"Another chosen package is called {plugin.info.name} too, so neither is used. "
            "Revoke the choice of one of them."
        )


def _is_outdated(plugin: Plugin, seen: Candidate) -> bool:
    again = plugin.problem and time.monotonic() - plugin.made > _TRY_AGAIN
    return plugin.candidate.offer != seen.offer or bool(again)


def _note(plugin: Plugin, error: CallFailed) -> None:
    kind = error.kind if isinstance(error, Raised) else type(error).__name__
    _log.warning("notifier %s: a call failed (%s)", plugin.candidate.offer.package, kind)


def _why(error: CallFailed) -> Receipt:
    if isinstance(error, OutOfTime):
        return _unknown(Reason.TIMED_OUT)
    if isinstance(error, Busy):
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
