"""A patient who asked for no more messages wants them again: who said so, how and when."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QLineEdit,
    QWidget,
)

from drscreen.domain.opt_out import AskedBy, AskedHow, OptOut, Wish
from drscreen.domain.patient import Channel
from drscreen.qt import notice_wording
from drscreen.qt.controllers.outbox import OutboxController
from drscreen.qt.dates import DateUnclear, date_from
from drscreen.qt.failure import Failure
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
from drscreen.qt.wording import day_text


class WriteAgainDialog(QDialog):
    """Stays open, and says why, where it is refused; `stopped` has at least one."""

    def __init__(
        self,
        theme: Theme,
        outbox: OutboxController,
        mrn: str,
        stopped: tuple[OptOut, ...],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._outbox = outbox
        self._mrn = mrn
        self._stopped = {one.channel: one for one in stopped}
        self.setWindowTitle(self.tr("Write to {0} again").format(mrn))
        self.setMinimumWidth(560)
        self.error = ErrorBar(theme)
        self.words = label("", "muted", wraps=True)
        self.channel = choice(self.tr("Channel"))
        for channel in self._stopped:
            self.channel.addItem(notice_wording.channel_text(channel), channel)
        self.by = choice(self.tr("Who asked"))
        for by, words in (
            (AskedBy.PATIENT, self.tr("The patient")),
            (AskedBy.GUARDIAN, self.tr("Who decides for the patient")),
        ):
            self.by.addItem(words, by)
        self.how = choice(self.tr("How"))
        for how, words in (
            (AskedHow.IN_PERSON, self.tr("In person")),
            (AskedHow.BY_TELEPHONE, self.tr("By telephone")),
            (AskedHow.IN_WRITING, self.tr("In writing")),
        ):
            self.how.addItem(words, how)
        self.day = QLineEdit(day_text(date.today()))
        self.day.setAccessibleName(self.tr("On which day"))
        # Nothing is chosen in advance: whoever records a wish says whose it was.
        for box in (self.by, self.how):
            box.setCurrentIndex(-1)
            box.setPlaceholderText(self.tr("Choose"))
            box.currentIndexChanged.connect(self._refresh)
        self.action = button(
            self.tr("Write again"), "primary", self.tr("Record the wish and the consent (Enter)")
        )
        self.action.setDefault(True)
        self.action.clicked.connect(self._on_action)
        cancel = button(self.tr("Close"), "plain", self.tr("Esc"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        fields = QFormLayout()
        fields.setVerticalSpacing(8)
        for name, field in (
            (self.tr("Channel"), self.channel),
            (self.tr("Who asked"), self.by),
            (self.tr("How"), self.how),
            (self.tr("On which day"), self.day),
        ):
            fields.addRow(field_label(name, field), field)
        column = dialog_column(self)
        column.addWidget(self.error)
        column.addWidget(self.words)
        column.addLayout(fields)
        column.addLayout(dialog_foot(cancel, self.action))
        self.channel.currentIndexChanged.connect(self._refresh)
        outbox.written_again.connect(self._on_done)
        outbox.write_again_failed.connect(self._on_failed)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        self.words.setText(stopped_text(self._stopped[Channel(self.channel.currentData())]))
        self.action.setEnabled(self.by.currentIndex() >= 0 and self.how.currentIndex() >= 0)

    @Slot()
    def _on_action(self) -> None:
        self.error.clear()
        try:
            day = date_from(self.day.text())
        except DateUnclear as error:
            self._on_failed(Failure("invalid_input", str(error)))
            return
        if day is None:
            self._on_failed(Failure("invalid_input", self.tr("On which day did they ask?")))
            return
        self.action.setEnabled(False)
        wish = Wish(AskedBy(self.by.currentData()), AskedHow(self.how.currentData()), day)
        self._outbox.write_again(self._mrn, Channel(self.channel.currentData()), wish)

    @Slot(str)
    def _on_done(self, mrn: str) -> None:
        if mrn == self._mrn:
            self.accept()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._refresh()
        self.error.show_failure(failure)


def stopped_text(stopped: OptOut) -> str:
    """What was asked for, whom it concerns, and what the clinic cannot lift."""
    day = day_text(stopped.since.astimezone().date())
    words = [
        _tr("On {0} somebody at {1} asked for no more messages.").format(day, stopped.address),
        _tr("Only the patient, or who decides for them, can ask for messages again."),
    ]
    if stopped.others == 1:
        words.append(_tr("Another patient shares this address: it is lifted for them too."))
    elif stopped.others:
        others = _tr("{0} other patients share this address: it is lifted for them too.")
        words.append(others.format(stopped.others))
    if stopped.channel is Channel.SMS:
        words.append(
            _tr(
                "The service may hold the STOP itself: then a notice is refused with that reason "
                "until the patient sends START from their phone."
            )
        )
    return " ".join(words)


def _tr(text: str) -> str:
    return QCoreApplication.translate("WriteAgainDialog", text)
