"""The photograph with its small toolbar."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from drscreen.domain.patient import PhotographRecord
from drscreen.qt import wording
from drscreen.qt.controllers.pictures import PictureController
from drscreen.qt.failure import Failure
from drscreen.qt.views.parts import IconButton, label
from drscreen.qt.views.photograph_view import PhotographView
from drscreen.qt.views.theme import Theme


class PhotographPane(QWidget):
    """Shows one record's photograph once it is decoded."""

    def __init__(self, theme: Theme, pictures: PictureController) -> None:
        super().__init__()
        self._pictures = pictures
        self._record: PhotographRecord | None = None
        self.view = PhotographView()
        self.view.zoom_changed.connect(self._on_zoom_changed)
        self._title = label("", "section")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._zoom = label("", "muted")
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(self._title, 1)
        bar.addWidget(self._zoom)
        tools = (
            ("fit", self.tr("Fit"), self.tr("Fit into the window (F)"), self.view.fit),
            ("actual-size", self.tr("1:1"), self.tr("One to one (1)"), self.view.actual_size),
            ("zoom-in", self.tr("Zoom in"), self.tr("Zoom in (+)"), self.view.zoom_in),
            ("zoom-out", self.tr("Zoom out"), self.tr("Zoom out (-)"), self.view.zoom_out),
        )
        self._tools = []
        for icon, name, tip, action in tools:
            made = IconButton(theme, icon, name, tip)
            made.clicked.connect(action)
            bar.addWidget(made)
            self._tools.append(made)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(bar)
        column.addWidget(self.view, 1)
        self.setMinimumWidth(280)
        pictures.photograph_ready.connect(self._on_ready)
        pictures.photograph_failed.connect(self._on_failed)
        self.clear()

    def show_record(self, record: PhotographRecord) -> None:
        """Fetch and show a photograph; the same one again keeps its zoom."""
        if self._record is not None and self._record.id == record.id and self.view.has_picture:
            return
        self._record = record
        self._title.setText(wording.eye_text(record.eye))
        self.view.clear(self.tr("Opening the photograph…"))
        self._pictures.show(record.id)

    def clear(self) -> None:
        """Nothing selected."""
        self._record = None
        self._title.clear()
        self._zoom.clear()
        self._set_tools(False)
        self.view.clear(self.tr("The photograph appears here."))

    def _set_tools(self, usable: bool) -> None:
        for tool in self._tools:
            tool.setEnabled(usable)

    @Slot(str, QImage)
    def _on_ready(self, photograph_id: str, image: QImage) -> None:
        if self._record is not None and self._record.id == photograph_id:
            self.view.show_picture(image, is_drawing=self._record.is_drawing)
            self._set_tools(True)

    @Slot(str, object)
    def _on_failed(self, photograph_id: str, failure: Failure) -> None:
        if self._record is not None and self._record.id == photograph_id:
            self._set_tools(False)
            self.view.clear(failure.text)

    @Slot(float)
    def _on_zoom_changed(self, zoom: float) -> None:
        self._zoom.setText(f"{QLocale().toString(100 * zoom, 'f', 0)} %")
