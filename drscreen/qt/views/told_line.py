"""What a patient was told, in one line of the patient's page, and the way to remind them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QWidget,
)

from drscreen.domain.notice import Notice, NoticeState, Purpose
from drscreen.domain.opt_out import OptOut
from drscreen.qt import notice_wording
from drscreen.qt.controllers.outbox import OutboxController
from drscreen.qt.failure import Failure
from drscreen.qt.tooltip import plain_tip
from drscreen.qt.views.parts import (
    ErrorBar,
    button,
    choice,
    dialog_column,
    dialog_foot,
    field_label,
    label,
)
from drscreen.qt.views.theme import Theme
from drscreen.qt.views.write_again_dialog import WriteAgainDialog

_LONGEST_APPOINTMENT = 100
_ICON = QSize(16, 16)
#: Shape and token of each state; the word stands beside it.
STATE_ICONS = {
    NoticeState.PENDING: ("waiting", "muted"),
    NoticeState.SENDING: ("sending", "accent"),
    NoticeState.SENT: ("sent", "accent"),
    NoticeState.DELIVERED: ("check", "grade_0"),
    NoticeState.FAILED: ("warning", "danger"),
    NoticeState.UNKNOWN: ("unknown", "grade_2"),
    NoticeState.CANCELLED: ("close", "muted"),
}


class ToldLine(QFrame):
    """The newest notice in a line of constant height; the tooltip has the last few."""

    def __init__(self, theme: Theme, outbox: OutboxController) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._theme = theme
        self._outbox = outbox
        self._mrn = ""
        self._notices: tuple[Notice, ...] = ()
        self._stopped: tuple[OptOut, ...] = ()
        self._whole = ""
        self.dialog: RemindDialog | None = None
        self.again: WriteAgainDialog | None = None
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON)
        self._line = label("", "muted")
        self._line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.remind = button(self.tr("Remind…"), "plain", self.tr("Remind the patient (Ctrl+M)"))
        self.remind.clicked.connect(self.ask)
        self.write_again = button(
            self.tr("Write again…"),
            "plain",
            self.tr("The patient asked for no more messages, and wants them again now"),
        )
        self.write_again.hide()
        self.write_again.clicked.connect(self._on_write_again)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 16, 4)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._line, 1)
        row.addWidget(self.write_again)
        row.addWidget(self.remind)
        outbox.opted_out.connect(self._on_opted_out)
        outbox.told.connect(self._on_told)
        outbox.changed.connect(self._on_changed)
        theme.changed.connect(self._show)
        self._show()

    @property
    def text(self) -> str:
        """What the line says, however little of it has room."""
        return self._whole

    def show_patient(self, mrn: str) -> None:
        """Whose notices to show; nobody's where it is empty."""
        if mrn != self._mrn:
            self._notices = ()
            self._stopped = ()
            for dialog in (self.dialog, self.again):
                if dialog is not None:
                    dialog.reject()
        self._mrn = mrn
        self._show()
        self._on_changed()

    @Slot()
    def ask(self) -> None:
        """Ask what the patient is to be reminded of."""
        if self._mrn and self.dialog is None:
            self.dialog = RemindDialog(self._theme, self._outbox, self._mrn, self)
            self.dialog.finished.connect(self._on_finished)
            self.dialog.open()

    @Slot()
    def _on_write_again(self) -> None:
        if self._stopped and self.again is None:
            mrn, stopped = self._mrn, self._stopped
            self.again = WriteAgainDialog(self._theme, self._outbox, mrn, stopped, self)
            self.again.finished.connect(self._on_again_finished)
            self.again.open()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten to the new width."""
        super().resizeEvent(event)
        self._elide()

    @Slot()
    def _show(self) -> None:
        self.remind.setEnabled(bool(self._mrn))
        self.write_again.setVisible(bool(self._stopped))
        newest = self._notices[0] if self._notices else None
        self._whole = ""
        self._icon.clear()
        if newest is not None:
            self._whole = notice_wording.notice_line(newest)
            name, token = STATE_ICONS[newest.state]
            self._icon.setPixmap(self._theme.icon(name, token).pixmap(_ICON))
        elif self._mrn:
            self._whole = self.tr("The patient was told nothing yet.")
        tip = "\n".join(notice_wording.notice_line(notice) for notice in self._notices)
        self._line.setToolTip(plain_tip(tip))
        self._line.setAccessibleName(self._whole)
        self._elide()

    def _elide(self) -> None:
        right = Qt.TextElideMode.ElideRight
        metrics = self._line.fontMetrics()
        self._line.setText(metrics.elidedText(self._whole, right, self._line.width()))

    @Slot(str, object)
    def _on_opted_out(self, mrn: str, stopped: tuple[OptOut, ...]) -> None:
        if mrn == self._mrn:
            self._stopped = stopped

    @Slot(str, object)
    def _on_told(self, mrn: str, notices: tuple[Notice, ...]) -> None:
        if mrn == self._mrn:
            self._notices = notices
            self._show()

    @Slot()
    def _on_changed(self) -> None:
        if self._mrn:
            self._outbox.tell(self._mrn)

    @Slot(int)
    def _on_finished(self, _result: int) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = None

    @Slot(int)
    def _on_again_finished(self, _result: int) -> None:
        if self.again is not None:
            self.again.deleteLater()
        self.again = None


class RemindDialog(QDialog):
    """Stays open, and says why, where the reminder does not go out."""

    def __init__(self, theme: Theme, outbox: OutboxController, mrn: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._outbox = outbox
        self._mrn = mrn
        self.setWindowTitle(self.tr("Remind {0}").format(mrn))
        self.setMinimumWidth(480)
        self.error = ErrorBar(theme)
        self.purpose = choice(self.tr("What about"))
        for purpose in (Purpose.COME_BACK, Purpose.APPOINTMENT_DUE):
            self.purpose.addItem(notice_wording.purpose_text(purpose), purpose)
        self.appointment = QLineEdit()
        self.appointment.setMaxLength(_LONGEST_APPOINTMENT)
        self.appointment.setPlaceholderText(self.tr("For example: Tuesday 12 May, 9:30"))
        self.appointment.setAccessibleName(self.tr("Appointment"))
        self.action = button(self.tr("Remind"), "primary", self.tr("Queue the reminder (Enter)"))
        self.action.setDefault(True)
        self.action.clicked.connect(self._on_action)
        cancel = button(self.tr("Close"), "plain", self.tr("Esc"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        fields = QFormLayout()
        fields.setVerticalSpacing(8)
        fields.addRow(field_label(self.tr("What about"), self.purpose), self.purpose)
        fields.addRow(field_label(self.tr("Appointment"), self.appointment), self.appointment)
        column = dialog_column(self)
        column.addWidget(self.error)
        column.addLayout(fields)
        column.addLayout(dialog_foot(cancel, self.action))
        self.purpose.currentIndexChanged.connect(self._on_purpose_changed)
        outbox.reminded.connect(self._on_reminded)
        outbox.remind_failed.connect(self._on_failed)
        self._on_purpose_changed()

    @Slot()
    def _on_purpose_changed(self) -> None:
        has_date = self.purpose.currentData() == Purpose.APPOINTMENT_DUE
        self.appointment.setEnabled(has_date)
        self.appointment.setToolTip(
            "" if has_date else self.tr("Only where it is about an appointment")
        )

    @Slot()
    def _on_action(self) -> None:
        self.error.clear()
        self.action.setEnabled(False)
        purpose = Purpose(self.purpose.currentData())
        has_date = purpose is Purpose.APPOINTMENT_DUE
        self._outbox.remind(self._mrn, purpose, self.appointment.text() if has_date else "")

    @Slot(object)
    def _on_reminded(self, notice: Notice) -> None:
        if notice.mrn != self._mrn:
            return
        if notice.state in (NoticeState.FAILED, NoticeState.CANCELLED):
            words = self.tr("The reminder does not go out. {0}")
            self._on_failed(Failure("not_sent", words.format(notice_wording.reason_text(notice))))
        else:
            self.accept()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.action.setEnabled(True)
        self.error.show_failure(failure)
