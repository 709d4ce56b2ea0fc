"""Severity as shape, word and colour, so that nobody needs the colour."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from drscreen.qt.views.theme import Theme
from drscreen.qt.wording import Tone

SHAPE_SIDE = 14


def paint_shape(painter: QPainter, tone: Tone, box: QRectF, color: QColor) -> None:
    """Draw a tone's shape inside a square box."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(color, max(1.5, box.width() / 8))
    inner = box.adjusted(1.5, 1.5, -1.5, -1.5)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    middle = inner.center()
    match tone:
        case Tone.NONE:
            painter.drawEllipse(inner)
        case Tone.MILD:
            painter.drawEllipse(inner)
            painter.setBrush(color)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawPie(inner, 90 * 16, 180 * 16)
        case Tone.MODERATE:
            painter.setBrush(color)
            painter.drawPolygon(
                QPolygonF(
                    [QPointF(middle.x(), inner.top()), inner.bottomRight(), inner.bottomLeft()]
                )
            )
        case Tone.SEVERE:
            painter.setBrush(color)
            painter.drawPolygon(
                QPolygonF(
                    [
                        QPointF(middle.x(), inner.top()),
                        QPointF(inner.right(), middle.y()),
                        QPointF(middle.x(), inner.bottom()),
                        QPointF(inner.left(), middle.y()),
                    ]
                )
            )
        case Tone.PROLIFERATIVE:
            painter.setBrush(color)
            painter.drawRect(inner)
        case Tone.UNGRADABLE:
            # Flat ends: with Qt's square ones the gaps close at this size.
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            dash = math.pi * inner.width() / pen.widthF() / 8
            pen.setDashPattern([0.58 * dash, 0.42 * dash])
            painter.setPen(pen)
            painter.drawEllipse(inner)
    painter.restore()


def paint_tone(painter: QPainter, theme: Theme, tone: Tone, text: str, box: QRectF) -> None:
    """Draw shape and word in the tone's colour, left in the box, elided where it is narrow."""
    color = theme.color(tone.value)
    shape = QRectF(box.left(), box.center().y() - SHAPE_SIDE / 2, SHAPE_SIDE, SHAPE_SIDE)
    paint_shape(painter, tone, shape, color)
    words = box.adjusted(SHAPE_SIDE + 8, 0, 0, 0)
    painter.setPen(color)
    elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(words.width()))
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)


class ToneLabel(QWidget):
    """Shape and word of one tone; `large` for the one result that matters on a page."""

    def __init__(self, theme: Theme, *, large: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._large = large
        self._tone: Tone | None = None
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._on_theme_changed)

    @property
    def text(self) -> str:
        """The word that is shown."""
        return self._text

    def set_tone(self, tone: Tone | None, text: str = "") -> None:
        """Show a tone and its word; None shows nothing."""
        self._tone, self._text = tone, text
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.setVisible(tone is not None)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the word."""
        metrics = self._metrics_font()
        width = metrics.horizontalAdvance(self._text) + SHAPE_SIDE + 12
        return QSize(width, max(24, metrics.height() + 6))

    def minimumSizeHint(self) -> QSize:
        """The word may be elided; the shape may not."""
        return QSize(SHAPE_SIDE + 40, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Shape, then word."""
        if self._tone is None:
            return
        with QPainter(self) as painter:
            painter.setFont(self._font())
            paint_tone(painter, self._theme, self._tone, self._text, QRectF(self.rect()))

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        if self._large:
            font.setPointSizeF(font.pointSizeF() * 1.25)
        return font

    def _metrics_font(self) -> QFontMetrics:
        return QFontMetrics(self._font())

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
