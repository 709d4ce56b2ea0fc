"""A line to type in with a place of its own for what is to be said about it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from drscreen.qt.views.parts import field_height, label


class NotedField(QWidget):
    """The note's line is there from the beginning: nothing below moves when something is said."""

    edited = Signal()
    finished = Signal()

    def __init__(self, name: str, text: str, placeholder: str = "") -> None:
        super().__init__()
        self.edit = QLineEdit(text)
        self.edit.setAccessibleName(name)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setMinimumHeight(field_height(self.edit))
        self.edit.textChanged.connect(self._on_edited)
        self.edit.editingFinished.connect(self.finished)
        self.note = label(" ", "muted", wraps=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.edit)
        column.addWidget(self.note)
        self.setFocusProxy(self.edit)

    def text(self) -> str:
        """What is typed."""
        return self.edit.text()

    def setText(self, text: str) -> None:
        """Put this there instead."""
        self.edit.setText(text)

    def clear(self) -> None:
        """Empty the line."""
        self.edit.clear()

    def say(self, words: str, *, is_wrong: bool = False) -> None:
        """Show this beneath the line, and read it out with it."""
        self.note.setProperty("role", "error" if is_wrong else "muted")
        self.note.style().unpolish(self.note)
        self.note.style().polish(self.note)
        self.note.setText(words or " ")
        self.edit.setAccessibleDescription(words)

    @Slot()
    def _on_edited(self) -> None:
        self.say("")
        self.edited.emit()
