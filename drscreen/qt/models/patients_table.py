"""The patient list as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from drscreen.domain.patient import PatientSummary
from drscreen.qt import wording
from drscreen.qt.background import Background
from drscreen.qt.dates import iso_where_read
from drscreen.qt.models.paged_table import PagedTableModel
from drscreen.services.records import PatientPage

PatientSearch = Callable[[str, int, int], PatientPage]

#: Item roles: the patient's number, and the newest exam's outcome as the domain's value.
MRN_ROLE = Qt.ItemDataRole.UserRole + 1
OUTCOME_ROLE = Qt.ItemDataRole.UserRole + 2

NUMBER, NAME, BIRTH_DATE, LAST_EXAM, PHOTOGRAPHS, OUTCOME = range(6)


class PatientsTableModel(PagedTableModel[PatientSummary]):
    """`counted` says how many patients match, after each page."""

    counted = Signal(int)
    numbers = frozenset({PHOTOGRAPHS})

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(background, parent)
        self._search: PatientSearch | None = None
        self._text = self._sought = ""
        self._similar = False

    @property
    def are_similar(self) -> bool:
        """Whether nobody matched, and the rows are those who nearly do."""
        return self._similar

    @property
    def text(self) -> str:
        """What is searched for."""
        return self._text

    def use(self, search: PatientSearch | None) -> None:
        """Page from here from now on; empties the table."""
        self._search = search
        self._text = self._sought = ""
        self.clear()

    def search(self, text: str) -> None:
        """Show the patients that match."""
        self._text = text
        self._sought = iso_where_read(text)
        self.fetch()

    def mrn(self, row: int) -> str:
        """The patient number in a row."""
        return self._rows[row].patient.mrn

    def query(self, offset: int, limit: int) -> Callable[[], PatientPage] | None:
        """A page of the patients that match."""
        search, text = self._search, self._sought
        return None if search is None else lambda: search(text, offset, limit)

    def titles(self) -> tuple[str, ...]:
        """The columns' titles."""
        return (
            self.tr("Number"),
            self.tr("Name"),
            self.tr("Birth date"),
            self.tr("Last exam"),
            self.tr("Photographs"),
            self.tr("Last outcome"),
        )

    def cell(self, row: PatientSummary, column: int) -> str:
        """What a person reads."""
        last = row.last_exam
        return (
            row.patient.mrn,
            row.patient.display_name,
            wording.born_text(row.patient),
            wording.day_text(last) if last else "",
            str(row.photographs),
            wording.outcome_text(row.last_outcome) if row.last_outcome else "",
        )[column]

    def key(self, row: PatientSummary) -> str:
        """A patient's number."""
        return row.patient.mrn

    def role_data(self, row: PatientSummary, column: int, role: int) -> Any:
        """The number for the page, the outcome for its shape."""
        if role == MRN_ROLE:
            return row.patient.mrn
        return row.last_outcome if role == OUTCOME_ROLE and column == OUTCOME else None

    def shown(self, page: PatientPage) -> None:
        """Tell everybody; whoever hears of it reads `are_similar`."""
        self._similar = page.similar
        self.counted.emit(self._total)
