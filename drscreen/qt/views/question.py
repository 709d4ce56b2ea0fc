"""A question before something that cannot be taken back."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """What is about to happen, what that means, and the two answers: to do it, and not to."""

    title: str
    text: str
    meaning: str
    do: str
    leave: str


class Question(QMessageBox):
    """Enter and Esc both leave things as they are. It removes itself when it was answered."""

    confirmed = Signal()

    def __init__(self, words: QuestionWords, parent: QWidget) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWindowTitle(words.title)
        self.setText(words.text)
        self.setInformativeText(words.meaning)
        self.do = self.addButton(words.do, QMessageBox.ButtonRole.AcceptRole)
        self.leave = self.addButton(words.leave, QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.leave)
        self.setEscapeButton(self.leave)
        self.finished.connect(self._on_finished)

    @Slot(int)
    def _on_finished(self, _result: int) -> None:
        if self.clickedButton() is self.do:
            self.confirmed.emit()
        self.deleteLater()
