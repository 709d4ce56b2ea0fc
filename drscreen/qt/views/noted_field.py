"""A line to type in with a place of its own for what is to be said about it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from drscreen.qt.views.parts import field_height, label


class NotedField(QLineEdit):
    """The note's line is there from the beginning: nothing below moves when something is said."""

    def __init__(self, name: str, text: str, placeholder: str = "") -> None:
        super().__init__(text)
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self.setMinimumHeight(field_height(self))
        self.note = label(" ", "muted", wraps=True)
        self.textChanged.connect(self._on_text_changed)

    def with_note(self) -> QWidget:
        """The line and its note below each other, to be laid out as one."""
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self)
        column.addWidget(self.note)
        return both

    def say(self, words: str, *, is_wrong: bool = False) -> None:
        """Show this beneath the line, and read it out with it."""
        self.note.setProperty("role", "error" if is_wrong else "muted")
        self.note.style().unpolish(self.note)
        self.note.style().polish(self.note)
        self.note.setText(words or " ")
        self.setAccessibleDescription(words)

    @Slot()
    def _on_text_changed(self) -> None:
        """What was said was said of another text."""
        self.say("")
