"""The settings of notices from the window: policy, words, and each notifier's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from drscreen.domain.notice import NoticePolicy, Purpose
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.notifier import Receipt, SettingProblem
from drscreen.domain.patient import Channel
from drscreen.domain.permissions import Action, may
from drscreen.domain.store_ports import OpenStore
from drscreen.qt.background import Background
from drscreen.qt.controllers.session import Session, heard_in_session
from drscreen.qt.failure import Failure
from drscreen.services.notice_settings import NoticeSettingsService, NotifierSettings, Preview

NoticeSettingsFactory = Callable[[OpenStore], NoticeSettingsService]

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Words:
    """Which words of the notices; `language` may be one that has none of its own yet."""

    purpose: Purpose
    channel: Channel
    language: str


class NoticeSettingsController(QObject):
    """Every answer arrives by signal on the GUI thread; those of an earlier session are dropped.

    Notifiers are asked on a thread of their own, because a service may take a minute to answer.
    `settings_changed` is emitted after every change that the delivery of notices depends on.
    """

    session_changed = Signal()
    settings_changed = Signal()
    policy_known = Signal(object)
    policy_failed = Signal(object)
    languages_known = Signal(object)
    text_known = Signal(object, object)
    text_saved = Signal(object, object)
    text_failed = Signal(object)
    previewed = Signal(object)
    preview_failed = Signal(object)
    notifiers_known = Signal(object)
    notifiers_failed = Signal(object)
    choice_failed = Signal(object)
    notifier_saved = Signal(str, object)
    notifier_failed = Signal(str, object)
    test_answered = Signal(str, object)
    test_failed = Signal(str, object)

    def __init__(self, service: NoticeSettingsFactory, background: Background) -> None:
        super().__init__()
        self._factory = service
        self._background = background
        self._outward = Background(self)
        self._session: Session | None = None
        self._previews = 0

    @property
    def is_idle(self) -> bool:
        """Whether everything that notifiers were asked has been answered."""
        return self._outward.is_idle

    def may_see(self) -> bool:
        """Whether whoever is signed in may read policy and words."""
        return self._may(Action.SEE_NOTICES)

    def may_manage(self) -> bool:
        """Whether whoever is signed in may change them."""
        return self._may(Action.MANAGE_CLINIC)

    def use(self, session: Session | None) -> None:
        """Work for that session from now on; None when nobody is signed in."""
        self._session = session
        self.session_changed.emit()
        if self.may_see():
            self._run(lambda service: service.policy(), self._tell_policy, self._fail_policy)
            self._run(lambda service: service.languages(), self._tell_languages, self._fail_text)
        self.list_notifiers()

    def shut_down(self) -> None:
        """Drop what is asked for and wait for the notifier that is at work."""
        self.use(None)
        self._outward.finish()

    def change_policy(self, change: Callable[[NoticePolicy], NoticePolicy]) -> None:
        """Change part of what is kept, whatever somebody else has changed meanwhile."""

        def work(service: NoticeSettingsService) -> NoticePolicy:
            service.set_policy(change(service.policy()))
            return service.policy()

        def told(policy: NoticePolicy) -> None:
            self._tell_policy(policy)
            self._tell_changed()

        self._run(work, told, self._fail_policy)

    def load_text(self, words: Words) -> None:
        """Read what is in use for them; the answer is `text_known` with the same `words`."""
        self._run(
            lambda service: service.text(words.purpose, words.channel, words.language),
            lambda text: self.text_known.emit(words, text),
            self._fail_text,
        )

    def preview(self, text: NoticeText) -> None:
        """Fill a template; only the newest one that was asked for is answered."""
        self._previews += 1
        asked = self._previews

        def told(preview: Preview) -> None:
            if asked == self._previews:
                self.previewed.emit(preview)

        def failed(failure: Failure) -> None:
            if asked == self._previews:
                self.preview_failed.emit(failure)

        self._run(lambda service: service.preview(text), told, failed)

    def save_text(self, words: Words, body: str, subject: str) -> None:
        """Use the clinic's own from now on; the answer is `text_saved` with the same `words`."""
        text = NoticeText(words.purpose, words.channel, words.language, body, subject)
        self._run(
            lambda service: service.set_text(text),
            lambda _: self.text_saved.emit(words, text),
            self._fail_text,
        )

    def use_default(self, words: Words) -> None:
        """Go back to those that come with drscreen; the answer is `text_known`."""

        def work(service: NoticeSettingsService) -> NoticeText:
            service.use_default(words.purpose, words.channel, words.language)
            return service.text(words.purpose, words.channel, words.language)

        self._run(work, lambda text: self.text_known.emit(words, text), self._fail_text)

    def list_notifiers(self) -> None:
        """Look again what is installed and set, for those who may see it."""
        if self.may_manage():
            self._ask(
                lambda service: service.notifiers(), self._tell_notifiers, self._fail_notifiers
            )

    def set_notifier(self, name: str, values: Mapping[str, str]) -> None:
        """Keep a notifier's settings; what is wrong with them comes with `notifier_saved`."""

        def told(problems: Sequence[SettingProblem]) -> None:
            self.notifier_saved.emit(name, tuple(problems))
            self._tell_changed()
            self.list_notifiers()

        self._ask(
            lambda service: service.set_notifier(name, values),
            told,
            lambda failure: self.notifier_failed.emit(name, failure),
        )

    def forget_notifier(self, name: str) -> None:
        """Remove a notifier's settings, secrets and all."""

        def told(_: None) -> None:
            self._tell_changed()
            self.list_notifiers()

        self._ask(
            lambda service: service.forget_notifier(name),
            told,
            lambda failure: self.notifier_failed.emit(name, failure),
        )

    def choose_plugin(self, package: str, digest: str) -> None:
        """Let an installed plugin run whose files have that hash."""
        self._ask(
            lambda service: service.choose_plugin(package, digest),
            lambda _: self._look_again(),
            self._fail_choice,
        )

    def revoke_plugin(self, package: str) -> None:
        """Let a plugin run no more."""
        self._ask(
            lambda service: service.revoke_plugin(package),
            lambda _: self._look_again(),
            self._fail_choice,
        )

    def send_test(self, name: str, channel: Channel, to: str) -> None:
        """Send a few words now; what the service says comes with `test_answered`."""

        def told(receipt: Receipt) -> None:
            self.test_answered.emit(name, receipt)

        self._ask(
            lambda service: service.send_test(channel, to, name),
            told,
            lambda failure: self.test_failed.emit(name, failure),
        )

    def _may(self, action: Action) -> bool:
        return self._session is not None and may(self._session.store.user, action)

    def _run(
        self,
        work: Callable[[NoticeSettingsService], _Answer],
        told: Callable[[_Answer], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._start(self._background, work, told, failed)

    def _ask(
        self,
        work: Callable[[NoticeSettingsService], _Answer],
        told: Callable[[_Answer], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._start(self._outward, work, told, failed)

    def _start(
        self,
        background: Background,
        work: Callable[[NoticeSettingsService], _Answer],
        told: Callable[[_Answer], None],
        failed: Callable[[Failure], None],
    ) -> None:
        session, factory = self._session, self._factory
        if session is None:
            return
        store = session.store
        # Made there, because making it reads the texts and the tables of numbers.
        background.run(
            lambda: work(factory(store)),
            heard_in_session(lambda: self._session, told),
            heard_in_session(lambda: self._session, failed),
        )

    def _look_again(self) -> None:
        self._tell_changed()
        self.list_notifiers()

    def _fail_choice(self, failure: Failure) -> None:
        self.choice_failed.emit(failure)
        self.list_notifiers()

    def _tell_changed(self) -> None:
        self.settings_changed.emit()

    def _tell_policy(self, policy: NoticePolicy) -> None:
        self.policy_known.emit(policy)

    def _fail_policy(self, failure: Failure) -> None:
        self.policy_failed.emit(failure)

    def _tell_languages(self, languages: tuple[str, ...]) -> None:
        self.languages_known.emit(languages)

    def _fail_text(self, failure: Failure) -> None:
        self.text_failed.emit(failure)

    def _tell_notifiers(self, notifiers: tuple[NotifierSettings, ...]) -> None:
        self.notifiers_known.emit(notifiers)

    def _fail_notifiers(self, failure: Failure) -> None:
        self.notifiers_failed.emit(failure)
