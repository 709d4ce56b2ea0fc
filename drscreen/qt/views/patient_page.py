"""One patient: who it is, what was found, the photograph, and where new photographs come in."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from drscreen.domain.patient import Patient, PhotographRecord
from drscreen.qt.controllers.incoming import Graded
from drscreen.qt.controllers.outbox import OutboxController
from drscreen.qt.controllers.patients import PatientsController
from drscreen.qt.controllers.pictures import PictureController
from drscreen.qt.controllers.screening import ScreeningController
from drscreen.qt.views.exams_view import ExamsView
from drscreen.qt.views.incoming_panel import IncomingPanel
from drscreen.qt.views.parts import ErrorBar, label
from drscreen.qt.views.patient_banner import PatientBanner
from drscreen.qt.views.photograph_pane import PhotographPane
from drscreen.qt.views.result_panel import ResultPanel
from drscreen.qt.views.theme import Theme
from drscreen.qt.views.told_line import ToldLine
from drscreen.services.records import PatientFile


class PatientPage(QWidget):
    """Results appear when they are ready and never take the focus."""

    closed = Signal()
    edit_wanted = Signal(object)

    def __init__(
        self,
        theme: Theme,
        patients: PatientsController,
        screening: ScreeningController,
        pictures: PictureController,
        outbox: OutboxController,
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAcceptDrops(True)
        self._patients = patients
        self._screening = screening
        self._file: PatientFile | None = None
        self._mrn = ""
        self._choose: str | None = None
        self.banner = PatientBanner(theme)
        self.banner.back_wanted.connect(self.closed)
        self.banner.edit_wanted.connect(self._on_edit_wanted)
        self.told = ToldLine(theme, outbox)
        self.error = ErrorBar(theme)
        self.incoming = IncomingPanel(theme, screening)
        self.exams = ExamsView(theme, pictures)
        self.exams.photograph_chosen.connect(self._on_photograph_chosen)
        self._no_exams = label(
            self.tr("No photographs yet. Add one of each eye."), "muted", wraps=True
        )
        self.photograph = PhotographPane(theme, pictures)
        self.result = ResultPanel(theme)
        self._lay_out()
        self._add_shortcuts()
        patients.file_opened.connect(self._on_file_opened)
        patients.open_failed.connect(self.error.show_failure)
        screening.gathering_failed.connect(self.error.show_failure)
        patients.patient_saved.connect(self._on_patient_saved)
        screening.image_graded.connect(self._on_image_graded)

    @property
    def mrn(self) -> str:
        """Whose page this is; empty where it is nobody's."""
        return self._mrn

    def open(self, mrn: str) -> None:
        """Show a patient; the page is empty until the file is here."""
        if self._file is None or self._file.patient.mrn != mrn:
            self._clear()
        self._mrn = mrn
        self.told.show_patient(mrn)
        self.incoming.show_patient(mrn)
        self.incoming.add.setFocus()
        self._patients.open(mrn)

    def forget(self) -> None:
        """Nobody is signed in any more: leave nothing on the screen or in memory."""
        self._mrn = ""
        self.incoming.show_patient("")
        self.told.show_patient("")
        self._clear()

    def _clear(self) -> None:
        self._file = None
        self._choose = None
        self.error.clear()
        self.banner.clear()
        self.exams.clear()
        self.exams.hide()
        self._no_exams.hide()
        self.photograph.clear()
        self.result.clear()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files can be dropped anywhere on the page."""
        if _dropped(event.mimeData()):
            self.incoming.set_drop_highlight(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Gone again."""
        self.incoming.set_drop_highlight(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Stage the files."""
        self.incoming.set_drop_highlight(False)
        paths = _dropped(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.error.clear()
            self.incoming.add_paths(paths)

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.incoming)
        column.addWidget(label(self.tr("Exams"), "heading"))
        column.addWidget(self._no_exams)
        column.addWidget(self.exams, 1)
        column.addStretch()
        unit = self.fontMetrics().averageCharWidth()
        self.result.setMinimumWidth(36 * unit)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(12)
        for widget, stretch in ((left, 0), (self.photograph, 1), (self.result, 0)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, stretch)
        split.setSizes([60 * unit, 100 * unit, 50 * unit])
        body = QHBoxLayout()
        body.setContentsMargins(16, 12, 16, 12)
        body.addWidget(split)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(self.banner)
        page.addWidget(self.told)
        page.addWidget(self.error)
        page.addLayout(body, 1)

    def _add_shortcuts(self) -> None:
        shortcuts = (
            ("Ctrl+O", self.incoming.ask_files),
            ("Ctrl+Shift+O", self.incoming.ask_folder),
            ("Ctrl+E", self._on_edit_wanted),
            ("Ctrl+M", self.told.ask),
            ("Alt+Left", self.closed.emit),
            ("Escape", self._screening.cancel),
            ("F", self.photograph.view.fit),
            ("1", self.photograph.view.actual_size),
            ("+", self.photograph.view.zoom_in),
            ("-", self.photograph.view.zoom_out),
        )
        for keys, action in shortcuts:
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    @Slot()
    def _on_edit_wanted(self) -> None:
        if self._file is not None:
            self.edit_wanted.emit(self._file.patient)

    @Slot(object)
    def _on_file_opened(self, file: PatientFile) -> None:
        chosen = self.exams.chosen
        same = self._file is not None and self._file.patient.mrn == file.patient.mrn
        keep = chosen.id if chosen is not None and same else None
        self._file = file
        self.banner.show_file(file)
        self.exams.setVisible(bool(file.exams))
        self._no_exams.setVisible(not file.exams)
        self.exams.show_file(file, self._choose or keep)
        if not same and file.exams:
            self.exams.setFocus()
        self._choose = None

    @Slot(object)
    def _on_patient_saved(self, patient: Patient) -> None:
        self._patients.refresh(patient.mrn)

    @Slot(object)
    def _on_image_graded(self, graded: Graded) -> None:
        if graded.result.record is not None:
            self._choose = graded.result.record
        self._patients.refresh(graded.mrn)

    @Slot(object)
    def _on_photograph_chosen(self, record: PhotographRecord | None) -> None:
        if record is None:
            self.photograph.clear()
            self.result.clear()
            return
        self.photograph.show_record(record)
        self.result.show_record(record)


def _dropped(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
