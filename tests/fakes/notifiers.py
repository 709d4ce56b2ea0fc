"""Notifiers in memory that answer as they are told, and what composes notices for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from drscreen.adapters.notify.addresses import PhoneAndMail
from drscreen.adapters.system.notice_texts import read_texts
from drscreen.adapters.system.paths import resources
from drscreen.domain.notice_ports import FoundNotifier
from drscreen.domain.notifier import (
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    ReceiptState,
    Setting,
    SettingKind,
    SettingProblem,
    SettingValues,
)
from drscreen.domain.plugin_choice import PluginChoice, PluginOffer, standing
from drscreen.domain.store_ports import OpenStore
from drscreen.plugin_api import API_VERSION
from drscreen.services.announcing import Announcer

SMS = NotifierInfo(
    "pigeon",
    "Pigeon post",
    "sms",
    API_VERSION,
    (
        Setting("account", "Account", required=True, help="Who pays."),
        Setting("key", "Secret key", SettingKind.SECRET, required=True),
        Setting("speed", "Speed", SettingKind.CHOICE, default="slow", choices=("slow", "fast")),
        Setting("seconds", "Time-out in seconds", SettingKind.NUMBER, default="10"),
        Setting("urgent", "Mark as urgent", SettingKind.FLAG),
    ),
    looks_up=True,
)
MAIL = NotifierInfo("raven", "Raven mail", "email", API_VERSION, (Setting("host", "Host"),))
#: Runs only once somebody chose it.
OFFER = PluginOffer("drscreen-notify-heron", "2.1", "heron", "5e" * 32)
HERON = FoundNotifier(OFFER.package, replace(MAIL, name="heron", title="Heron"), offer=OFFER)
BROKEN = FoundNotifier("drscreen-notify-owl", None, "The package could not be loaded.")

#: Settings that `FakeNotifiers` finds nothing wrong with.
RIGHT = {"account": "A1", "key": "a very secret key", "host": "mail.example.org"}


class FakeNotifiers:
    """`drscreen.domain.notice_ports.Notifiers`. Set `answer` and `news` to what a service says."""

    def __init__(self) -> None:
        self.installed: list[FoundNotifier] = [
            FoundNotifier("drscreen-notify-pigeon", SMS),
            FoundNotifier("drscreen-notify-raven", MAIL),
        ]
        self.trusted: dict[str, PluginChoice] = {}
        self.sent: list[Message] = []
        self.asked: list[Enquiry] = []
        self.answer: Callable[[Message], Receipt] = lambda message: Receipt(
            ReceiptState.ACCEPTED, f"ref-{message.id}"
        )
        self.news: Callable[[Enquiry], Receipt] = lambda enquiry: Receipt(
            ReceiptState.DELIVERED, enquiry.reference
        )

    def trust(self, choices: Mapping[str, PluginChoice]) -> None:
        self.trusted = dict(choices)

    def found(self) -> Sequence[FoundNotifier]:
        return [self._as_chosen(one) for one in self.installed]

    def _as_chosen(self, one: FoundNotifier) -> FoundNotifier:
        if one.offer is None:
            return one
        choice = self.trusted.get(one.package)
        problem = standing(one.offer, choice)
        return replace(
            one,
            info=None if problem else one.info,
            problem=problem or one.problem,
            choice=choice,
        )

    def check_settings(self, name: str, values: SettingValues) -> Sequence[SettingProblem]:
        (info,) = (f.info for f in self.installed if f.info and f.info.name == name)
        return [
            SettingProblem(setting.key, f"{setting.label} is missing.")
            for setting in info.settings
            if setting.required and not values.get(setting.key)
        ]

    def check_address(self, name: str, address: str) -> str:
        return ""

    def send(self, name: str, message: Message, values: SettingValues) -> Receipt:
        self.sent.append(message)
        return self.answer(message)

    def look_up(self, name: str, enquiry: Enquiry, values: SettingValues) -> Receipt:
        self.asked.append(enquiry)
        return self.news(enquiry)


def announcer(store: OpenStore) -> Announcer:
    """The real one: with the tables of numbers and the texts that come with drscreen."""
    return Announcer(PhoneAndMail(), read_texts(resources() / "notices"), store.clinic)
