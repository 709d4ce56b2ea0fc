"""What can be set on this machine, kept as soon as it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from drscreen.domain.errors import DrscreenError
from drscreen.domain.ports import SettingsFile
from drscreen.domain.settings import DeviceChoice, Settings, Theme
from drscreen.qt.background import Background
from drscreen.qt.failure import Failure


class SettingsController(QObject):
    """Holds the settings. `networks` names the installed bundles and may look at the disk."""

    theme_changed = Signal(object)
    network_changed = Signal(object)
    networks_listed = Signal(object)
    save_failed = Signal(object)

    def __init__(
        self, file: SettingsFile, networks: Callable[[], list[str]], background: Background
    ) -> None:
        super().__init__()
        self._file = file
        self._networks = networks
        self._background = background
        self._settings = file.load()

    @property
    def settings(self) -> Settings:
        """As they are now."""
        return self._settings

    def list_networks(self) -> None:
        """Look which networks are installed; the answer is `networks_listed`."""
        self._background.run(self._networks, self._on_listed, self._on_failed)

    def set_theme(self, theme: Theme) -> None:
        """Change the appearance."""
        if theme is not self._settings.theme:
            self._keep(replace(self._settings, theme=theme))
            self.theme_changed.emit(theme)

    def set_network(self, model: str, device: DeviceChoice) -> None:
        """Choose the network and where it runs."""
        changed = replace(self._settings, model=model, device=device)
        if changed != self._settings:
            self._keep(changed)
            self.network_changed.emit(changed)

    def _keep(self, settings: Settings) -> None:
        self._settings = settings
        try:
            self._file.save(settings)
        except DrscreenError as error:
            self.save_failed.emit(Failure.of(error))

    def _on_listed(self, names: list[str]) -> None:
        self.networks_listed.emit(tuple(names))

    def _on_failed(self, failure: Failure) -> None:
        self.save_failed.emit(failure)
