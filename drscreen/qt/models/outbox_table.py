"""The outbox as a table that pages itself from the store, the newest notice first."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from drscreen.domain.notice import Notice, NoticeState
from drscreen.qt import notice_wording
from drscreen.qt.background import Background
from drscreen.qt.failure import Failure
from drscreen.services.outbox import OutboxPage

OutboxSource = Callable[[Collection[NoticeState], int, int], OutboxPage]
PAGE = 100

#: Item roles: the notice's id, and its state as the domain's value.
ID_ROLE = Qt.ItemDataRole.UserRole + 1
STATE_ROLE = Qt.ItemDataRole.UserRole + 2

WHEN, NUMBER, PURPOSE, CHANNEL, STATE, ATTEMPTS, REASON = range(7)
_ALIGN_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ALIGN_TEXT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_Index = QModelIndex | QPersistentModelIndex


class OutboxTableModel(QAbstractTableModel):
    """Rows arrive a page at a time from the background thread; nothing here waits.

    `loaded` carries the `OutboxPage` that was shown last; its counts are of the whole outbox.
    """

    loaded = Signal(object)
    failed = Signal(object)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._source: OutboxSource | None = None
        self._states: tuple[NoticeState, ...] = ()
        self._rows: list[Notice] = []
        self._total = 0
        self._asked = 0
        self._fetching = False

    @property
    def states(self) -> tuple[NoticeState, ...]:
        """What is shown; empty means everything."""
        return self._states

    def use(self, source: OutboxSource | None) -> None:
        """Page from here from now on; empties the table."""
        self._source = source
        self._states = ()
        self._asked += 1
        self._fetching = False
        self.beginResetModel()
        self._rows, self._total = [], 0
        self.endResetModel()

    def show_states(self, states: Collection[NoticeState]) -> None:
        """Show the notices in these states. The old rows stay until the new ones are here."""
        self._states = tuple(states)
        self._fetch(0)

    def refresh(self) -> None:
        """Fetch what is shown again, because something changed."""
        self._fetch(0, max(PAGE, len(self._rows)))

    def notice(self, row: int) -> Notice | None:
        """The notice in a row; None where there is no such row."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Rows fetched so far."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Seven."""
        return 0 if parent.isValid() else 7

    def canFetchMore(self, parent: _Index) -> bool:
        """Whether the store has rows that are not here yet."""
        return not parent.isValid() and not self._fetching and len(self._rows) < self._total

    def fetchMore(self, parent: _Index) -> None:
        """Ask for the next page."""
        if self.canFetchMore(parent):
            self._fetch(len(self._rows))

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Column titles."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                self.tr("Queued"),
                self.tr("Number"),
                self.tr("About"),
                self.tr("By"),
                self.tr("State"),
                self.tr("Tries"),
                self.tr("Reason"),
            )[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_NUMBER if section == ATTEMPTS else _ALIGN_TEXT
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words for people, roles for the delegate and the page."""
        if not index.isValid():
            return None
        notice = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(notice, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == ATTEMPTS:
            return _ALIGN_NUMBER
        if role == Qt.ItemDataRole.ToolTipRole:
            return notice_wording.details_text(notice)
        if role == STATE_ROLE and index.column() == STATE:
            return notice.state
        return notice.id if role == ID_ROLE else None

    def _fetch(self, offset: int, limit: int = PAGE) -> None:
        source = self._source
        if source is None:
            return
        self._asked += 1
        self._fetching = True
        asked, states = self._asked, self._states

        def done(page: OutboxPage) -> None:
            if asked == self._asked:
                self._show(offset, page)

        def failed(failure: Failure) -> None:
            if asked == self._asked:
                self._fetching = False
                self.failed.emit(failure)

        self._background.run(lambda: source(states, offset, limit), done, failed)

    def _show(self, offset: int, page: OutboxPage) -> None:
        if offset == 0:
            self.beginResetModel()
            self._rows, self._total = list(page.rows), page.total
            self.endResetModel()
        else:
            # What was queued meanwhile moved the rows: none is shown twice.
            known = {notice.id for notice in self._rows}
            fresh = [notice for notice in page.rows if notice.id not in known]
            self._total = page.total if fresh else len(self._rows)
            if fresh:
                end = len(self._rows) + len(fresh) - 1
                self.beginInsertRows(QModelIndex(), len(self._rows), end)
                self._rows.extend(fresh)
                self.endInsertRows()
        self._fetching = False
        self.loaded.emit(page)


def _cell(notice: Notice, column: int) -> str:
    return (
        notice_wording.moment_text(notice.created),
        notice.mrn,
        notice_wording.purpose_text(notice.purpose),
        notice_wording.channel_text(notice.channel),
        notice_wording.state_text(notice.state),
        str(notice.attempts),
        notice_wording.reason_text(notice),
    )[column]
