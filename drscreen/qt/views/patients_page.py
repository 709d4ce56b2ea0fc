"""Find a patient, or make a new record."""

from __future__ import annotations

from PySide6.QtCore import (
    QCoreApplication,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from drscreen.domain.patient import Patient
from drscreen.qt import wording
from drscreen.qt.controllers.incoming import Graded
from drscreen.qt.controllers.patients import PatientsController
from drscreen.qt.controllers.screening import ScreeningController
from drscreen.qt.models.patients_table import (
    BIRTH_DATE,
    LAST_EXAM,
    MRN_ROLE,
    NAME,
    NUMBER,
    OUTCOME,
    OUTCOME_ROLE,
    PHOTOGRAPHS,
    PatientsTableModel,
)
from drscreen.qt.views.parts import ErrorBar, button, label
from drscreen.qt.views.row_table import RowTable
from drscreen.qt.views.severity import paint_tone
from drscreen.qt.views.theme import Theme

SEARCH_PAUSE_MS = 180
_Index = QModelIndex | QPersistentModelIndex


class _OutcomeDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        outcome = index.data(OUTCOME_ROLE)
        if outcome is None:
            super().paint(painter, option, index)
            return
        painter.save()
        line = "line"
        if option.state & QStyle.StateFlag.State_Selected:
            line = "accent"
            painter.fillRect(option.rect, self._theme.color("selected"))
            painter.setPen(self._theme.color(line))
            painter.drawLine(option.rect.topLeft(), option.rect.topRight())
        box = QRectF(option.rect).adjusted(12, 0, -8, 0)
        tone, text = wording.outcome_tone(outcome), wording.outcome_text(outcome)
        paint_tone(painter, self._theme, tone, text, box)
        painter.setPen(self._theme.color(line))
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        painter.restore()


class PatientsTable(RowTable):
    """Enter opens the selected patient."""

    def __init__(self, theme: Theme, model: PatientsTableModel) -> None:
        widths = {
            NUMBER: 14,
            NAME: 36,
            BIRTH_DATE: 13,
            LAST_EXAM: 13,
            PHOTOGRAPHS: 14,
            OUTCOME: 26,
        }
        super().__init__(model, QCoreApplication.translate("PatientsTable", "Patients"), widths)
        self._delegate = _OutcomeDelegate(theme)
        self.setItemDelegateForColumn(OUTCOME, self._delegate)

    @property
    def chosen(self) -> str:
        """The number of the selected patient; empty where none is."""
        mrn = self.currentIndex().data(MRN_ROLE)
        return mrn if isinstance(mrn, str) else ""

    def choose(self, mrn: str) -> None:
        """Select a patient again after the rows came anew; the first where it is not there."""
        if not self.currentIndex().isValid():
            self.choose_where(MRN_ROLE, mrn)


class PatientsPage(QWidget):
    """Search above, the table below, the next step where there is nothing to show."""

    patient_chosen = Signal(str)
    new_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        model: PatientsTableModel,
        patients: PatientsController,
        screening: ScreeningController,
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._chosen = ""
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find by name, number or birth date (Ctrl+F)"))
        self.search.setAccessibleName(self.tr("Find a patient by name, number or birth date"))
        self.search.setToolTip(self.tr("Find by name, number or birth date (Ctrl+F); Esc clears"))
        self.new = button(self.tr("New patient"), "primary", self.tr("New patient (Ctrl+N)"))
        self.new.clicked.connect(self.new_wanted)
        self.count = label("", "muted")
        self.table = PatientsTable(theme, model)
        self.error = ErrorBar(theme)
        self._empty_title = label("", "heading")
        self._empty_words = label("", "muted")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(SEARCH_PAUSE_MS)
        self._pause.timeout.connect(self.search_now)
        self._lay_out()
        self.search.textChanged.connect(self._pause.start)
        self.search.returnPressed.connect(self._on_search_entered)
        self.table.activated.connect(self._on_activated)
        self._add_shortcut("Ctrl+F", self._on_find_wanted)
        self._add_shortcut("Ctrl+N", self.new_wanted.emit)
        self._add_shortcut("Escape", self.search.clear)
        self._add_shortcut("Down", self.table.setFocus, self.search)
        for keys in ("Return", "Enter"):
            self._add_shortcut(keys, self._on_enter, self.table)
        model.modelAboutToBeReset.connect(self._on_about_to_reset)
        model.counted.connect(self._on_counted)
        model.failed.connect(self.error.show_failure)
        patients.patient_saved.connect(self._on_patient_saved)
        screening.image_graded.connect(self._on_image_graded)

    @property
    def empty_words(self) -> str:
        """The next step, as the empty list tells it."""
        return self._empty_words.text()

    @Slot()
    def search_now(self) -> None:
        """Fetch what is typed without waiting for a pause."""
        self._pause.stop()
        self._model.search(self.search.text())

    def forget(self) -> None:
        """Nobody is signed in any more."""
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self._pause.stop()
        self.error.clear()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(label(self.tr("Patients"), "title"))
        head.addWidget(self.count)
        head.addStretch(1)
        self.search.setMinimumWidth(320)
        head.addWidget(self.search, 2)
        head.addWidget(self.new)
        empty = QFrame()
        empty.setObjectName("panel")
        middle = QVBoxLayout(empty)
        middle.addStretch(2)
        middle.addWidget(self._empty_title, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addWidget(self._empty_words, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch(3)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(empty)
        page = QVBoxLayout(self)
        page.setContentsMargins(16, 12, 16, 12)
        page.setSpacing(12)
        page.addLayout(head)
        page.addWidget(self.error)
        page.addLayout(self._stack, 1)

    def _add_shortcut(self, keys: str, action: object, on: QWidget | None = None) -> None:
        shortcut = QShortcut(QKeySequence(keys), on or self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(action)

    @Slot()
    def _on_about_to_reset(self) -> None:
        self._chosen = self.table.chosen

    @Slot(int)
    def _on_counted(self, total: int) -> None:
        self.error.clear()
        words = QLocale().toString(total) if total else ""
        if self._model.are_similar and total:
            words = self.tr("Nobody matches; {0} like it").format(words)
        self.count.setText(words)
        self._stack.setCurrentIndex(0 if total else 1)
        if self._model.text.strip():
            self._empty_title.setText(self.tr("No patient matches"))
            self._empty_words.setText(
                self.tr(
                    "Try a part of the name or of the number, or the year of birth; "
                    "or make a new record (Ctrl+N)."
                )
            )
        else:
            self._empty_title.setText(self.tr("No patients yet"))
            self._empty_words.setText(
                self.tr("Press Ctrl+N to record the first patient, then add photographs.")
            )
        if total:
            self.table.choose(self._chosen)

    @Slot()
    def _on_find_wanted(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    @Slot()
    def _on_search_entered(self) -> None:
        if self._pause.isActive():
            self.search_now()
        elif self._model.rowCount() == 1:
            self.patient_chosen.emit(self._model.mrn(0))
        else:
            self.table.setFocus()

    @Slot()
    def _on_enter(self) -> None:
        self._on_activated(self.table.currentIndex())

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        if index.isValid():
            self.patient_chosen.emit(self._model.mrn(index.row()))

    @Slot(object)
    def _on_patient_saved(self, _patient: Patient) -> None:
        self._model.refresh()

    @Slot(object)
    def _on_image_graded(self, _graded: Graded) -> None:
        self._model.refresh()
