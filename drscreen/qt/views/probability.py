"""A probability as a bar with its number, and a mark where the threshold lies."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from drscreen.qt import wording
from drscreen.qt.views.severity import SHAPE_SIDE, paint_shape
from drscreen.qt.views.theme import Theme
from drscreen.qt.wording import Tone


class ProbabilityBar(QWidget):
    """Name and number on one line, the bar below. Read out as one sentence."""

    def __init__(self, theme: Theme, name: str, tone: Tone | None = None) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._tone = tone
        self._value = 0.0
        self._threshold: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._on_theme_changed)

    def set_value(self, value: float, threshold: float | None = None) -> None:
        """Show a probability, 0 to 1, and the threshold it is held against."""
        self._value, self._threshold = value, threshold
        spoken = f"{self._name}: {wording.percent_text(value)}"
        if threshold is not None:
            spoken += ", " + self.tr("threshold {0}").format(wording.percent_text(threshold))
        self.setAccessibleName(spoken)
        self.setToolTip(spoken)
        self.update()

    def sizeHint(self) -> QSize:
        """A line of text and a bar."""
        return QSize(200, self.fontMetrics().height() + 14)

    def minimumSizeHint(self) -> QSize:
        """Names may be elided."""
        return QSize(140, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Shape, name, number, bar, threshold."""
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = QRectF(0, 0, self.width(), self.fontMetrics().height() + 2)
        number = wording.percent_text(self._value)
        room = line.width() - self.fontMetrics().horizontalAdvance(number) - 8
        left = line
        color = self._theme.color(self._tone.value if self._tone else "accent")
        if self._tone is not None:
            box = QRectF(0, line.center().y() - SHAPE_SIDE / 2, SHAPE_SIDE, SHAPE_SIDE)
            paint_shape(painter, self._tone, box, color)
            left = line.adjusted(SHAPE_SIDE + 8, 0, 0, 0)
            room -= SHAPE_SIDE + 8
        painter.setPen(self._theme.color("text"))
        middle = Qt.AlignmentFlag.AlignVCenter
        elided = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(left, middle | Qt.AlignmentFlag.AlignLeft, elided)
        painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, number)
        track = QRectF(0, line.bottom() + 3, self.width(), 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("line"))
        painter.drawRoundedRect(track, 3, 3)
        if self._value > 0:
            filled = QRectF(track)
            filled.setWidth(max(3.0, track.width() * self._value))
            painter.setBrush(color)
            painter.drawRoundedRect(filled, 3, 3)
        if self._threshold is not None:
            x = min(track.width() - 1, max(1.0, track.width() * self._threshold))
            painter.setPen(QPen(self._theme.color("text"), 2))
            painter.drawLine(int(x), int(track.top()) - 3, int(x), int(track.bottom()) + 3)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
