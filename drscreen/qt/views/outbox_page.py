"""Each notice with its state and reason, and what to do where it did not arrive."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import (
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QIcon, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from drscreen.domain.notice import Notice, NoticeState
from drscreen.domain.patient import Channel
from drscreen.qt import notice_wording
from drscreen.qt.controllers.outbox import OutboxController
from drscreen.qt.models import outbox_table
from drscreen.qt.models.outbox_table import ID_ROLE, STATE, STATE_ROLE, OutboxTableModel
from drscreen.qt.views.parts import TARGET, ErrorBar, button, label
from drscreen.qt.views.question import Question, QuestionWords
from drscreen.qt.views.row_table import RowTable
from drscreen.qt.views.theme import Theme
from drscreen.qt.views.told_line import STATE_ICONS
from drscreen.services.delivery import Sender
from drscreen.services.outbox import OutboxPage as Page

_ICON = QSize(16, 16)
_RETRIED = (NoticeState.FAILED, NoticeState.UNKNOWN, NoticeState.CANCELLED)
_CANCELLED = (NoticeState.PENDING, NoticeState.FAILED, NoticeState.UNKNOWN)
_Index = QModelIndex | QPersistentModelIndex


class _StateDelegate(QStyledItemDelegate):
    """The state's word with its shape before it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._icons: dict[NoticeState, QIcon] = {}
        theme.changed.connect(self._on_theme_changed)

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        """Add the icon; drawn once for each theme, for a table paints often."""
        super().initStyleOption(option, index)
        state = index.data(STATE_ROLE)
        if state is None:
            return
        if state not in self._icons:
            self._icons[state] = self._theme.icon(*STATE_ICONS[state])
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
        option.icon = self._icons[state]
        option.decorationSize = _ICON

    @Slot()
    def _on_theme_changed(self) -> None:
        self._icons.clear()


class OutboxTable(RowTable):
    """One row at a time."""

    def __init__(self, theme: Theme, model: OutboxTableModel) -> None:
        widths = {
            outbox_table.WHEN: 21,
            outbox_table.PATIENT: 24,
            outbox_table.PURPOSE: 20,
            outbox_table.CHANNEL: 9,
            outbox_table.STATE: 17,
            outbox_table.ATTEMPTS: 8,
        }
        super().__init__(model, QCoreApplication.translate("OutboxTable", "Notices"), widths)
        self._delegate = _StateDelegate(theme)
        self.setItemDelegateForColumn(STATE, self._delegate)

    def choose(self, notice_id: str) -> None:
        """Select a notice again after the rows came anew; the first where it is not there."""
        self.choose_where(ID_ROLE, notice_id)


class OutboxPage(QWidget):
    """Channels above, the table with its filters, the selected notice below."""

    patient_chosen = Signal(str)

    def __init__(self, theme: Theme, outbox: OutboxController) -> None:
        super().__init__()
        self.setObjectName("page")
        self._outbox = outbox
        self._model = outbox.table
        self._chosen = ""
        self.question: Question | None = None
        self.error = ErrorBar(theme)
        self.clock = label(
            self.tr(
                "The newest notice lies in the future, so the clock of this machine seems to have "
                "been set back. Set date and time right; notices go out meanwhile."
            ),
            "error",
            wraps=True,
        )
        self.channels = {channel: label("", "muted", wraps=True) for channel in Channel}
        self.table = OutboxTable(theme, self._model)
        self.details = label("", wraps=True)
        self.answer = label("", "muted")
        self.ask = button(
            self.tr("Ask the services now"),
            "plain",
            self.tr("Ask now whether what was sent has arrived (F5)"),
        )
        self.retry = button(self.tr("Retry"), "plain")
        self.cancel = button(self.tr("Cancel notice"), "plain")
        self._empty_title = label("", "heading")
        self._empty_words = label("", "muted")
        self.filters: dict[tuple[NoticeState, ...], QToolButton] = {}
        self._group = QButtonGroup(self)
        self._lay_out()
        self._connect()
        self.forget()

    @property
    def empty_words(self) -> str:
        """The next step, as the empty list tells it."""
        return self._empty_words.text()

    def forget(self) -> None:
        """Nobody is signed in any more."""
        self._chosen = ""
        if self.question is not None:
            self.question.close()
        self.error.clear()
        self.clock.hide()
        self.answer.clear()
        self.filters[()].setChecked(True)
        self._on_counts_changed()
        self._on_senders_changed(())
        self._show_chosen()

    def showEvent(self, event: QShowEvent) -> None:
        """The keys work at once, without a click into the page."""
        super().showEvent(event)
        has_rows = self._model.rowCount() > 0
        (self.table if has_rows else self.ask).setFocus()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(label(self.tr("Outbox"), "title"))
        head.addStretch(1)
        head.addWidget(self.answer)
        head.addWidget(self.ask)
        channels = QVBoxLayout()
        channels.setSpacing(2)
        for line in self.channels.values():
            channels.addWidget(line)
        page = QVBoxLayout(self)
        page.setContentsMargins(16, 12, 16, 12)
        page.setSpacing(12)
        page.addLayout(head)
        page.addWidget(self.error)
        page.addWidget(self.clock)
        page.addLayout(channels)
        page.addLayout(self._bar())
        page.addLayout(self._body(), 1)

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(4)
        for states, tip in (
            ((), self.tr("Every notice (Ctrl+1)")),
            (notice_wording.WAITING, self.tr("What is still to be sent (Ctrl+2)")),
            (notice_wording.PROBLEMS, self.tr("What needs somebody (Ctrl+3)")),
            (notice_wording.SENT, self.tr("What was sent or has arrived (Ctrl+4)")),
        ):
            made = QToolButton()
            made.setCheckable(True)
            made.setProperty("kind", "eye")
            made.setToolTip(tip)
            made.setMinimumHeight(TARGET)
            self.filters[states] = made
            self._group.addButton(made)
            bar.addWidget(made)
        bar.addStretch(1)
        bar.addWidget(self.retry)
        bar.addWidget(self.cancel)
        return bar

    def _body(self) -> QStackedLayout:
        empty = QFrame()
        empty.setObjectName("panel")
        middle = QVBoxLayout(empty)
        middle.addStretch(2)
        middle.addWidget(self._empty_title, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addWidget(self._empty_words, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch(3)
        panel = QFrame()
        panel.setObjectName("panel")
        inside = QVBoxLayout(panel)
        inside.setContentsMargins(12, 8, 12, 8)
        inside.addWidget(self.details)
        # As many lines as a usual notice has, so that the table does not jump from row to row.
        self.details.setMinimumHeight(5 * self.fontMetrics().lineSpacing())
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.table, 1)
        column.addWidget(panel)
        self._stack = QStackedLayout()
        self._stack.addWidget(full)
        self._stack.addWidget(empty)
        return self._stack

    def _connect(self) -> None:
        outbox, model = self._outbox, self._model
        self._group.buttonClicked.connect(self._on_filter_clicked)
        self.ask.clicked.connect(self._on_ask)
        self.retry.clicked.connect(self._on_retry)
        self.cancel.clicked.connect(self._on_cancel)
        self.table.selectionModel().currentRowChanged.connect(self._on_row_changed)
        self.table.activated.connect(self._on_activated)
        model.modelAboutToBeReset.connect(self._on_about_to_reset)
        model.loaded.connect(self._on_loaded)
        model.failed.connect(self.error.show_failure)
        outbox.failed.connect(self.error.show_failure)
        outbox.delivery_failed.connect(self.error.show_failure)
        outbox.counts_changed.connect(self._on_counts_changed)
        outbox.senders_changed.connect(self._on_senders_changed)
        outbox.asked.connect(self._on_asked)
        shortcuts: list[tuple[str, Callable[[], None]]] = [
            ("F5", self.ask.click),
            ("Ctrl+R", self.retry.click),
            ("Del", self.cancel.click),
        ]
        shortcuts += [
            (f"Ctrl+{place}", made.click) for place, made in enumerate(self.filters.values(), 1)
        ]
        for keys, action in shortcuts:
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    @property
    def _notice(self) -> Notice | None:
        return self._model.notice(self.table.currentIndex().row())

    @Slot()
    def _on_filter_clicked(self) -> None:
        for states, made in self.filters.items():
            if made.isChecked():
                self._model.show_states(states)

    @Slot()
    def _on_ask(self) -> None:
        self.error.clear()
        self.answer.clear()
        self._outbox.ask_now()

    @Slot(int)
    def _on_asked(self, number: int) -> None:
        words = self.tr("Asking about {0}.").format(number)
        self.answer.setText(words if number else self.tr("There is nothing to ask about."))

    @Slot()
    def _on_retry(self) -> None:
        notice = self._notice
        if notice is None:
            return
        self.error.clear()
        if notice.state is NoticeState.UNKNOWN:
            self._ask_before_retry(notice.id)
        else:
            self._outbox.retry(notice.id)

    def _ask_before_retry(self, notice_id: str) -> None:
        words = QuestionWords(
            self.tr("Send it again?"),
            self.tr("The patient may have received this notice already."),
            self.tr("Nobody knows whether it arrived. Ask the patient before you send it again."),
            do=self.tr("Send it again"),
            leave=self.tr("Leave it"),
        )
        self.question = Question(words, self)
        self.question.confirmed.connect(partial(self._outbox.retry, notice_id))
        self.question.finished.connect(self._on_question_answered)
        self.question.open()

    @Slot()
    def _on_question_answered(self) -> None:
        self.question = None

    @Slot()
    def _on_cancel(self) -> None:
        notice = self._notice
        if notice is not None:
            self.error.clear()
            self._outbox.cancel(notice.id)

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        notice = self._model.notice(index.row())
        if notice is not None:
            self.patient_chosen.emit(notice.mrn)

    @Slot()
    def _on_about_to_reset(self) -> None:
        notice = self._notice
        self._chosen = notice.id if notice is not None else ""

    @Slot(object)
    def _on_loaded(self, page: Page) -> None:
        self.clock.setVisible(page.clock_was_set_back)
        self._stack.setCurrentIndex(0 if page.total else 1)
        if self._model.states:
            self._empty_title.setText(self.tr("No such notices"))
            self._empty_words.setText(self.tr("Press Ctrl+1 to see all of them."))
        else:
            self._empty_title.setText(self.tr("No notices yet"))
            self._empty_words.setText(
                self.tr(
                    "When a photograph of a patient is screened, what the patient is told "
                    "appears here."
                )
            )
        if page.total and not self.table.currentIndex().isValid():
            self.table.choose(self._chosen)
        self._show_chosen()

    @Slot()
    def _on_counts_changed(self) -> None:
        counts = self._outbox.counts
        names = (self.tr("All"), self.tr("Waiting"), self.tr("Problems"), self.tr("Sent"))
        for name, (states, made) in zip(names, self.filters.items(), strict=True):
            number = notice_wording.count(counts, states or tuple(NoticeState))
            made.setText(f"{name} {number}" if number else name)
            made.setAccessibleName(self.tr("{0}: {1} notices").format(name, number))

    @Slot(object)
    def _on_senders_changed(self, senders: tuple[Sender, ...]) -> None:
        for channel, line in self.channels.items():
            line.setText(notice_wording.channel_text(channel) + "…")
        for sender in senders:
            self.channels[sender.channel].setText(notice_wording.sender_text(sender))

    @Slot()
    def _on_row_changed(self) -> None:
        self._show_chosen()

    def _show_chosen(self) -> None:
        notice = self._notice
        self.details.setText(notice_wording.details_text(notice) if notice else "")
        nothing = self.tr("Select a notice first")
        state = notice.state if notice else None
        tip = self.tr("Send it by what the patient's record says now (Ctrl+R)")
        if state is NoticeState.UNKNOWN:
            tip = self.tr("It may have arrived: ask the patient first (Ctrl+R)")
        reason = self.tr("Only what failed, was cancelled or is not known can be sent again")
        _allow(self.retry, state in _RETRIED, tip, reason if notice else nothing)
        tip = self.tr("Let it rest for good (Del)")
        reason = self.tr("It is being sent, or has ended already")
        _allow(self.cancel, state in _CANCELLED, tip, reason if notice else nothing)


def _allow(action: QPushButton, allowed: bool, tip: str, reason: str) -> None:
    action.setEnabled(allowed)
    action.setToolTip(tip if allowed else reason)
