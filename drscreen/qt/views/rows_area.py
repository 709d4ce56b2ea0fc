"""A scrolling column that is as high as its rows, up to a limit."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

HEIGHT_MAX = 264
#: No row is lower than this.
LEAST_ROW = 24


class RowsArea(QScrollArea):
    """Hidden while it is empty. Rows may grow and shrink: the area follows them."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = QWidget()
        self._inside.setObjectName("column")
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addStretch()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(self._inside)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inside.installEventFilter(self)
        self.hide()

    def put(self, row: QWidget) -> None:
        """Add a row at the end."""
        self._column.insertWidget(self._column.count() - 1, row)
        self.show()

    def take(self, row: QWidget) -> None:
        """Remove a row for good."""
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        self.setVisible(self._column.count() > 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Rows changed their size."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._follow()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width wraps the words differently."""
        super().resizeEvent(event)
        self._follow()

    def _follow(self) -> None:
        if self._column.count() > HEIGHT_MAX // LEAST_ROW:
            # Hundreds of rows are not measured to find that they are higher than the area.
            self.setFixedHeight(HEIGHT_MAX)
            return
        wanted = self._column.totalHeightForWidth(self.viewport().width())
        if wanted < 0:
            wanted = self._column.totalSizeHint().height()
        self.setFixedHeight(min(HEIGHT_MAX, max(1, wanted)))
