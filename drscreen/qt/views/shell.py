"""The pages of somebody who is signed in, behind the rail at the left."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from drscreen.qt.views.theme import ICON_SIZE, Theme


class Shell(QWidget):
    """Navigation alone: which page is in front."""

    page_wanted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("shell")
        self._theme = theme
        self._icons: list[tuple[QToolButton, str]] = []
        self._group = QButtonGroup(self)
        self.pages = QStackedWidget()
        self._frame = QFrame()
        self._frame.setObjectName("rail")
        self._rail = QVBoxLayout(self._frame)
        self._rail.setContentsMargins(6, 8, 6, 8)
        self._rail.setSpacing(4)
        self._rail.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._frame)
        row.addWidget(self.pages, 1)
        self._group.idClicked.connect(self.page_wanted)
        theme.changed.connect(self._on_theme_changed)

    def add_page(self, page: QWidget, name: str = "", icon: str = "") -> int:
        """Add a page; one with a name gets a place on the rail and Alt+its number."""
        number = self.pages.addWidget(page)
        if name:
            made = QToolButton()
            made.setText(name)
            made.setCheckable(True)
            made.setProperty("kind", "rail")
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            made.setIconSize(ICON_SIZE)
            made.setAccessibleName(name)
            # The style sheet's widths overrule a button's own, so the rail keeps the room.
            wanted = made.fontMetrics().horizontalAdvance(name) + 44
            self._frame.setMinimumWidth(max(self._frame.minimumWidth(), wanted))
            place = len(self._icons) + 1
            made.setToolTip(self.tr("{0} (Alt+{1})").format(name, place))
            shortcut = QShortcut(QKeySequence(f"Alt+{place}"), self)
            shortcut.activated.connect(made.click)
            self._group.addButton(made, number)
            self._icons.append((made, icon))
            self._rail.insertWidget(self._rail.count() - 1, made)
            self._on_theme_changed()
        return number

    def show_page(self, number: int, *, under: int | None = None) -> None:
        """Bring a page to the front; `under` names the rail's place that it belongs to."""
        self.pages.setCurrentIndex(number)
        place = self._group.button(number if under is None else under)
        if place is not None:
            place.setChecked(True)

    @Slot()
    def _on_theme_changed(self) -> None:
        for made, icon in self._icons:
            made.setIcon(self._theme.icon(icon))
