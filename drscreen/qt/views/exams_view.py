"""A patient's exams with their photographs: thumbnail, eye, grade, decision, time."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QImage, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from drscreen.domain.patient import Exam, PhotographRecord
from drscreen.qt import wording
from drscreen.qt.controllers.pictures import PictureController
from drscreen.qt.models.exams_list import EXAM_ROLE, PHOTOGRAPH_ROLE, ExamsListModel
from drscreen.qt.views.severity import paint_tone
from drscreen.qt.views.theme import Theme
from drscreen.services.records import PatientFile

THUMBNAIL = 56
_Index = QModelIndex | QPersistentModelIndex


class _ExamDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, pictures: PictureController) -> None:
        super().__init__()
        self._theme = theme
        self._pictures = pictures

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        line = option.fontMetrics.height()
        is_heading = index.data(EXAM_ROLE) is not None
        height = line + 20 if is_heading else max(THUMBNAIL + 12, 3 * line + 16)
        return QSize(200, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        exam = index.data(EXAM_ROLE)
        if exam is not None:
            self._paint_heading(painter, option.rect, exam)
        else:
            selected = bool(option.state & QStyle.StateFlag.State_Selected)
            if selected:
                painter.fillRect(option.rect, self._theme.color("selected"))
                mark = QRect(option.rect.topLeft(), QSize(4, option.rect.height()))
                painter.fillRect(mark, self._theme.color("accent"))
            elif option.state & QStyle.StateFlag.State_MouseOver:
                painter.fillRect(option.rect, self._theme.color("hover"))
            self._paint_photograph(painter, option.rect, index.data(PHOTOGRAPH_ROLE))
        painter.restore()

    def _paint_heading(self, painter: QPainter, rect: QRect, exam: Exam) -> None:
        box = QRectF(rect).adjusted(12, 4, -12, 0)
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(self._theme.color("text"))
        day = wording.day_text(exam.day)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, middle, day)
        outcome = exam.outcome
        room = box.adjusted(painter.fontMetrics().horizontalAdvance(day) + 16, 0, 0, 0)
        paint_tone(
            painter, self._theme, wording.outcome_tone(outcome), wording.outcome_text(outcome), room
        )

    def _paint_photograph(self, painter: QPainter, rect: QRect, record: PhotographRecord) -> None:
        frame = QRect(rect.left() + 12, rect.center().y() - THUMBNAIL // 2, THUMBNAIL, THUMBNAIL)
        painter.fillRect(frame, self._theme.color("photograph"))
        image = self._pictures.thumbnail(record.id)
        if image is not None:
            size = image.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(frame.topLeft(), size)
            target.moveCenter(frame.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, image)
        line = painter.fontMetrics().height() + 2
        top = rect.center().y() - (3 * line) / 2
        words = QRectF(frame.right() + 12, top, rect.right() - frame.right() - 24, line)
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setPen(self._theme.color("text"))
        painter.drawText(words, left, wording.eye_text(record.eye))
        painter.setPen(self._theme.color("muted"))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(words, right, wording.time_text(record.taken))
        words.translate(0, line)
        tone = wording.grade_tone(record.grading)
        paint_tone(painter, self._theme, tone, wording.grade_text(record.grading), words)
        words.translate(0, line)
        painter.setPen(self._theme.color("muted"))
        decision = painter.fontMetrics().elidedText(
            wording.decision_text(record.decision),
            Qt.TextElideMode.ElideRight,
            int(words.width()),
        )
        painter.drawText(words, left, decision)


class ExamsView(QListView):
    """Arrow keys step through the photographs; the one that is selected is shown."""

    photograph_chosen = Signal(object)

    def __init__(self, theme: Theme, pictures: PictureController) -> None:
        super().__init__()
        self._exams = ExamsListModel(self)
        self.setModel(self._exams)
        self._delegate = _ExamDelegate(theme, pictures)
        self.setItemDelegate(self._delegate)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Exams and photographs"))
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        pictures.thumbnail_ready.connect(self._on_thumbnail_ready)

    @property
    def chosen(self) -> PhotographRecord | None:
        """The selected photograph."""
        return self._exams.photograph(self.currentIndex().row())

    def clear(self) -> None:
        """List nothing."""
        self._exams.show(())

    def show_file(self, file: PatientFile, choose: str | None = None) -> None:
        """List a patient's exams; `choose` names the photograph to select, else the newest."""
        self._exams.show(file.exams)
        row = self._exams.row_of(choose) if choose else None
        row = self._exams.first_photograph() if row is None else row
        if row is None:
            self.photograph_chosen.emit(None)
        else:
            self.setCurrentIndex(self._exams.index(row))

    @Slot(QItemSelection, QItemSelection)
    def _on_selection_changed(self, _now: QItemSelection, _before: QItemSelection) -> None:
        self.photograph_chosen.emit(self.chosen)

    @Slot(str, QImage)
    def _on_thumbnail_ready(self, _photograph_id: str, _image: QImage) -> None:
        self.viewport().update()
