"""A table of whole rows, one of which is chosen."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

ROW_HEIGHT = 36


class RowTable(QTableView):
    """Fills its width with the last column; rows grow with the font."""

    def __init__(self, model: QAbstractItemModel, name: str, widths: Mapping[int, int]) -> None:
        """`name` is for those who cannot see it; `widths` are in digits, by column."""
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setDefaultSectionSize(max(ROW_HEIGHT, self.fontMetrics().height() + 14))
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        columns.setStretchLastSection(True)
        unit = self.fontMetrics().horizontalAdvance("0")
        for column, digits in widths.items():
            self.setColumnWidth(column, digits * unit)

    def choose_where(self, role: int, value: str) -> None:
        """Choose the row whose first column has that under a role; the first where none has."""
        start = self.model().index(0, 0)
        exactly = Qt.MatchFlag.MatchExactly
        found = self.model().match(start, role, value, 1, exactly) if value else []
        self.setCurrentIndex(found[0] if found else start)
