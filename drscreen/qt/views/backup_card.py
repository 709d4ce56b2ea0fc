"""Settings about backups: where, when, and what became of the last one."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from PySide6.QtCore import Qt, QTime, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QSpinBox, QTimeEdit

from drscreen.domain.permissions import Action
from drscreen.qt import wording
from drscreen.qt.controllers.backup import BackupController, BackupStatus
from drscreen.qt.views.parts import button, field_height, field_label, label
from drscreen.qt.views.people_cards import Card, allow

KEPT_MAX = 365


class BackupCard(Card):
    """The plan is an administrator's; everybody sees whether it is kept."""

    def __init__(self, backup: BackupController) -> None:
        super().__init__(backup.tr("Backups"))
        self._backup = backup
        self.folder = QLineEdit()
        self.folder.setReadOnly(True)
        self.folder.setAccessibleName(self.tr("Folder of the backups"))
        self.folder.setPlaceholderText(self.tr("Nowhere: best on another disk"))
        self.choose = button(self.tr("Choose…"))
        self.none = button(self.tr("None"), "quiet", self.tr("Make no backups by itself"))
        self.at = QTimeEdit()
        self.at.setDisplayFormat("HH:mm")
        self.at.setAccessibleName(self.tr("Each day at"))
        self.at.lineEdit().setAccessibleName(self.tr("Each day at"))
        self.at.setMinimumHeight(field_height(self.at))
        self.keep = QSpinBox()
        self.keep.setRange(1, KEPT_MAX)
        self.keep.setKeyboardTracking(False)
        self.keep.setAccessibleName(self.tr("Backups that stay"))
        self.keep.lineEdit().setAccessibleName(self.tr("Backups that stay"))
        self.keep.setMinimumHeight(field_height(self.keep))
        self.now = button(self.tr("Back up now"))
        self.state = label("", "muted", wraps=True)
        self._lay_out()
        self.choose.clicked.connect(self._on_choose)
        self.none.clicked.connect(self._on_none)
        self.at.editingFinished.connect(self._on_edited)
        self.keep.editingFinished.connect(self._on_edited)
        self.now.clicked.connect(backup.back_up_now)
        backup.status_changed.connect(self._on_status_changed)
        backup.session_changed.connect(self._refresh)
        self._on_status_changed(backup.status)

    def set_folder(self, folder: str) -> None:
        """Plan backups there; nowhere where it is empty."""
        self._backup.change_plan(replace(self._backup.status.plan, folder=folder))

    def _lay_out(self) -> None:
        first, second, third = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        first.addWidget(field_label(self.tr("Folder"), self.folder))
        first.addWidget(self.folder, 1)
        first.addWidget(self.choose)
        first.addWidget(self.none)
        for name, widget in ((self.tr("Each day at"), self.at), (self.tr("Keep"), self.keep)):
            second.addWidget(field_label(name, widget))
            second.addWidget(widget)
        second.addStretch()
        third.addWidget(self.now, 0, Qt.AlignmentFlag.AlignTop)
        third.addWidget(self.state, 1)
        for row in (first, second, third):
            self.column.addLayout(row)

    @Slot()
    def _on_choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of the backups"))
        if folder:
            self.set_folder(folder)

    @Slot()
    def _on_none(self) -> None:
        self.set_folder("")

    @Slot()
    def _on_edited(self) -> None:
        before = self._backup.status.plan
        shown = self.at.time()
        plan = replace(before, at=time(shown.hour(), shown.minute()), keep=self.keep.value())
        if plan != before:
            self._backup.change_plan(plan)

    @Slot(object)
    def _on_status_changed(self, status: BackupStatus) -> None:
        plan = status.plan
        self.folder.setText(plan.folder)
        self.at.setTime(QTime(plan.at.hour, plan.at.minute))
        self.keep.setValue(plan.keep)
        self.state.setText(self._words(status))
        lost = status.report is not None and bool(status.report.problems)
        self.state.setProperty("role", "error" if status.failure or lost else "muted")
        self.state.style().polish(self.state)
        self._refresh()

    def _words(self, status: BackupStatus) -> str:
        if status.is_running:
            return self.tr("A backup is being made; go on working.")
        if status.failure is not None:
            return status.failure.text
        if status.report is not None and status.report.problems:
            return self.tr(
                "Made, but {0} photographs are missing from the records themselves. "
                "'drscreen check' names them."
            ).format(len(status.report.problems))
        if status.plan.last is not None:
            moment = wording.moment_text(status.plan.last)
            return self.tr("The last one was made and verified on {0}.").format(moment)
        return self.tr("No backup was made yet.")

    @Slot()
    def _refresh(self) -> None:
        allowed = self._backup.may_plan()
        for widget, tip in (
            (self.choose, self.tr("Choose a folder, best on another disk")),
            (self.none, self.tr("Make no backups by itself")),
            (self.at, self.tr("At this time, or when somebody signs in after it")),
            (self.keep, self.tr("So many of the newest stay")),
            (self.now, self.tr("Make a backup now")),
        ):
            allow(widget, allowed, tip, Action.BACK_UP)
        status = self._backup.status
        if status.is_running or not status.plan.folder:
            self.now.setEnabled(False)
