"""What somebody else changed in a record while it was being edited here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from drscreen.domain.conflict import FieldChange
from drscreen.domain.patient import Sex
from drscreen.qt import wording


class ConflictTable(QTableWidget):
    """A row a field: as it was, as typed here, as the other person saved it. Hidden while empty."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names` are the fields' labels in the form."""
        super().__init__(0, 4)
        self._names = names
        self.setAccessibleName(self.tr("What somebody else changed"))
        self.setHorizontalHeaderLabels(
            [self.tr("Field"), self.tr("Was"), self.tr("Yours"), self.tr("Theirs")]
        )
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def show_changes(self, changes: Sequence[FieldChange]) -> None:
        """Show these; a field that both changed is set in bold."""
        self.setRowCount(len(changes))
        for row, change in enumerate(changes):
            texts = (
                self._names.get(change.field, change.field),
                *(self._words(value) for value in (change.before, change.yours, change.theirs)),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                font = item.font()
                font.setBold(change.clashes)
                item.setFont(font)
                self.setItem(row, column, item)
        self.setVisible(bool(changes))
        rows = min(len(changes), 5) * self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(rows + self.horizontalHeader().sizeHint().height() + 4)

    def _words(self, value: object) -> str:
        if isinstance(value, Sex):
            return wording.sex_text(value)
        if isinstance(value, frozenset):
            return ", ".join(sorted(map(str, value))) or self.tr("none")
        if isinstance(value, int):
            return wording.about_text(value)
        if isinstance(value, date):
            return wording.day_text(value)
        return str(value) if value else self.tr("empty")
