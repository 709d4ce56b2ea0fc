"""Finds installed notifiers. One broken plugin never stops the others."""

from __future__ import annotations

import logging

import pluggy

from drscreen.plugin_api import (
    API_VERSION,
    ENTRY_POINTS,
    PROJECT,
    NotifierHooks,
    NotifierInfo,
)

_log = logging.getLogger(__name__)


def plugin_manager() -> pluggy.PluginManager:
    """A manager that knows the hooks and every installed notifier."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(NotifierHooks)
    manager.load_setuptools_entrypoints(ENTRY_POINTS)
    return manager


def notifiers(manager: pluggy.PluginManager) -> list[NotifierInfo]:
    """The notifiers that answer and speak this interface's version, by name.

    Each is asked alone: pluggy by itself lets one raising hook stop the rest.
    """
    found = []
    for plugin in manager.get_plugins():
        others = manager.get_plugins() - {plugin}
        hook = manager.subset_hook_caller("drscreen_notifier_info", remove_plugins=others)
        try:
            answers = hook()
        except Exception:  # noqa: BLE001 - foreign code; the boundary that keeps it out
            _log.warning("a notifier plugin failed to say who it is")
            continue
        found += [info for info in answers if info.api_version == API_VERSION]
    return sorted(found, key=lambda info: info.name)
