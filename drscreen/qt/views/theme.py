"""Colours, style sheet and icons, from resources/styles and resources/icons alone."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from PySide6.QtCore import QByteArray, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QStyleFactory

from drscreen.domain import settings as domain

ICON_SIZE = QSize(20, 20)
_SCALES = (1.0, 1.5, 2.0, 3.0)
_ROLES = {
    QPalette.ColorRole.Window: "bg",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "surface",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.PlaceholderText: "muted",
    QPalette.ColorRole.Button: "raised",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.ToolTipBase: "raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Link: "accent",
}


class Theme(QObject):
    """The one place that knows colours. `changed` follows every change of appearance."""

    changed = Signal()

    def __init__(self, app: QApplication, resources: Path) -> None:
        super().__init__(app)
        self._app = app
        self._styles = resources / "styles"
        self._icons = resources / "icons"
        self._tokens: dict[str, dict[str, str]] = json.loads(
            (self._styles / "tokens.json").read_text(encoding="utf-8")
        )
        self._template = Template((self._styles / "window.qss").read_text(encoding="utf-8"))
        self._drawings: dict[str, str] = {}
        self._made: dict[tuple[str, str, str], QIcon] = {}
        size = app.font().pointSizeF()
        self._point_size = size if size > 0 else 10.0
        self._choice = domain.Theme.SYSTEM
        self._name = "light"
        # Fusion looks the same everywhere, so the style sheet needs to be right only once.
        app.setStyle(QStyleFactory.create("Fusion"))
        app.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    @property
    def name(self) -> str:
        """Which of the two is shown: "dark" or "light"."""
        return self._name

    def apply(self, choice: domain.Theme) -> None:
        """Show a theme; SYSTEM follows the desktop from now on."""
        self._choice = choice
        if choice is domain.Theme.SYSTEM:
            scheme = self._app.styleHints().colorScheme()
            self._name = "dark" if scheme == Qt.ColorScheme.Dark else "light"
        else:
            self._name = choice.value
        self._app.setPalette(self._palette())
        self._app.setStyleSheet(self.style_sheet(self._name))
        self.changed.emit()

    def color(self, token: str) -> QColor:
        """A token's colour in the present theme. Raises `KeyError` for an unknown token."""
        return QColor(self._tokens[self._name][token])

    def style_sheet(self, name: str) -> str:
        """The style sheet filled for a theme. Raises `KeyError` where a token is missing."""
        size = self._point_size
        sizes = {"body": size, "heading": size * 1.25, "title": size * 1.55}
        return self._template.substitute(
            self._tokens[name],
            chevron=(self._styles / f"chevron-{name}.svg").as_posix(),
            check=(self._styles / f"check-{name}.svg").as_posix(),
            **{key: f"{value:.1f}" for key, value in sizes.items()},
        )

    def icon(self, name: str, token: str = "text") -> QIcon:  # noqa: S107 - a colour's name
        """A drawing of resources/icons tinted by a token, sharp at the usual screen scales."""
        key = (self._name, name, token)
        if key not in self._made:
            self._made[key] = self._draw(name, token)
        return self._made[key]

    def _draw(self, name: str, token: str) -> QIcon:
        if name not in self._drawings:
            self._drawings[name] = (self._icons / f"{name}.svg").read_text(encoding="utf-8")
        icon = QIcon()
        shades = ((QIcon.Mode.Normal, token), (QIcon.Mode.Disabled, "disabled"))
        for mode, shade in shades:
            tinted = self._drawings[name].replace("currentColor", self.color(shade).name())
            renderer = QSvgRenderer(QByteArray(tinted.encode()))
            for scale in _SCALES:
                pixmap = QPixmap(ICON_SIZE * scale)
                pixmap.fill(Qt.GlobalColor.transparent)
                with QPainter(pixmap) as painter:
                    renderer.render(painter)
                icon.addPixmap(pixmap, mode)
        return icon

    def _palette(self) -> QPalette:
        palette = QPalette()
        for role, token in _ROLES.items():
            palette.setColor(role, self.color(token))
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("disabled"))
        return palette

    @Slot(Qt.ColorScheme)
    def _on_scheme_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self._choice is domain.Theme.SYSTEM:
            self.apply(self._choice)
