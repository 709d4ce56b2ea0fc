"""One added file: its name, which eye, how far it is, how it ended."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
)

from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityReason
from drscreen.qt import wording
from drscreen.qt.controllers.incoming import Incoming, State
from drscreen.qt.views.parts import TARGET, FileNameLabel, IconButton, button, label
from drscreen.qt.views.severity import ToneLabel
from drscreen.qt.views.theme import Theme


class IncomingRow(QFrame):
    """Keys while it has the focus: O right eye, S left eye, arrows, Delete takes it off."""

    eye_chosen = Signal(int, object)
    removed = Signal(int)
    retried = Signal(int)
    stepped = Signal(int, int)

    def __init__(self, theme: Theme, item: Incoming) -> None:
        super().__init__()
        self.setObjectName("incoming")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._item = item
        self._name = FileNameLabel(item.path.name, str(item.path))
        self._eyes = QButtonGroup(self)
        self._right = self._eye_button("OD", self.tr("Right eye (O)"))
        self._left = self._eye_button("OS", self.tr("Left eye (S)"))
        self._eyes.buttonClicked.connect(self._on_eye_clicked)
        self._remove = IconButton(
            theme, "close", self.tr("Take off the list"), self.tr("Take off the list (Delete)")
        )
        self._remove.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._remove.clicked.connect(self._on_remove_clicked)
        self._progress = QProgressBar()
        self._progress.setRange(0, 100)
        self._progress.setTextVisible(False)
        self._tone = ToneLabel(theme)
        self._words = label("", "muted", wraps=True)
        self.retry = button(self.tr("Try again"), "plain", self.tr("Put it back on the list"))
        self.retry.clicked.connect(self._on_retry_clicked)
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self._name, 1)
        top.addWidget(self._right)
        top.addWidget(self._left)
        top.addWidget(self._remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 6, 8)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self._tone)
        column.addWidget(self._words)
        column.addWidget(self._progress)
        column.addWidget(self.retry, 0, Qt.AlignmentFlag.AlignLeft)
        self.show_item(item)

    @property
    def item(self) -> Incoming:
        """What is shown."""
        return self._item

    @property
    def words(self) -> str:
        """The sentence below the name."""
        return self._words.text()

    def show_item(self, item: Incoming) -> None:
        """Follow the file on its way."""
        self._item = item
        staged = item.state is State.STAGED
        for eye, made in ((Laterality.OD, self._right), (Laterality.OS, self._left)):
            made.setChecked(item.eye is eye)
            made.setEnabled(staged)
        self._remove.setEnabled(item.state is not State.WORKING)
        self._progress.setVisible(item.state is State.WORKING)
        self._progress.setValue(round(100 * item.fraction))
        ended = item.state in (State.FAILED, State.CANCELLED)
        self.retry.setVisible(ended and not item.is_recorded_already)
        self.retry.setText(
            self.tr("Record here as well") if item.is_recorded_elsewhere else self.tr("Try again")
        )
        self._show_result()
        words = self._sentence()
        self._words.setText(words)
        self._words.setVisible(bool(words))
        self._words.setProperty("role", "error" if item.state is State.FAILED else "muted")
        self._words.style().polish(self._words)
        self.setAccessibleName(f"{item.path.name}. {words}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """One key says which eye."""
        match event.key():
            case Qt.Key.Key_O | Qt.Key.Key_R:
                self.eye_chosen.emit(self._item.id, Laterality.OD)
            case Qt.Key.Key_S | Qt.Key.Key_L:
                self.eye_chosen.emit(self._item.id, Laterality.OS)
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                # As seen from the front: the patient's right eye lies on the left.
                left = event.key() == Qt.Key.Key_Left
                self.eye_chosen.emit(self._item.id, Laterality.OD if left else Laterality.OS)
            case Qt.Key.Key_Down:
                self.stepped.emit(self._item.id, 1)
            case Qt.Key.Key_Up:
                self.stepped.emit(self._item.id, -1)
            case Qt.Key.Key_Delete:
                self.removed.emit(self._item.id)
            case _:
                super().keyPressEvent(event)

    def _sentence(self) -> str:
        item = self._item
        words = {
            State.STAGED: self.tr("Which eye? Press O for the right eye, S for the left."),
            State.QUEUED: self.tr("Waiting for its turn"),
            State.WORKING: wording.stage_text(item.stage) if item.stage else "",
            State.CANCELLED: self.tr("Cancelled. Nothing was recorded of it."),
            State.FAILED: item.failure.text if item.failure else "",
            State.DONE: " ".join(map(wording.tip_text, self._reasons())),
        }[item.state]
        decided = item.state is State.STAGED and item.eye is not None
        return "" if decided else words

    def _reasons(self) -> tuple[QualityReason, ...]:
        return self._item.result.quality.reasons if self._item.result else ()

    def _show_result(self) -> None:
        result = self._item.result
        if result is None:
            self._tone.set_tone(None)
        else:
            grade = wording.grade_text(result.grading)
            decision = wording.decision_text(result.decision)
            self._tone.set_tone(wording.grade_tone(result.grading), f"{grade} · {decision}")

    def _eye_button(self, text: str, tip: str) -> QToolButton:
        made = QToolButton()
        made.setText(text)
        made.setCheckable(True)
        made.setProperty("kind", "eye")
        made.setToolTip(tip)
        made.setAccessibleName(tip)
        made.setMinimumSize(40, TARGET)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._eyes.addButton(made)
        return made

    @Slot(QToolButton)
    def _on_eye_clicked(self, clicked: QToolButton) -> None:
        eye = Laterality.OD if clicked is self._right else Laterality.OS
        self.eye_chosen.emit(self._item.id, eye)

    @Slot()
    def _on_remove_clicked(self) -> None:
        self.removed.emit(self._item.id)

    @Slot()
    def _on_retry_clicked(self) -> None:
        self.retried.emit(self._item.id)
