"""The settings of one notifier, drawn from what it asks for, and a test of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
)

from drscreen.domain.notice_ports import FoundNotifier
from drscreen.domain.notifier import (
    NotifierInfo,
    Receipt,
    ReceiptState,
    SettingProblem,
)
from drscreen.domain.patient import Channel
from drscreen.qt import notice_wording
from drscreen.qt.controllers.notice_settings import NoticeSettingsController
from drscreen.qt.failure import Failure
from drscreen.qt.views.choice_card import chosen_line
from drscreen.qt.views.parts import (
    ErrorBar,
    button,
    field_height,
    field_label,
    label,
)
from drscreen.qt.views.people_cards import Card
from drscreen.qt.views.setting_field import SettingField
from drscreen.qt.views.theme import Theme
from drscreen.services.notice_settings import NotifierSettings


class BrokenCard(Card):
    """A notifier that is installed and cannot be used, with its reason."""

    def __init__(self, found: FoundNotifier, settings: NoticeSettingsController) -> None:
        super().__init__(found.info.title if found.info else found.package)
        self.found = found
        self.reason = label(found.problem, "error", wraps=True)
        self.column.addWidget(self.reason)
        self.chosen = chosen_line(found, settings)
        if self.chosen is not None:
            self.column.addWidget(self.chosen)

    def forget(self) -> None:
        """Drop the question that is open."""
        if self.chosen is not None:
            self.chosen.forget()


class NotifierCard(Card):
    """What is typed stays until it is saved; a test goes through what is saved."""

    def __init__(
        self,
        theme: Theme,
        found: FoundNotifier,
        info: NotifierInfo,
        settings: NoticeSettingsController,
    ) -> None:
        super().__init__(info.title)
        self.found = found
        self.info = info
        self._settings = settings
        self._is_set = self._ready = self._testing = False
        self._channel = next((c for c in Channel if c == info.channel), None)
        self._sent: dict[str, str] = {}
        self.question: QMessageBox | None = None
        self.error = ErrorBar(theme)
        self.state = label("", "muted", wraps=True)
        self.fields = {one.key: SettingField(theme, one) for one in info.settings}
        self.save = button(self.tr("Save"), "plain", self.tr("Keep these settings"))
        self.forget_button = button(
            self.tr("Forget these settings…"),
            "plain",
            self.tr("Remove what is kept for {0}, secrets and all").format(info.title),
        )
        self.to = QLineEdit()
        self.to.setAccessibleName(self.tr("Send a test to"))
        self.to.setMinimumHeight(field_height(self.to))
        self.test = button(self.tr("Send a test"))
        self.answer = label("", "muted", wraps=True)
        self.answer.hide()
        self.chosen = chosen_line(found, settings)
        self._lay_out()
        for field in self.fields.values():
            field.edited.connect(self._on_edited)
        self.save.clicked.connect(self._on_save)
        self.forget_button.clicked.connect(self._on_forget)
        self.to.textEdited.connect(self._refresh)
        self.to.returnPressed.connect(self._on_test)
        self.test.clicked.connect(self._on_test)
        self._refresh()

    def show_settings(self, kept: NotifierSettings) -> None:
        """Show what is kept, except where something else is typed."""
        for key, field in self.fields.items():
            value = kept.shown.get(key, field.setting.default)
            field.show_kept(value, secret_set=key in kept.secrets_set)
        self._is_set = bool(kept.shown or kept.secrets_set)
        self._ready = self._is_set and not _hindering(kept.problems)
        if not self._is_set:
            self._say(self.state, self.tr("Not set up yet."), "muted")
        elif self._ready:
            words = self.tr("Set up: {0} can go out through it.").format(self._channel_text())
            self._say(self.state, words, "muted")
        self._show_problems(kept.problems)
        self._refresh()

    def on_saved(self, problems: Sequence[SettingProblem]) -> None:
        """What is typed is kept, right or not."""
        self.error.clear()
        for key, value in self._sent.items():
            self.fields[key].accept(value)
        self._sent = {}
        self._ready = not _hindering(problems)
        self._show_problems(problems)
        self._refresh()

    def on_answered(self, receipt: Receipt) -> None:
        """Say what the service made of the test."""
        self._testing = False
        good = receipt.state in (ReceiptState.ACCEPTED, ReceiptState.DELIVERED)
        self._say(self.answer, receipt_text(receipt), "muted" if good else "error")
        self._refresh()

    def on_test_failed(self, failure: Failure) -> None:
        """Say why nothing was sent."""
        self._testing = False
        self._say(self.answer, failure.message, "error")
        self._refresh()

    def forget(self) -> None:
        """Drop what is typed and shown, and the question that is open."""
        if self.question is not None:
            self.question.close()
            self.question = None
        if self.chosen is not None:
            self.chosen.forget()
        self._sent = {}
        self.to.clear()
        for field in self.fields.values():
            field.wipe()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        # Level with the input, not with the middle of input, help and problem.
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for field in self.fields.values():
            if isinstance(field.input, QCheckBox):
                form.addRow("", field)
                continue
            name = field.setting.label
            named = field_label(f"{name} *" if field.setting.required else name, field)
            named.setMaximumHeight(named.minimumHeight())
            form.addRow(named, field)
        foot, trial = QHBoxLayout(), QHBoxLayout()
        foot.addWidget(self.forget_button)
        foot.addStretch()
        foot.addWidget(self.save)
        trial.addWidget(field_label(self.tr("Send a test to"), self.to))
        trial.addWidget(self.to, 1)
        trial.addWidget(self.test)
        hints = {
            Channel.SMS: self.tr("A mobile number of yours"),
            Channel.EMAIL: self.tr("An e-mail address of yours"),
        }
        self.column.addWidget(self.state)
        self.column.addWidget(self.error)
        self.column.addLayout(form)
        if any(field.setting.required for field in self.fields.values()):
            self.column.addWidget(label(self.tr("* has to be filled in"), "muted"))
        self.column.addLayout(foot)
        if self._channel is not None:
            self.to.setPlaceholderText(hints[self._channel])
            self.column.addLayout(trial)
            self.column.addWidget(self.answer)
        else:
            for widget in (self.to, self.test, self.answer):
                widget.setParent(self)
                widget.hide()
        if self.chosen is not None:
            self.column.addWidget(self.chosen)

    def _channel_text(self) -> str:
        return (
            self.info.channel
            if self._channel is None
            else notice_wording.channel_text(self._channel)
        )

    def _show_problems(self, problems: Sequence[SettingProblem]) -> None:
        at = {one.key: one for one in sorted(problems, key=lambda one: one.hinders)}
        for key, field in self.fields.items():
            one = at.get(key)
            field.show_problem(one.sentence if one else "", hinders=one is None or one.hinders)
        general = [one.sentence for one in problems if one.key not in self.fields]
        if _hindering(problems):
            words = [self.tr("Kept, but nothing can go out through it yet."), *general]
            self._say(self.state, " ".join(words), "error")

    @Slot()
    def _on_edited(self) -> None:
        self._refresh()

    @Slot()
    def _on_save(self) -> None:
        values = {key: field.value for key, field in self.fields.items()}
        self._sent = values
        self._settings.set_notifier(self.info.name, values)

    @Slot()
    def _on_forget(self) -> None:
        self.question = QMessageBox(self)
        self.question.setIcon(QMessageBox.Icon.Warning)
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        self.question.setText(self.tr("Forget the settings of {0}?").format(self.info.title))
        self.question.setInformativeText(
            self.tr(
                "Keys and passwords are removed too, and have to be typed again. Notices on this "
                "channel wait in the outbox until something is set up that sends them."
            )
        )
        yes: QPushButton = self.question.addButton(
            self.tr("Forget {0}").format(self.info.title), QMessageBox.ButtonRole.DestructiveRole
        )
        self.question.setDefaultButton(self.question.addButton(QMessageBox.StandardButton.Cancel))
        yes.clicked.connect(self._on_forget_confirmed)
        self.question.open()

    @Slot()
    def _on_forget_confirmed(self) -> None:
        for field in self.fields.values():
            field.wipe()
            field.accept(field.setting.default)
        self._say(self.answer, "", "muted")
        self._settings.forget_notifier(self.info.name)

    @Slot()
    def _on_test(self) -> None:
        if self._channel is None or not self.test.isEnabled():
            return
        self._testing = True
        self._say(self.answer, self.tr("Sending…"), "muted")
        self._refresh()
        self._settings.send_test(self.info.name, self._channel, self.to.text().strip())

    @Slot()
    def _refresh(self) -> None:
        edited = any(field.is_edited for field in self.fields.values())
        self.save.setEnabled(edited or not self._is_set)
        self.forget_button.setEnabled(self._is_set)
        ready = self._ready and not edited
        self.test.setEnabled(ready and not self._testing and bool(self.to.text().strip()))
        if not ready:
            self.test.setToolTip(self.tr("Fill in the settings and save them first"))
        else:
            self.test.setToolTip(self.tr("Sends a few words now, and nothing of a patient"))

    def _say(self, shown: QLabel, words: str, role: str) -> None:
        shown.setText(words)
        shown.setVisible(bool(words))
        shown.setProperty("role", role)
        shown.style().polish(shown)


def _hindering(problems: Sequence[SettingProblem]) -> list[SettingProblem]:
    return [problem for problem in problems if problem.hinders]


def receipt_text(receipt: Receipt) -> str:
    """What a service made of a test, in a sentence."""
    why = receipt.sentence or receipt.reason
    if receipt.offline:
        first = _tr("No connection to the service; nothing was sent.")
    elif receipt.misconfigured:
        first = _tr("The service refuses these settings; nothing was sent.")
    elif receipt.busy:
        first = _tr("The service takes nothing for now; nothing was sent.")
    else:
        first = {
            ReceiptState.ACCEPTED: _tr("The service has accepted it. Look whether it arrives."),
            ReceiptState.DELIVERED: _tr("It was delivered."),
            ReceiptState.REFUSED: _tr("The service refused it."),
            ReceiptState.DEFERRED: _tr("The service does not take it now; try again later."),
            ReceiptState.UNKNOWN: _tr(
                "Nobody can say whether the service has it. Look whether it arrives."
            ),
            ReceiptState.ABSENT: _tr("The service does not have it."),
        }[receipt.state]
    return f"{first} {why}".strip()


def _tr(text: str) -> str:
    return QCoreApplication.translate("NotifierCard", text)
