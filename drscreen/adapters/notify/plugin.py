"""One chosen plugin: its process, who it says it is, and what it answers."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from drscreen.adapters.notify import wire
from drscreen.adapters.notify.calls import (
    Busy,
    CallFailed,
    Changed,
    Died,
    Lacks,
    NotLoaded,
    NotMade,
    OutOfTime,
    Raised,
    WrongAnswer,
    limited,
)
from drscreen.adapters.notify.discovery import Candidate, Uncountable
from drscreen.adapters.notify.process import PluginProcess
from drscreen.plugin_api import (
    API_VERSION,
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    ReceiptState,
    SettingProblem,
    SettingValues,
)

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
#: Settings of these are kept in most clinics, secrets among them: no stranger gets them by calling
#: itself so.
_RESERVED = {"twilio": "drscreen-notify-twilio", "email": "drscreen-notify-email"}
#: Seconds that starting and loading may take at most. With the wait for a turn and the call itself
#: it stays below the lease of whoever holds a notice (`drscreen.domain.notice.LEASE`).
_LOADING = 20.0


class Unfit(Exception):
    """Why a plugin cannot be used, as a sentence about "it"."""


class Plugin:
    """A plugin behind a process of its own, which is started when somebody asks and kept for a
    while. Any thread; the plugin sees one call at a time.

    `info` is None where `problem`, a sentence, says that it cannot be used. `limit` is in seconds,
    for each call.
    """

    def __init__(self, candidate: Candidate, limit: float) -> None:
        self.candidate = candidate
        self.info: NotifierInfo | None = None
        self.problem = ""
        self.made = time.monotonic()
        self._limit = limit
        self._turn = threading.Lock()
        self._process: PluginProcess | None = None
        self._over = threading.Event()
        try:
            told = self._ask(wire.info_in, "info")
            self.info = _checked_info(told, candidate.offer.package)
        except Unfit as error:
            self.problem = str(error)
        except NotLoaded as error:
            self.problem = self._sentence(error.why)
        except CallFailed as error:
            self.problem = self._sentence(error)
        if self.problem:
            self.end()

    def send(self, message: Message, settings: SettingValues) -> Receipt:
        """What became of a message. Raises `CallFailed`."""
        told = {"message": wire.message_out(message), "settings": dict(settings)}
        receipt = self._ask(wire.receipt_in, "send", **told)
        if receipt.state is ReceiptState.ABSENT:
            raise WrongAnswer
        return receipt

    def look_up(self, enquiry: Enquiry, settings: SettingValues) -> Receipt:
        """What is known of a message. Raises `CallFailed`.

        DEFERRED is no answer here: who cannot ask does not know that the service lacks it.
        """
        told = {"enquiry": wire.enquiry_out(enquiry), "settings": dict(settings)}
        receipt = self._ask(wire.receipt_in, "look_up", **told)
        if receipt.state is ReceiptState.DEFERRED:
            raise WrongAnswer
        return receipt

    def check_settings(self, settings: SettingValues) -> list[SettingProblem]:
        """What is wrong with settings. Raises `CallFailed`."""
        return self._ask(wire.problems_in, "check_settings", settings=dict(settings))

    def check_address(self, address: str) -> str:
        """Why it could not write to an address. Raises `CallFailed`."""
        return self._ask(wire.sentence_in, "check_address", address=address)

    def end(self) -> None:
        """Kill its process, in the middle of a call too; it is not started again."""
        self._over.set()
        process = self._process
        if process is not None:
            process.end()

    def _ask(self, read: Callable[[object], T], question: str, **told: Any) -> T:
        # Half of the limit, so that waiting, starting and the call stay below a lease together.
        if not self._turn.acquire(timeout=self._limit / 2):
            raise Busy
        try:
            process = self._running()
            return self._asked(process, lambda: read(process.ask(question, **told)), self._limit)
        finally:
            self._turn.release()

    def _running(self) -> PluginProcess:
        """Its process, loaded. Raises `NotMade` where there can be none."""
        if self._process is not None:
            if self._process.is_warm:
                return self._process
            self._process.end()
        if self._over.is_set():
            raise NotMade
        try:
            if self.candidate.digest_now() != self.candidate.offer.digest:
                raise Changed
        except Uncountable as error:
            raise Changed from error
        self._process = process = PluginProcess(self.candidate.value)
        if self._over.is_set():  # it was ended meanwhile
            process.end()
        try:
            self._asked(process, lambda: process.ask("load"), self._loading)
        except CallFailed as error:
            raise NotLoaded(error) from error
        return process

    def _asked(self, process: PluginProcess, ask: Callable[[], T], seconds: float) -> T:
        try:
            return limited(ask, seconds)
        except (Raised, Lacks):
            raise
        except BaseException:  # a person's Ctrl-C too: nobody waits for its answer any more
            process.end()
            raise

    @property
    def _loading(self) -> float:
        return min(self._limit, _LOADING)

    def _sentence(self, error: CallFailed) -> str:
        if isinstance(error, Lacks):
            return f"It lacks the function {error.name}."
        if isinstance(error, Raised):
            return f"It does not load ({error.kind}). Install it again, or ask who made it."
        if isinstance(error, OutOfTime):
            return f"It did not load within {self._loading:g} seconds."
        if isinstance(error, Changed):
            return "It has just changed. Look what changed, then choose it anew."
        if isinstance(error, Died | NotMade):
            return "It ended while it was loaded. Install it again, or ask who made it."
        return "It does not say who it is as it should. Ask who made it for another version."


def _checked_info(info: NotifierInfo, package: str) -> NotifierInfo:
    if info.api_version != API_VERSION:
        raise Unfit(
            f"It was made for another version of drscreen: it speaks version {info.api_version} "
            f"of the interface, drscreen speaks {API_VERSION}. Install a version that fits."
        )
    keys = [setting.key for setting in info.settings]
    if len(set(keys)) != len(keys) or not info.title or not info.channel:
        raise WrongAnswer
    if not _NAME.fullmatch(info.name):
        raise WrongAnswer
    if _RESERVED.get(info.name, package) != package:
        raise Unfit(f"It calls itself {info.name}, which is the name of another package's.")
    return info
