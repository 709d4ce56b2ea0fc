"""A plugin's hooks, loaded and asked, with its answers' types checked. In a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import metadata
from typing import Any

import pluggy

from drscreen.adapters.notify import wire
from drscreen.adapters.notify.calls import Lacks, WrongAnswer
from drscreen.plugin_api import (
    ENTRY_POINTS,
    PROJECT,
    NotifierHooks,
    NotifierInfo,
    Receipt,
    ReceiptState,
    Setting,
    SettingKind,
    SettingProblem,
    SettingValues,
)

_HOOKS = tuple(name for name in vars(NotifierHooks) if name.startswith(f"{PROJECT}_"))


class Hooks:
    """A loaded plugin. `answer` asks it for what a frame wants, and gives what a frame holds.

    Raises whatever the plugin raises, `Lacks` and `WrongAnswer`.
    """

    def __init__(self, value: str) -> None:
        plugin = metadata.EntryPoint("notifier", value, ENTRY_POINTS).load()
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(NotifierHooks)
        self._manager.register(plugin)
        for name in _HOOKS:
            if not getattr(self._manager.hook, name).get_hookimpls():
                raise Lacks(name)

    def answer(self, asked: str, told: dict[str, Any]) -> Any:
        """The answer to one of the questions of `QUESTIONS`."""
        return QUESTIONS[asked](self, told)

    def _load(self, _told: dict[str, Any]) -> None:
        """It is loaded by now."""

    def _info(self, _told: dict[str, Any]) -> dict[str, Any]:
        return wire.info_out(_checked_info(self._ask("drscreen_notifier_info")))

    def _check_settings(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self._ask("drscreen_check_settings", settings=SettingValues(told["settings"]))
        if not isinstance(answer, list | tuple) or not all(map(_is_problem, answer)):
            raise WrongAnswer
        return wire.problems_out(list(answer))

    def _check_address(self, told: dict[str, Any]) -> str:
        answer = self._ask("drscreen_check_address", address=told["address"])
        if not isinstance(answer, str):
            raise WrongAnswer
        return answer

    def _send(self, told: dict[str, Any]) -> dict[str, Any]:
        message, settings = wire.message_in(told["message"]), SettingValues(told["settings"])
        receipt = self._ask("drscreen_send", message=message, settings=settings)
        return wire.receipt_out(_checked_receipt(receipt))

    def _look_up(self, told: dict[str, Any]) -> dict[str, Any]:
        enquiry, settings = wire.enquiry_in(told["enquiry"]), SettingValues(told["settings"])
        receipt = self._ask("drscreen_look_up", enquiry=enquiry, settings=settings)
        return wire.receipt_out(_checked_receipt(receipt))

    def _ask(self, hook: str, **arguments: object) -> object:
        answers = getattr(self._manager.hook, hook)(**arguments)
        if not isinstance(answers, list) or len(answers) != 1:
            raise WrongAnswer
        return answers[0]


QUESTIONS: dict[str, Callable[[Hooks, dict[str, Any]], Any]] = {
    "load": Hooks._load,
    "info": Hooks._info,
    "check_settings": Hooks._check_settings,
    "check_address": Hooks._check_address,
    "send": Hooks._send,
    "look_up": Hooks._look_up,
}


def _checked_info(info: object) -> NotifierInfo:
    if not isinstance(info, NotifierInfo) or not isinstance(info.api_version, int):
        raise WrongAnswer
    if not _texts(info, "name", "title", "channel"):
        raise WrongAnswer
    if not isinstance(info.settings, tuple) or not all(map(_is_setting, info.settings)):
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


def _is_problem(problem: object) -> bool:
    return (
        isinstance(problem, SettingProblem)
        and _texts(problem, "key", "sentence")
        and isinstance(problem.hinders, bool)
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
