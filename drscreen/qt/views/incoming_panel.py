"""Where photographs come in: the drop area, the files that were added, the batch at work."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from drscreen.domain.image import Laterality
from drscreen.domain.photograph_files import SUFFIXES
from drscreen.qt import wording
from drscreen.qt.controllers.incoming import Batch, Incoming, State
from drscreen.qt.controllers.screening import ScreeningController
from drscreen.qt.views.incoming_row import IncomingRow
from drscreen.qt.views.parts import button, label
from drscreen.qt.views.rows_area import RowsArea
from drscreen.qt.views.theme import Theme

#: A row takes some milliseconds to make.
ROWS_AT_ONCE = 20
#: Dialogs of some systems tell capitals from small letters.
_PATTERNS = " ".join(f"*{suffix} *{suffix.upper()}" for suffix in SUFFIXES)


class IncomingPanel(QWidget):
    """The files added for one patient. Decides nothing: the controller does."""

    def __init__(self, theme: Theme, screening: ScreeningController) -> None:
        super().__init__()
        self._theme = theme
        self._screening = screening
        self._mrn = ""
        self._rows: dict[int, IncomingRow] = {}
        self._waiting: dict[int, Incoming] = {}
        self._builder = QTimer(self)
        self._builder.setSingleShot(True)
        self._builder.timeout.connect(self._build)
        self.add = button(
            self.tr("Add photographs…"), "primary", self.tr("Add photographs (Ctrl+O)")
        )
        self.add.clicked.connect(self.ask_files)
        self.add_folder = button(
            self.tr("Folder…"), "plain", self.tr("Add a folder of photographs (Ctrl+Shift+O)")
        )
        self.add_folder.clicked.connect(self.ask_folder)
        self.start = button(self.tr("Screen"), "primary", self.tr("Screen them (Ctrl+Enter)"))
        self.start.clicked.connect(self.start_batch)
        self.cancel = button(self.tr("Cancel"), "plain", self.tr("Cancel what is left (Esc)"))
        self.cancel.clicked.connect(screening.cancel)
        self._drop = self._drop_area()
        self._rows_area = RowsArea()
        self._batch_words = label("", "muted")
        self._batch_bar = QProgressBar()
        self._batch_bar.setTextVisible(False)
        self._batch_bar.setAccessibleName(self.tr("Photographs screened"))
        foot = QHBoxLayout()
        foot.addWidget(self._batch_words, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._drop)
        column.addWidget(self._rows_area)
        column.addLayout(foot)
        column.addWidget(self._batch_bar)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(self.start.click)
        screening.incoming_added.connect(self._on_added)
        screening.incoming_changed.connect(self._on_changed)
        screening.incoming_removed.connect(self._on_removed)
        screening.batch_changed.connect(self._on_batch_changed)
        self._refresh()

    @property
    def rows(self) -> list[IncomingRow]:
        """The files as shown, in order."""
        return list(self._rows.values())

    def show_patient(self, mrn: str) -> None:
        """Show the files of another patient."""
        if mrn == self._mrn:
            return
        self._mrn = mrn
        for item_id in list(self._rows):
            self._on_removed(item_id)
        self._waiting.clear()
        for item in self._screening.items(mrn):
            self._on_added(item)
        self._build()

    def set_drop_highlight(self, over: bool) -> None:
        """Something that can be dropped is above the page."""
        self._drop.setProperty("over", over)
        self._drop.style().polish(self._drop)

    def add_paths(self, paths: list[Path]) -> None:
        """Stage files; the first one that needs an answer gets the focus."""
        self._screening.add_files(self._mrn, paths)
        self._build()
        undecided = [r for r in self.rows if r.item.state is State.STAGED and r.item.eye is None]
        if undecided:
            undecided[0].setFocus()
        elif self.start.isEnabled():
            self.start.setFocus()

    @Slot()
    def ask_files(self) -> None:
        """Choose files with the system's dialog."""
        names, _ = QFileDialog.getOpenFileNames(
            self,
            self.tr("Add photographs"),
            "",
            self.tr("Photographs ({0});;All files (*)").format(_PATTERNS),
        )
        if names:
            self.add_paths([Path(name) for name in names])

    @Slot()
    def ask_folder(self) -> None:
        """Choose a folder with the system's dialog: its photographs, and those below, are added."""
        name = QFileDialog.getExistingDirectory(self, self.tr("Add a folder of photographs"))
        if name:
            self.add_paths([Path(name)])

    @Slot()
    def start_batch(self) -> None:
        """Screen what is ready."""
        self._screening.start(self._mrn)

    def _drop_area(self) -> QFrame:
        area = QFrame()
        area.setObjectName("drop")
        area.setProperty("over", False)
        area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        inside = QHBoxLayout(area)
        inside.setContentsMargins(12, 8, 8, 8)
        inside.addWidget(label(self.tr("Drop photographs here, or"), "muted", wraps=True), 1)
        inside.addWidget(self.add_folder)
        inside.addWidget(self.add)
        return area

    def _refresh(self) -> None:
        staged = [i for i in self._screening.items(self._mrn) if i.state is State.STAGED]
        ready = [item for item in staged if item.eye is not None]
        batch = self._screening.batch
        running = batch.is_running
        self.start.setVisible(bool(staged))
        self.start.setEnabled(bool(ready))
        self.start.setText(
            self.tr("Screen 1 photograph")
            if len(ready) == 1
            else self.tr("Screen {0} photographs").format(len(ready))
        )
        self.cancel.setVisible(running)
        self._batch_bar.setVisible(running and batch.total > 1)
        self._batch_words.setText(self._foot_words(len(staged) - len(ready), batch))
        # One primary action: adding, until something is there to be screened.
        self.add.setProperty("kind", "plain" if staged else "primary")
        self.add.style().polish(self.add)

    def _foot_words(self, undecided: int, batch: Batch) -> str:
        if batch.is_running:
            words = self.tr("{0} of {1}").format(batch.ended + 1, batch.total)
            if batch.seconds_left is not None:
                left = wording.seconds_text(batch.seconds_left)
                words += self.tr(", about {0} left").format(left)
            return words
        return self.tr("Eye missing: {0}").format(undecided) if undecided else ""

    @Slot(object)
    def _on_added(self, item: Incoming) -> None:
        if item.mrn != self._mrn or _needs_no_word(item):
            return
        self._waiting[item.id] = item
        self._builder.start()

    @Slot()
    def _build(self) -> None:
        """Make the next rows of those that wait: hundreds at once would hold the window."""
        for item in list(self._waiting.values())[:ROWS_AT_ONCE]:
            del self._waiting[item.id]
            if _needs_no_word(item):
                continue
            row = IncomingRow(self._theme, item)
            row.eye_chosen.connect(self._on_eye_chosen)
            row.removed.connect(self._screening.remove)
            row.retried.connect(self._screening.retry)
            row.stepped.connect(self._on_stepped)
            self._rows[item.id] = row
            self._rows_area.put(row)
        if self._waiting:
            self._builder.start()
        self._refresh()

    @Slot(object)
    def _on_changed(self, item: Incoming) -> None:
        row = self._rows.get(item.id)
        if row is not None and _needs_no_word(item):
            self._on_removed(item.id)
        elif item.id in self._waiting:
            self._waiting[item.id] = item
        elif row is not None:
            row.show_item(item)
            if item.state is State.WORKING:
                self._rows_area.ensureWidgetVisible(row)
        self._refresh()

    @Slot(int)
    def _on_removed(self, item_id: int) -> None:
        self._waiting.pop(item_id, None)
        row = self._rows.pop(item_id, None)
        if row is not None:
            self._rows_area.take(row)
        self._refresh()

    @Slot(object)
    def _on_batch_changed(self, batch: Batch) -> None:
        self._batch_bar.setRange(0, max(1, batch.total))
        self._batch_bar.setValue(batch.ended)
        self._refresh()

    @Slot(int, object)
    def _on_eye_chosen(self, item_id: int, eye: Laterality) -> None:
        self._screening.set_eye(item_id, eye)
        rows = list(self._rows.values())
        undecided = [r for r in rows if r.item.state is State.STAGED and r.item.eye is None]
        # On to the next question, so that one hand answers them all.
        if undecided and self._rows[item_id].hasFocus():
            undecided[0].setFocus()
            self._rows_area.ensureWidgetVisible(undecided[0])

    @Slot(int, int)
    def _on_stepped(self, item_id: int, step: int) -> None:
        order = list(self._rows)
        position = order.index(item_id) + step
        if 0 <= position < len(order):
            row = self._rows[order[position]]
            row.setFocus()
            self._rows_area.ensureWidgetVisible(row)


def _needs_no_word(item: Incoming) -> bool:
    """Graded and listed among the exams: nothing is left to do about the file."""
    return item.result is not None and item.result.quality.gradable
