"""One photograph on black: zoom at the cursor, pan, fit, one to one."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsPixmapItem,
    QGraphicsScene,
    QGraphicsView,
    QLabel,
    QWidget,
)

STEP = 1.25
ZOOM_MAX = 16.0


class PhotographView(QGraphicsView):
    """Smooth while it is reduced, untouched pixels from 1:1 on.

    The wheel zooms, dragging and arrows pan; the page has the other keys.
    """

    zoom_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = QGraphicsScene(self)
        self._item = QGraphicsPixmapItem()
        self._scene.addItem(self._item)
        self.setScene(self._scene)
        self._fitted = True
        # The page takes what is dropped, also on the photograph.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setBackgroundBrush(Qt.GlobalColor.black)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Photograph"))
        self._hint = self._overlay("overlay")
        self._drawing = self._overlay("drawing")
        self._drawing.setText(self.tr("Drawing, not a photograph"))
        self.clear()

    @property
    def zoom(self) -> float:
        """Screen pixels per picture pixel; 1.0 is one to one on any screen."""
        return self.transform().m11() * self.devicePixelRatioF()

    @property
    def is_smooth(self) -> bool:
        """Whether pixels are blended, as they are only while the picture is reduced."""
        return self._item.transformationMode() is Qt.TransformationMode.SmoothTransformation

    @property
    def has_picture(self) -> bool:
        """Whether a picture is shown."""
        return not self._item.pixmap().isNull()

    @property
    def hint(self) -> str:
        """What is said in place of a picture; empty where there is one."""
        return "" if self.has_picture else self._hint.text()

    def show_picture(self, image: QImage, *, is_drawing: bool) -> None:
        """Show a picture, fitted."""
        self._item.setPixmap(QPixmap.fromImage(image))
        self._scene.setSceneRect(QRectF(0, 0, image.width(), image.height()))
        self._hint.hide()
        self._drawing.setVisible(is_drawing)
        self._place_overlays()
        self.fit()

    def clear(self, hint: str = "") -> None:
        """Black, with a hint what to do."""
        self._item.setPixmap(QPixmap())
        self._drawing.hide()
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._place_overlays()

    def fit(self) -> None:
        """The whole picture, never enlarged beyond 1:1."""
        self._fitted = True
        if not self.has_picture:
            return
        space, picture = self.viewport().size(), self._scene.sceneRect()
        scale = min(space.width() / picture.width(), space.height() / picture.height())
        self._set_scale(min(scale, 1.0 / self.devicePixelRatioF()))
        self.centerOn(picture.center())

    def actual_size(self) -> None:
        """One picture pixel on one screen pixel."""
        self._fitted = False
        self._set_scale(1.0 / self.devicePixelRatioF())

    def zoom_in(self) -> None:
        """One step nearer."""
        self._zoom_by(STEP)

    def zoom_out(self) -> None:
        """One step back."""
        self._zoom_by(1 / STEP)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom where the cursor is."""
        turned = event.angleDelta().y()
        if turned:
            self._zoom_by(STEP ** (turned / 120))
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fitted picture stays fitted."""
        super().resizeEvent(event)
        self._place_overlays()
        if self._fitted:
            self.fit()

    def _zoom_by(self, factor: float) -> None:
        if self.has_picture:
            self._fitted = False
            self._set_scale(self.transform().m11() * factor)

    def _set_scale(self, scale: float) -> None:
        if not self.has_picture:
            return
        space, picture = self.viewport().size(), self._scene.sceneRect()
        whole = min(space.width() / picture.width(), space.height() / picture.height())
        least = min(whole, 1.0) / 2
        wanted = min(max(scale, least), ZOOM_MAX)
        self.scale(wanted / self.transform().m11(), wanted / self.transform().m11())
        smooth = self.zoom < 0.999
        self._item.setTransformationMode(
            Qt.TransformationMode.SmoothTransformation
            if smooth
            else Qt.TransformationMode.FastTransformation
        )
        self.zoom_changed.emit(self.zoom)

    def _overlay(self, name: str) -> QLabel:
        made = QLabel(self)
        made.setObjectName(name)
        made.setTextFormat(Qt.TextFormat.PlainText)
        made.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return made

    def _place_overlays(self) -> None:
        self._drawing.adjustSize()
        self._drawing.move(12, 12)
        self._hint.setWordWrap(True)
        self._hint.setFixedWidth(min(360, max(120, self.width() - 48)))
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.adjustSize()
        self._hint.move(
            (self.width() - self._hint.width()) // 2, (self.height() - self._hint.height()) // 2
        )
