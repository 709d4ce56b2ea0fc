"""The patient list as a table that pages itself from the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from drscreen.domain.patient import PatientSummary
from drscreen.qt import wording
from drscreen.qt.background import Background
from drscreen.qt.failure import Failure
from drscreen.services.records import PatientPage

PatientSearch = Callable[[str, int, int], PatientPage]
PAGE = 100

#: Item roles: the patient's number, and the newest exam's outcome as the domain's value.
MRN_ROLE = Qt.ItemDataRole.UserRole + 1
OUTCOME_ROLE = Qt.ItemDataRole.UserRole + 2

NUMBER, NAME, BIRTH_DATE, LAST_EXAM, PHOTOGRAPHS, OUTCOME = range(6)
_ALIGN_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_Index = QModelIndex | QPersistentModelIndex


class PatientsTableModel(QAbstractTableModel):
    """Rows arrive a page at a time from the background thread; nothing here waits."""

    counted = Signal(int)
    failed = Signal(object)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._search: PatientSearch | None = None
        self._text = ""
        self._rows: list[PatientSummary] = []
        self._total = 0
        self._similar = False
        self._asked = 0
        self._fetching = False

    @property
    def are_similar(self) -> bool:
        """Whether nobody matched, and the rows are those who nearly do."""
        return self._similar

    @property
    def total(self) -> int:
        """How many patients match, fetched or not."""
        return self._total

    @property
    def text(self) -> str:
        """What is searched for."""
        return self._text

    def use(self, search: PatientSearch | None) -> None:
        """Page from here from now on; empties the table."""
        self._search = search
        self._text = ""
        self._asked += 1
        self._fetching = False
        self.beginResetModel()
        self._rows, self._total = [], 0
        self.endResetModel()

    def search(self, text: str) -> None:
        """Show the patients that match. The old rows stay until the new ones are here."""
        self._text = text
        self._fetch(0)

    def refresh(self) -> None:
        """Fetch what is shown again, because something was recorded."""
        self._fetch(0, max(PAGE, len(self._rows)))

    def mrn(self, row: int) -> str:
        """The patient number in a row."""
        return self._rows[row].patient.mrn

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Rows fetched so far."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Six."""
        return 0 if parent.isValid() else 6

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
                self.tr("Number"),
                self.tr("Name"),
                self.tr("Birth date"),
                self.tr("Last exam"),
                self.tr("Photographs"),
                self.tr("Last outcome"),
            )[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            number = section == PHOTOGRAPHS
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            return _ALIGN_NUMBER if number else left
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words for people, roles for the delegate and the page."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(row, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == PHOTOGRAPHS:
            return _ALIGN_NUMBER
        if role == MRN_ROLE:
            return row.patient.mrn
        if role == OUTCOME_ROLE and index.column() == OUTCOME:
            return row.last_outcome
        return None

    def _cell(self, row: PatientSummary, column: int) -> str:
        patient = row.patient
        match column:
            case 0:
                return patient.mrn
            case 1:
                return patient.display_name
            case 2:
                return wording.day_text(patient.birth_date) if patient.birth_date else ""
            case 3:
                return wording.day_text(row.last_exam) if row.last_exam else ""
            case 4:
                return str(row.photographs)
            case _:
                return wording.outcome_text(row.last_outcome) if row.last_outcome else ""

    def _fetch(self, offset: int, limit: int = PAGE) -> None:
        search = self._search
        if search is None:
            return
        self._asked += 1
        self._fetching = True
        asked, text = self._asked, self._text

        def done(page: PatientPage) -> None:
            if asked == self._asked:
                self._show(offset, page)

        def failed(failure: Failure) -> None:
            if asked == self._asked:
                self._fetching = False
                self.failed.emit(failure)

        self._background.run(lambda: search(text, offset, limit), done, failed)

    def _show(self, offset: int, page: PatientPage) -> None:
        # Cleared last: whoever hears of the change may ask for more at once, from where it ends.
        if offset == 0:
            self.beginResetModel()
            self._rows, self._total = list(page.rows), page.total
            self._similar = page.similar
            self.endResetModel()
        else:
            self._total = page.total if page.rows else len(self._rows)
            if page.rows:
                self.beginInsertRows(QModelIndex(), offset, offset + len(page.rows) - 1)
                self._rows.extend(page.rows)
                self.endInsertRows()
        self._fetching = False
        self.counted.emit(self._total)
