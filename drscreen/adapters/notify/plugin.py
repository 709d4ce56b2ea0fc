"""One notifier plugin: loaded, checked, and asked through a lane of its own."""

from __future__ import annotations

import re
from datetime import timedelta

import pluggy

from drscreen.adapters.notify.discovery import Candidate
from drscreen.adapters.notify.lane import CallFailed, Lane, OutOfTime, Raised
from drscreen.plugin_api import (
    API_VERSION,
    PROJECT,
    NotifierHooks,
    NotifierInfo,
    Receipt,
    ReceiptState,
    Setting,
    SettingKind,
    SettingProblem,
)

_HOOKS = tuple(name for name in vars(NotifierHooks) if name.startswith(f"{PROJECT}_"))
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class WrongAnswer(CallFailed):
    """The plugin answered something else than it promised."""


class Unfit(Exception):
    """Why a plugin cannot be used, as a sentence about "it"."""


class Plugin:
    """A plugin's package, who it says it is, and its hooks.

    `info` is None where `problem`, a sentence, says that it cannot be used. It has a plugin
    manager of its own: pluggy lets one plugin that raises stop the others.
    """

    def __init__(self, candidate: Candidate, limit: float) -> None:
        self.package = candidate.package
        self.info: NotifierInfo | None = None
        self.problem = ""
        self.lane = Lane(limit)
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(NotifierHooks)
        try:
            self.lane.call(lambda: self._register(candidate.load()))
            self._check_hooks()
            self.info = _checked_info(self._ask("drscreen_notifier_info"))
        except Unfit as error:
            self.problem = str(error)
        except CallFailed as error:
            self.problem = self._sentence(error)

    def send(self, **arguments: object) -> Receipt:
        """What became of a message. Raises `CallFailed`."""
        receipt = _checked_receipt(self._ask("drscreen_send", **arguments))
        if receipt.state is ReceiptState.ABSENT:
            raise WrongAnswer
        return receipt

    def look_up(self, **arguments: object) -> Receipt:
        """What is known of a message. Raises `CallFailed`.

        DEFERRED is no answer here: who cannot ask does not know that the service lacks it.
        """
        receipt = _checked_receipt(self._ask("drscreen_look_up", **arguments))
        if receipt.state is ReceiptState.DEFERRED:
            raise WrongAnswer
        return receipt

    def check_settings(self, **arguments: object) -> list[SettingProblem]:
        """What is wrong with settings. Raises `CallFailed`."""
        answer = self._ask("drscreen_check_settings", **arguments)
        if not isinstance(answer, list | tuple):
            raise WrongAnswer
        for problem in answer:
            if not isinstance(problem, SettingProblem) or not _texts(problem, "key", "sentence"):
                raise WrongAnswer
            if not isinstance(problem.hinders, bool):
                raise WrongAnswer
        return list(answer)

    def check_address(self, **arguments: object) -> str:
        """Why it could not write to an address. Raises `CallFailed`."""
        answer = self._ask("drscreen_check_address", **arguments)
        if not isinstance(answer, str):
            raise WrongAnswer
        return answer

    def _register(self, plugin: object) -> None:
        if self._manager.register(plugin) is None:
            raise Unfit("It is blocked.")

    def _check_hooks(self) -> None:
        for name in _HOOKS:
            if not getattr(self._manager.hook, name).get_hookimpls():
                raise Unfit(f"It lacks the function {name}.")

    def _ask(self, hook: str, **arguments: object) -> object:
        answers = self.lane.call(lambda: getattr(self._manager.hook, hook)(**arguments))
        if not isinstance(answers, list) or len(answers) != 1:
            raise WrongAnswer
        return answers[0]

    def _sentence(self, error: CallFailed) -> str:
        if isinstance(error, Raised):
            return f"It does not load ({error.kind}). Install it again, or ask who made it."
        if isinstance(error, OutOfTime):
            return f"It did not load within {self.lane.limit:g} seconds."
        return "It does not say who it is as it should. Ask who made it for another version."


def _checked_info(info: object) -> NotifierInfo:
    if not isinstance(info, NotifierInfo):
        raise WrongAnswer
    if info.api_version != API_VERSION:
        raise Unfit(
            f"It was made for another version of drscreen: it speaks version {info.api_version} "
            f"of the interface, drscreen speaks {API_VERSION}. Install a version that fits."
        )
    if not _texts(info, "name", "title", "channel") or not _NAME.fullmatch(info.name):
        raise WrongAnswer
    if not isinstance(info.settings, tuple) or not all(map(_is_setting, info.settings)):
        raise WrongAnswer
    keys = [setting.key for setting in info.settings]
    if len(set(keys)) != len(keys) or not info.title or not info.channel:
        raise WrongAnswer
    return info


def _is_setting(setting: object) -> bool:
    return (
        isinstance(setting, Setting)
        and isinstance(setting.kind, SettingKind)
        and _texts(setting, "key", "label", "help", "default")
        and isinstance(setting.choices, tuple)
        and all(isinstance(choice, str) for choice in setting.choices)
    )


def _checked_receipt(receipt: object) -> Receipt:
    if (
        not isinstance(receipt, Receipt)
        or not isinstance(receipt.state, ReceiptState)
        or not _texts(receipt, "reference", "reason", "sentence")
        or not isinstance(receipt.retry_after, timedelta | None)
        or not isinstance(receipt.opted_out, bool)
        or not isinstance(receipt.offline, bool)
        or not isinstance(receipt.misconfigured, bool)
        or not isinstance(receipt.busy, bool)
    ):
        raise WrongAnswer
    return receipt


def _texts(record: object, *names: str) -> bool:
    return all(isinstance(getattr(record, name), str) for name in names)
