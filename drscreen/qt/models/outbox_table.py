"""The outbox as a table, the newest notice first."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from drscreen.domain.notice import Notice, NoticeState
from drscreen.qt import notice_wording, wording
from drscreen.qt.background import Background
from drscreen.qt.models.paged_table import PagedTableModel
from drscreen.qt.tooltip import plain_tip
from drscreen.services.outbox import ListedNotice, OutboxPage

OutboxSource = Callable[[Collection[NoticeState], int, int], OutboxPage]

#: Item roles: the notice's id, and its state as the domain's value.
ID_ROLE = Qt.ItemDataRole.UserRole + 1
STATE_ROLE = Qt.ItemDataRole.UserRole + 2

WHEN, PATIENT, PURPOSE, CHANNEL, STATE, ATTEMPTS, REASON = range(7)


class OutboxTableModel(PagedTableModel[ListedNotice]):
    """`loaded` carries the `OutboxPage` that was shown last; its counts are of the whole outbox."""

    loaded = Signal(object)
    numbers = frozenset({ATTEMPTS})

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(background, parent)
        self._source: OutboxSource | None = None
        self._states: tuple[NoticeState, ...] = ()

    @property
    def states(self) -> tuple[NoticeState, ...]:
        """What is shown; empty means everything."""
        return self._states

    def use(self, source: OutboxSource | None) -> None:
        """Page from here from now on; empties the table."""
        self._source = source
        self._states = ()
        self.clear()

    def show_states(self, states: Collection[NoticeState]) -> None:
        """Show the notices in these states."""
        self._states = tuple(states)
        self.fetch()

    def notice(self, row: int) -> Notice | None:
        """The notice in a row; None where there is no such row."""
        return self._rows[row].notice if 0 <= row < len(self._rows) else None

    def query(self, offset: int, limit: int) -> Callable[[], OutboxPage] | None:
        """A page of the states that are shown."""
        source, states = self._source, self._states
        return None if source is None else lambda: source(states, offset, limit)

    def titles(self) -> tuple[str, ...]:
        """The columns' titles."""
        return (
            self.tr("Queued"),
            self.tr("Patient"),
            self.tr("About"),
            self.tr("By"),
            self.tr("State"),
            self.tr("Tries"),
            self.tr("Reason"),
        )

    def cell(self, row: ListedNotice, column: int) -> str:
        """What a person reads."""
        notice = row.notice
        return (
            wording.moment_text(notice.created),
            f"{row.patient} ({notice.mrn})" if row.patient else notice.mrn,
            notice_wording.purpose_text(notice.purpose),
            notice_wording.channel_text(notice.channel),
            notice_wording.state_text(notice.state),
            str(notice.attempts),
            notice_wording.reason_text(notice),
        )[column]

    def key(self, row: ListedNotice) -> str:
        """A notice's id."""
        return row.notice.id

    def role_data(self, row: ListedNotice, column: int, role: int) -> Any:
        """The details as a tooltip, the state for its shape, the id."""
        notice = row.notice
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(notice_wording.details_text(notice))
        if role == STATE_ROLE and column == STATE:
            return notice.state
        return notice.id if role == ID_ROLE else None

    def shown(self, page: OutboxPage) -> None:
        """Tell everybody."""
        self.loaded.emit(page)
