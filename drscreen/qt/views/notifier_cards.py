"""Settings of notices: one card per installed notifier, drawn from what it asks for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from drscreen.domain.notice_ports import FoundNotifier
from drscreen.domain.notifier import Receipt, SettingProblem
from drscreen.qt.controllers.notice_settings import NoticeSettingsController
from drscreen.qt.failure import Failure
from drscreen.qt.views.choice_card import ChoiceCard
from drscreen.qt.views.notifier_card import BrokenCard, NotifierCard
from drscreen.qt.views.parts import ErrorBar, label
from drscreen.qt.views.people_cards import Card
from drscreen.qt.views.theme import Theme
from drscreen.services.notice_settings import NotifierSettings

# A distribution may bring several notifiers.
_Key = tuple[str, str]
_Card = NotifierCard | BrokenCard | ChoiceCard


class NotifierCards(QWidget):
    """Only an administrator sees them. Cards of notifiers that stay keep what is typed."""

    def __init__(self, theme: Theme, settings: NoticeSettingsController) -> None:
        super().__init__()
        self._theme = theme
        self._settings = settings
        self.cards: dict[_Key, _Card] = {}
        self.error = ErrorBar(theme)
        self._choice_failure: Failure | None = None
        self.none = Card(self.tr("What sends the notices"))
        self.none.column.addWidget(
            label(
                self.tr(
                    "Nothing that sends is installed, so notices wait in the outbox. Install "
                    "drscreen-notify-twilio for SMS or drscreen-notify-email for e-mail beside "
                    "drscreen (pip install), then start drscreen again."
                ),
                "muted",
                wraps=True,
            )
        )
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._column.addWidget(self.error)
        self._column.addWidget(self.none)
        settings.session_changed.connect(self._on_session_changed)
        settings.notifiers_known.connect(self._on_known)
        settings.notifiers_failed.connect(self.error.show_failure)
        settings.choice_failed.connect(self._on_choice_failed)
        settings.notifier_saved.connect(self._on_saved)
        settings.notifier_failed.connect(self._on_failed)
        settings.test_answered.connect(self._on_answered)
        settings.test_failed.connect(self._on_test_failed)
        self._on_session_changed()

    def card(self, name: str) -> NotifierCard | None:
        """The card of the notifier of that name."""
        for card in self.cards.values():
            if isinstance(card, NotifierCard) and card.info.name == name:
                return card
        return None

    @Slot()
    def _on_session_changed(self) -> None:
        for key in list(self.cards):
            self._drop(key)
        self.error.clear()
        self.none.hide()
        self.setVisible(self._settings.may_manage())

    @Slot(object)
    def _on_known(self, notifiers: Sequence[NotifierSettings]) -> None:
        self.error.clear()
        if self._choice_failure is not None:
            self.error.show_failure(self._choice_failure)
            self._choice_failure = None
        self.none.setVisible(not notifiers)
        for key in set(self.cards) - {_key(one.found) for one in notifiers}:
            self._drop(key)
        for one in notifiers:
            key = _key(one.found)
            if key in self.cards and self.cards[key].found != one.found:
                self._drop(key)
            card = self.cards.get(key) or self._make(one.found)
            if isinstance(card, NotifierCard):
                card.show_settings(one)

    def _make(self, found: FoundNotifier) -> _Card:
        card: _Card
        if found.offer is not None and found.waits_for_choice:
            card = ChoiceCard(found, found.offer, self._settings)
        elif found.info is None or found.problem:
            card = BrokenCard(found, self._settings)
        else:
            card = NotifierCard(self._theme, found, found.info, self._settings)
        self.cards[_key(found)] = card
        self._column.addWidget(card)
        return card

    def _drop(self, key: _Key) -> None:
        card = self.cards.pop(key)
        card.forget()
        card.hide()
        self._column.removeWidget(card)
        card.deleteLater()

    @Slot(object)
    def _on_choice_failed(self, failure: Failure) -> None:
        # Shown with the list that is read anew, which would wipe it.
        self._choice_failure = failure

    @Slot(str, object)
    def _on_saved(self, name: str, problems: Sequence[SettingProblem]) -> None:
        card = self.card(name)
        if card is not None:
            card.on_saved(problems)

    @Slot(str, object)
    def _on_failed(self, name: str, failure: Failure) -> None:
        card = self.card(name)
        if card is not None:
            card.error.show_failure(failure)

    @Slot(str, object)
    def _on_answered(self, name: str, receipt: Receipt) -> None:
        card = self.card(name)
        if card is not None:
            card.on_answered(receipt)

    @Slot(str, object)
    def _on_test_failed(self, name: str, failure: Failure) -> None:
        card = self.card(name)
        if card is not None:
            card.on_test_failed(failure)


def _key(found: FoundNotifier) -> _Key:
    if found.info is not None:
        return found.package, found.info.name
    return found.package, found.offer.notifier if found.offer is not None else ""
