"""Settings of notices: their words, with a preview of what a patient would read."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QLocale, QTimer, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
)

from drscreen.domain.notice import NoticePolicy, Purpose
from drscreen.domain.notice_text import PERSONAL, NoticeText, Placeholder
from drscreen.domain.patient import Channel
from drscreen.qt import notice_wording
from drscreen.qt.controllers.notice_settings import NoticeSettingsController, Words
from drscreen.qt.failure import Failure
from drscreen.qt.views.parts import (
    ErrorBar,
    button,
    choice,
    field_height,
    field_label,
    label,
    let_wheel_pass,
)
from drscreen.qt.views.patient_form import LANGUAGES
from drscreen.qt.views.people_cards import Card
from drscreen.qt.views.theme import Theme
from drscreen.services.notice_settings import Preview

PREVIEW_AFTER_MS = 250
BODY_LINES = 7


class NoticeWordsCard(Card):
    """Only an administrator sees it. What was typed is never dropped without a question."""

    def __init__(self, theme: Theme, settings: NoticeSettingsController) -> None:
        super().__init__(settings.tr("Words of the notices"))
        self._settings = settings
        self._known: tuple[Words, NoticeText] | None = None
        self._personal = False
        self._next: Words | None = None
        self.question: QMessageBox | None = None
        self.error = ErrorBar(theme)
        self.purpose = choice(self.tr("Purpose"))
        for purpose in Purpose:
            self.purpose.addItem(notice_wording.purpose_text(purpose), purpose.value)
        self.channel = choice(self.tr("Channel"))
        for channel in Channel:
            self.channel.addItem(notice_wording.channel_text(channel), channel.value)
        self.language = choice(self.tr("Language"))
        self.subject = QLineEdit()
        self.subject.setAccessibleName(self.tr("Subject"))
        self._subject_label = field_label(self.tr("Subject"), self.subject)
        self.body = QPlainTextEdit()
        self.body.setAccessibleName(self.tr("Message"))
        self.body.setTabChangesFocus(True)
        self.body.setFixedHeight(BODY_LINES * self.body.fontMetrics().lineSpacing() + 16)
        self.placeholders = label("", "muted", wraps=True)
        self.foreign = label("", "muted", wraps=True)
        self.shown = label("", wraps=True)
        self.shown.setObjectName("message")
        self.cost = label("", "muted")
        self.wrong = label("", "error", wraps=True)
        self.save = button(self.tr("Save"), "plain", self.tr("Use these words from now on"))
        self.default = button(
            self.tr("Use the default"), "quiet", self.tr("Go back to the words of drscreen")
        )
        self.told = label("", "muted", wraps=True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PREVIEW_AFTER_MS)
        self._lay_out()
        self._connect()
        self._on_session_changed()

    @property
    def is_edited(self) -> bool:
        """Whether something is typed that is not kept."""
        if self._known is None:
            return False
        _, text = self._known
        return (self.subject.text(), self.body.toPlainText()) != (text.subject, text.body)

    def _lay_out(self) -> None:
        which, named, foot = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        boxes: tuple[tuple[str, QComboBox], ...] = (
            (self.tr("Purpose"), self.purpose),
            (self.tr("Channel"), self.channel),
            (self.tr("Language"), self.language),
        )
        for name, box in boxes:
            let_wheel_pass(box)
            which.addWidget(field_label(name, box))
            which.addWidget(box, 1)
        self.subject.setMinimumHeight(field_height(self.subject))
        named.addWidget(self._subject_label)
        named.addWidget(self.subject, 1)
        foot.addWidget(self.told, 1)
        foot.addWidget(self.default)
        foot.addWidget(self.save)
        self.column.addWidget(self.error)
        self.column.addLayout(which)
        self.column.addWidget(self.foreign)
        self.column.addLayout(named)
        self.column.addWidget(self.body)
        self.column.addWidget(self.placeholders)
        self.column.addWidget(label(self.tr("As an invented patient would read it"), "section"))
        self.column.addWidget(self.shown)
        self.column.addWidget(self.wrong)
        self.column.addWidget(self.cost)
        self.column.addLayout(foot)

    def _connect(self) -> None:
        for box in (self.purpose, self.channel, self.language):
            box.activated.connect(self._on_chosen)
        self.subject.textEdited.connect(self._on_edited)
        self.body.textChanged.connect(self._on_edited)
        self._timer.timeout.connect(self._on_preview_wanted)
        self.save.clicked.connect(self._on_save)
        self.default.clicked.connect(self._on_default)
        settings = self._settings
        settings.session_changed.connect(self._on_session_changed)
        settings.policy_known.connect(self._on_policy_known)
        settings.languages_known.connect(self._on_languages_known)
        settings.text_known.connect(self._on_text_known)
        settings.text_saved.connect(self._on_text_saved)
        settings.text_failed.connect(self._on_failed)
        settings.previewed.connect(self._on_previewed)
        settings.preview_failed.connect(self._on_preview_failed)

    @Slot()
    def _on_session_changed(self) -> None:
        self._known = self._next = None
        self._timer.stop()
        if self.question is not None:
            self.question.close()
            self.question = None
        self.error.clear()
        self.subject.clear()
        self.body.clear()
        for shown in (self.told, self.shown, self.cost):
            shown.setText("")
        self._say_wrong("")
        self._fill_languages(LANGUAGES)
        self._refresh()
        self.setVisible(self._settings.may_manage())

    @Slot(object)
    def _on_policy_known(self, policy: NoticePolicy) -> None:
        self._personal = policy.allow_personal
        self._refresh()
        self._timer.start()

    @Slot(object)
    def _on_languages_known(self, languages: tuple[str, ...]) -> None:
        self._fill_languages({*languages, *LANGUAGES})
        if self._settings.may_manage() and self._known is None:
            self._settings.load_text(self._chosen())

    def _fill_languages(self, languages: Iterable[str]) -> None:
        chosen = self.language.currentData() or QLocale().name().partition("_")[0]
        self.language.clear()
        for tag in sorted(languages):
            self.language.addItem(_language(tag), tag)
        if self.language.findData(chosen) < 0:
            chosen = "en"
        self.language.setCurrentIndex(self.language.findData(chosen))

    def _chosen(self) -> Words:
        return Words(
            Purpose(self.purpose.currentData()),
            Channel(self.channel.currentData()),
            self.language.currentData(),
        )

    def _choose(self, words: Words) -> None:
        self.purpose.setCurrentIndex(self.purpose.findData(words.purpose.value))
        self.channel.setCurrentIndex(self.channel.findData(words.channel.value))
        self.language.setCurrentIndex(self.language.findData(words.language))

    @Slot()
    def _on_chosen(self) -> None:
        wanted = self._chosen()
        if self._known is None or not self.is_edited:
            self._settings.load_text(wanted)
            return
        if wanted == self._known[0]:
            return
        # The choice stays with what is being edited until it is known what becomes of that.
        self._choose(self._known[0])
        self._ask(wanted)

    def _ask(self, wanted: Words) -> None:
        self._next = wanted
        self.question = QMessageBox(self)
        self.question.setIcon(QMessageBox.Icon.Question)
        self.question.setText(self.tr("Save the words you changed?"))
        self.question.setInformativeText(
            self.tr("Other words cannot be shown before these are saved or dropped.")
        )
        save: QPushButton = self.question.addButton(
            self.tr("Save"), QMessageBox.ButtonRole.AcceptRole
        )
        drop: QPushButton = self.question.addButton(
            self.tr("Drop the changes"), QMessageBox.ButtonRole.DestructiveRole
        )
        stay = self.question.addButton(QMessageBox.StandardButton.Cancel)
        stay.setText(self.tr("Go on editing"))
        save.clicked.connect(self._on_save_first)
        drop.clicked.connect(self._on_drop)
        self.question.setDefaultButton(save)
        self.question.open()

    @Slot()
    def _on_save_first(self) -> None:
        self._keep()

    @Slot()
    def _on_drop(self) -> None:
        wanted, self._next = self._next, None
        if wanted is not None:
            self._choose(wanted)
            self._settings.load_text(wanted)

    @Slot(object, object)
    def _on_text_known(self, words: Words, text: NoticeText) -> None:
        if words != self._chosen():
            return
        self._known = (words, text)
        self.subject.setText(text.subject)
        self.body.setPlainText(text.body)
        self.error.clear()
        self.told.setText("")
        lent = text.language.casefold() != words.language.casefold()
        self.foreign.setText(
            self.tr("There are none in {0} yet; these are in {1}.").format(
                _language(words.language), _language(text.language)
            )
            if lent
            else ""
        )
        self._refresh()
        self._on_preview_wanted()

    @Slot()
    def _on_save(self) -> None:
        self._next = None
        self._keep()

    def _keep(self) -> None:
        if self._known is not None:
            self._settings.save_text(self._known[0], self.body.toPlainText(), self.subject.text())

    @Slot()
    def _on_default(self) -> None:
        if self._known is not None:
            self._next = None
            self._settings.use_default(self._known[0])

    @Slot(object, object)
    def _on_text_saved(self, words: Words, text: NoticeText) -> None:
        wanted, self._next = self._next, None
        if wanted is not None:
            self._choose(wanted)
            self._settings.load_text(wanted)
            return
        self._known = (words, text)  # what was typed since stays in the editors
        self.error.clear()
        self.foreign.setText("")
        self._refresh()
        self.told.setText(self.tr("Kept; the next notices say this."))

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._next = None
        self.error.show_failure(failure)

    @Slot()
    def _on_edited(self) -> None:
        self.told.setText("")
        self._refresh()
        self._timer.start()

    @Slot()
    def _on_preview_wanted(self) -> None:
        self._timer.stop()
        if self._known is None:
            return
        words = self._known[0]
        subject = self.subject.text() if words.channel is Channel.EMAIL else ""
        self._settings.preview(
            NoticeText(
                words.purpose, words.channel, words.language, self.body.toPlainText(), subject
            )
        )

    @Slot(object)
    def _on_previewed(self, preview: Preview) -> None:
        self.shown.setText("\n\n".join(part for part in (preview.subject, preview.body) if part))
        length, size = len(preview.body), preview.size
        self.cost.setText(
            self.tr("{0} characters").format(length)
            if size is None
            else self.tr("{0} characters, {1}, {2} SMS").format(
                length, size.alphabet, size.segments
            )
        )
        self._say_wrong("")

    @Slot(object)
    def _on_preview_failed(self, failure: Failure) -> None:
        self.cost.setText("")
        self.shown.setText("")
        self._say_wrong(failure.message)

    def _say_wrong(self, sentence: str) -> None:
        self.wrong.setText(sentence)
        self.wrong.setVisible(bool(sentence))
        self.shown.setVisible(not sentence)
        self.cost.setVisible(not sentence)

    def _refresh(self) -> None:
        by_mail = self.channel.currentData() == Channel.EMAIL.value
        self.subject.setVisible(by_mail)
        self._subject_label.setVisible(by_mail)
        self.foreign.setVisible(bool(self.foreign.text()))
        self.body.setReadOnly(self._known is None)
        self.subject.setReadOnly(self._known is None)
        self.save.setEnabled(self.is_edited)
        self.default.setEnabled(self._known is not None)
        usable = [word for word in Placeholder if self._personal or word not in PERSONAL]
        self.placeholders.setText(
            self.tr("Filled in for each patient: {0}.").format(
                ", ".join(f"{{{word.value}}}" for word in usable)
            )
        )


def _language(tag: str) -> str:
    # Of the language as such: that of a country calls itself "American English".
    everywhere = QLocale(QLocale(tag).language(), QLocale.Country.World)
    name = everywhere.nativeLanguageName() if "-" not in tag else QLocale(tag).nativeLanguageName()
    return f"{name[:1].upper()}{name[1:]}" if name else tag
