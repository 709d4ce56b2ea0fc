"""A patient's exams as one list: a heading for each day, then its photographs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from drscreen.domain.patient import Exam, PhotographRecord
from drscreen.qt import wording

#: Item roles: the row's exam (headings) and the row's photograph (all others).
EXAM_ROLE = Qt.ItemDataRole.UserRole + 1
PHOTOGRAPH_ROLE = Qt.ItemDataRole.UserRole + 2
_Index = QModelIndex | QPersistentModelIndex


class ExamsListModel(QAbstractListModel):
    """Headings cannot be selected, so the keyboard steps from photograph to photograph."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Exam | PhotographRecord] = []

    def show(self, exams: Sequence[Exam]) -> None:
        """Replace what is listed."""
        self.beginResetModel()
        self._rows = []
        for exam in exams:
            self._rows.append(exam)
            self._rows.extend(exam.photographs)
        self.endResetModel()

    def photograph(self, row: int) -> PhotographRecord | None:
        """The photograph in a row; None for a heading."""
        found = self._rows[row] if 0 <= row < len(self._rows) else None
        return found if isinstance(found, PhotographRecord) else None

    def row_of(self, photograph_id: str) -> int | None:
        """Where a photograph is listed."""
        for row, item in enumerate(self._rows):
            if isinstance(item, PhotographRecord) and item.id == photograph_id:
                return row
        return None

    def first_photograph(self) -> int | None:
        """The newest photograph's row."""
        rows = (r for r, item in enumerate(self._rows) if isinstance(item, PhotographRecord))
        return next(rows, None)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Headings and photographs."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Photographs can be selected."""
        if index.isValid() and isinstance(self._rows[index.row()], PhotographRecord):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words for people and assistive technology; values for the delegate."""
        if not index.isValid():
            return None
        item = self._rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(item)
        if role == EXAM_ROLE and isinstance(item, Exam):
            return item
        if role == PHOTOGRAPH_ROLE and isinstance(item, PhotographRecord):
            return item
        return None

    def _words(self, item: Exam | PhotographRecord) -> str:
        if isinstance(item, Exam):
            return f"{wording.day_text(item.day)}: {wording.outcome_text(item.outcome)}"
        return ", ".join(
            (
                wording.eye_text(item.eye),
                wording.grade_text(item.grading),
                wording.decision_text(item.decision),
                wording.time_text(item.taken),
            )
        )
