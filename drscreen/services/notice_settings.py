"""What an administrator sets about notices: policy, words, and each notifier's settings."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from drscreen.domain.errors import InvalidInput, NotifierUnusable
from drscreen.domain.notice import NoticePolicy, Purpose
from drscreen.domain.notice_ports import FoundNotifier, Notifiers
from drscreen.domain.notice_text import NoticeText, SmsSize, check_text, fill, sms_size, tidied_text
from drscreen.domain.notifier import (
    Message,
    NotifierInfo,
    Receipt,
    SettingKind,
    SettingProblem,
    SettingValues,
)
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.plugin_choice import PluginChoice
from drscreen.domain.ports import Clock
from drscreen.domain.store_ports import OpenStore
from drscreen.domain.text import checked_line, tidied
from drscreen.services.announcing import Announcer
from drscreen.services.permission import needs

_HOLD_MOST = 24 * 60
CLINIC_PHONE_MAX = 100
_SAMPLE = Patient(mrn="A-1042", family_name="Example", given_name="Sam")


@dataclass(frozen=True, slots=True)
class NotifierSettings:
    """An installed notifier and what is set for it. Values of secrets are not in `shown`; those
    that are set stand in `secrets_set`.
    """

    found: FoundNotifier
    shown: Mapping[str, str]
    secrets_set: frozenset[str]
    problems: tuple[SettingProblem, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A template as a patient would read it; `size` is None for an e-mail."""

    subject: str
    body: str
    size: SmsSize | None


class NoticeSettingsService:
    """Any thread."""

    def __init__(
        self, store: OpenStore, clock: Clock, notifiers: Notifiers, announcer: Announcer
    ) -> None:
        self._store = store
        self._clock = clock
        self._notifiers = notifiers
        self._announcer = announcer

    @needs(Action.SEE_NOTICES)
    def policy(self) -> NoticePolicy:
        """What the clinic wants."""
        with self._store.transaction(Action.SEE_NOTICES) as records:
            return records.notices.policy()

    @needs(Action.MANAGE_CLINIC)
    def set_policy(self, policy: NoticePolicy) -> None:
        """Change it. Raises `InvalidInput`."""
        regions = {policy.region, *policy.regions} - {""}
        if not all(map(self._announcer.addresses.is_country, regions)):
            raise InvalidInput(
                "A country is written as two capital letters (ISO 3166), such as BR or GB, not UK."
            )
        if not 0 <= policy.hold_minutes <= _HOLD_MOST:
            raise InvalidInput("A result can wait from 0 minutes to a day.")
        if not 1 <= policy.expire_days <= 60 or not 1 <= policy.reminder_days <= 730:
            raise InvalidInput("Give up after 1 to 60 days; remind once in 1 to 730 days.")
        said = checked_line(policy.clinic_phone, "clinic's telephone", CLINIC_PHONE_MAX)
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            records.notices.set_policy(replace(policy, clinic_phone=said))

    @needs(Action.SEE_NOTICES)
    def text(self, purpose: Purpose, channel: Channel, language: str) -> NoticeText:
        """The template in use: the clinic's own, or ours."""
        with self._store.transaction(Action.SEE_NOTICES) as records:
            own = records.notices.texts()
        return self._announcer.text_for(own, purpose, channel, language)

    @needs(Action.SEE_NOTICES)
    def languages(self) -> tuple[str, ...]:
        """The languages that there are templates in."""
        with self._store.transaction(Action.SEE_NOTICES) as records:
            own = records.notices.texts()
        return tuple(sorted({text.language for text in (*self._announcer.texts, *own)}))

    @needs(Action.MANAGE_CLINIC)
    def set_text(self, text: NoticeText) -> None:
        """Use the clinic's own words from now on. Raises `TemplateInvalid`."""
        tidy = tidied_text(text)
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            check_text(tidy, personal=records.notices.policy().allow_personal)
            records.notices.set_text(tidy)

    @needs(Action.MANAGE_CLINIC)
    def use_default(self, purpose: Purpose, channel: Channel, language: str) -> None:
        """Go back to our words."""
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            records.notices.remove_text(purpose, channel, language)

    @needs(Action.SEE_NOTICES)
    def preview(self, text: NoticeText) -> Preview:
        """A template filled with an invented patient. Raises `TemplateInvalid`."""
        policy, text = self.policy(), tidied_text(text)
        check_text(text, personal=policy.allow_personal)
        today = self._clock.now().date()
        appointment = today.isoformat() if text.purpose is Purpose.APPOINTMENT_DUE else ""
        values = self._announcer.values(_SAMPLE, policy, today, appointment)
        body = fill(text.body, values)
        size = sms_size(body) if text.channel is Channel.SMS else None
        return Preview(fill(text.subject, values), body, size)

    @needs(Action.MANAGE_CLINIC)
    def notifiers(self) -> tuple[NotifierSettings, ...]:
        """Every installed notifier with its settings and what is wrong with them; of those that
        nobody chose what their metadata say.
        """
        return tuple(self._settings_of(found) for found in self._found())

    @needs(Action.MANAGE_CLINIC)
    def choose_plugin(self, package: str, digest: str) -> PluginChoice:
        """Let an installed plugin run from now on, with the hash that its files were shown with.

        It gets the settings that are kept under the name it says it has. Raises
        `NotifierUnusable` where it is not there, or its files have another hash by now.
        """
        offers = [found.offer for found in self._found() if found.package == package]
        offer = next((offer for offer in offers if offer is not None), None)
        if offer is None:
            raise NotifierUnusable("There is no notifier of that name.")
        if not digest or offer.digest != digest:
            raise NotifierUnusable("Its files have just changed. Look at it again.")
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            choice = PluginChoice(
                package, offer.version, digest, self._store.user.name, self._clock.now()
            )
            records.notices.choose_plugin(choice)
        return choice

    @needs(Action.MANAGE_CLINIC)
    def revoke_plugin(self, package: str) -> None:
        """Let none of that package run any more; its settings stay."""
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            records.notices.revoke_plugin(package)
        self._found()

    @needs(Action.MANAGE_CLINIC)
    def set_notifier(self, name: str, values: Mapping[str, str]) -> Sequence[SettingProblem]:
        """Keep a notifier's settings, right or not, and return what is wrong with them, and notes.

        An empty secret keeps the one that is set. Raises `NotifierUnusable`.
        """
        info = self._info(name)
        before = self._values(name)
        kept = {}
        for setting in info.settings:
            value = values.get(setting.key, setting.default)
            value = value.strip() if setting.kind is SettingKind.SECRET else tidied(value)
            if setting.kind is SettingKind.SECRET and not value:
                value = before.get(setting.key, "")
            kept[setting.key] = value
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            records.notices.set_notifier_settings(name, kept)
        return self._notifiers.check_settings(name, SettingValues(kept))

    @needs(Action.MANAGE_CLINIC)
    def forget_notifier(self, name: str) -> None:
        """Remove a notifier's settings, secrets and all."""
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            records.notices.set_notifier_settings(name, {})

    @needs(Action.MANAGE_CLINIC)
    def send_test(self, channel: Channel, to: str, name: str = "") -> Receipt:
        """Send a few words to somebody here, now and once; nothing is queued.

        Goes through the named notifier, else the first that serves the channel. Raises
        `InvalidInput` for a wrong address, `NotifierUnusable`.
        """
        policy = self.policy()
        checked = self._announcer.addresses.check(channel, to, policy)
        if checked.reason is not None:
            raise InvalidInput(checked.reason.sentence)
        name = name or policy.notifiers.get(channel, "") or self._first_for(channel)
        info = self._info(name)
        if info.channel != channel:
            raise NotifierUnusable(f"{info.title} does not send on this channel.")
        values = self._values(name)
        for problem in self._notifiers.check_settings(name, values):
            if problem.hinders:
                raise NotifierUnusable(problem.sentence)
        refused = self._notifiers.check_address(name, checked.address)
        if refused:
            raise InvalidInput(refused)
        words = f"{self._announcer.clinic}: a test of drscreen. Nothing is to be done."
        subject = "A test of drscreen" if channel is Channel.EMAIL else ""
        message = Message(str(uuid.uuid4()), checked.address, words, subject)
        return self._notifiers.send(name, message, values)

    def _first_for(self, channel: Channel) -> str:
        for found in self._found():
            info = found.info
            if info and not found.problem and info.channel == channel and self._values(info.name):
                return info.name
        raise NotifierUnusable("Nothing is set up that sends on this channel.")

    def _found(self) -> Sequence[FoundNotifier]:
        """What is installed, where those may run that are chosen now and no others."""
        with self._store.transaction(Action.MANAGE_CLINIC) as records:
            choices = records.notices.plugin_choices()
        self._notifiers.trust(choices)
        return self._notifiers.found()

    def _info(self, name: str) -> NotifierInfo:
        for found in self._found():
            if found.info is not None and found.info.name == name:
                if found.problem:
                    raise NotifierUnusable(found.problem)
                return found.info
            if found.waits_for_choice and found.offer and found.offer.notifier == name:
                raise NotifierUnusable(found.problem)
        raise NotifierUnusable("There is no notifier of that name.")

    def _values(self, name: str) -> SettingValues:
        with self._store.transaction(Action.SEE_NOTICES) as records:
            return records.notices.notifier_settings(name)

    def _settings_of(self, found: FoundNotifier) -> NotifierSettings:
        info = found.info
        if info is None or found.problem:
            return NotifierSettings(found, {}, frozenset(), ())
        values = self._values(info.name)
        secret = {s.key for s in info.settings if s.kind is SettingKind.SECRET}
        shown = {key: value for key, value in values.items() if key not in secret}
        problems = tuple(self._notifiers.check_settings(info.name, values)) if values else ()
        return NotifierSettings(
            found, shown, frozenset(key for key in secret if values.get(key)), problems
        )
