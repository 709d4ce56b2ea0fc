from __future__ import annotations

import pluggy
import pytest

from drscreen.adapters.notify.plugins import notifiers
from drscreen.plugin_api import API_VERSION, PROJECT, NotifierHooks, NotifierInfo, hookimpl


class Letters:
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return NotifierInfo("Letters", "letter", API_VERSION)


class Broken:
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        raise RuntimeError("out of stamps")


class FromTheFuture:
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return NotifierInfo("Telepathy", "thought", API_VERSION + 1)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_broken_or_newer_notifier_does_not_stop_the_others(order: tuple[int, ...]) -> None:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(NotifierHooks)
    plugins = [Letters(), Broken(), FromTheFuture()]
    for index in order:
        manager.register(plugins[index])
    assert [info.name for info in notifiers(manager)] == ["Letters"]
