"""A table that fetches its rows from the store a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from drscreen.qt.background import Background
from drscreen.qt.failure import Failure

PAGE = 100

Index = QModelIndex | QPersistentModelIndex
Row = TypeVar("Row")
Shown_co = TypeVar("Shown_co", covariant=True)

_ALIGN_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ALIGN_TEXT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class Page(Protocol[Shown_co]):
    """Some rows, and how many there are in all."""

    @property
    def rows(self) -> Sequence[Shown_co]:
        """In the order of the table."""
        ...

    @property
    def total(self) -> int:
        """Fetched or not."""
        ...


class PagedTableModel(QAbstractTableModel, Generic[Row]):
    """Rows arrive from the background thread; nothing here waits.

    A subclass says what is asked for (`query`), what the columns hold (`titles`, `cell`), and what
    tells two rows apart (`key`); `shown` hears of each page.
    """

    failed = Signal(object)

    #: Columns that hold numbers, aligned at their right.
    numbers: frozenset[int] = frozenset()

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._rows: list[Row] = []
        self._total = 0
        self._asked = 0
        self._fetching = False

    @property
    def total(self) -> int:
        """How many rows there are, fetched or not."""
        return self._total

    def query(self, offset: int, limit: int) -> Callable[[], Page[Row]] | None:
        """What fetches a page of what is wanted now, on the background thread; None for nothing."""
        raise NotImplementedError

    def titles(self) -> tuple[str, ...]:
        """The columns' titles."""
        raise NotImplementedError

    def cell(self, row: Row, column: int) -> str:
        """What a person reads."""
        raise NotImplementedError

    def key(self, row: Row) -> Hashable:
        """What a row is known by."""
        raise NotImplementedError

    def role_data(self, row: Row, column: int, role: int) -> Any:
        """What delegates and pages ask for beyond words and alignment."""
        raise NotImplementedError

    def shown(self, page: Any) -> None:
        """A page has just been shown."""

    def clear(self) -> None:
        """Show nothing, and let nothing that was asked for arrive."""
        self._asked += 1
        self._fetching = False
        self.beginResetModel()
        self._rows, self._total = [], 0
        self.endResetModel()

    def fetch(self) -> None:
        """Show from the beginning. The old rows stay until the new ones are here."""
        self._fetch(0, PAGE)

    def refresh(self) -> None:
        """Fetch what is shown again, because something changed."""
        self._fetch(0, max(PAGE, len(self._rows)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Rows fetched so far."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One for each title."""
        return 0 if parent.isValid() else len(self.titles())

    def canFetchMore(self, parent: Index) -> bool:
        """Whether the store has rows that are not here yet."""
        return not parent.isValid() and not self._fetching and len(self._rows) < self._total

    def fetchMore(self, parent: Index) -> None:
        """Ask for the next page."""
        if self.canFetchMore(parent):
            self._fetch(len(self._rows), PAGE)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Column titles."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.titles()[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_NUMBER if section in self.numbers else _ALIGN_TEXT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words for people, roles for the delegate and the page."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cell(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_NUMBER if column in self.numbers else None
        return self.role_data(row, column, role)

    def _fetch(self, offset: int, limit: int) -> None:
        work = self.query(offset, limit)
        if work is None:
            return
        self._asked += 1
        self._fetching = True
        asked = self._asked

        def done(page: Page[Row]) -> None:
            if asked == self._asked:
                self._show(offset, page)

        def failed(failure: Failure) -> None:
            if asked == self._asked:
                self._fetching = False
                self.failed.emit(failure)

        self._background.run(work, done, failed)

    def _show(self, offset: int, page: Page[Row]) -> None:
        if offset == 0:
            self.beginResetModel()
            self._rows, self._total = list(page.rows), page.total
            self.endResetModel()
        else:
            # What was recorded meanwhile moved the rows: none is shown twice.
            known = {self.key(row) for row in self._rows}
            fresh = [row for row in page.rows if self.key(row) not in known]
            self._total = page.total if fresh else len(self._rows)
            if fresh:
                end = len(self._rows) + len(fresh) - 1
                self.beginInsertRows(QModelIndex(), len(self._rows), end)
                self._rows.extend(fresh)
                self.endInsertRows()
        # Cleared last: whoever hears of the change may ask for more at once, from where it ends.
        self._fetching = False
        self.shown(page)
