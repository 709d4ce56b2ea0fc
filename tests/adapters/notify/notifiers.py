"""A notifier that works, to be spoilt one way at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from drscreen.adapters.notify.discovery import Candidate
from drscreen.plugin_api import (
    API_VERSION,
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    ReceiptState,
    Setting,
    SettingProblem,
    SettingValues,
    hookimpl,
)

MESSAGE = Message("m-1", "+34600000000", "Please call us.")
ENQUIRY = Enquiry(MESSAGE, "r-1", datetime(2026, 1, 1, tzinfo=UTC))


class Letters:
    name = "letters"

    def __init__(self) -> None:
        self.sent: list[Message] = []

    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return NotifierInfo(self.name, "Letters", "letter", API_VERSION, (Setting("box", "Box"),))

    @hookimpl
    def drscreen_check_settings(self, settings: SettingValues) -> list[SettingProblem]:
        return [] if settings.get("box") else [SettingProblem("box", "Which box?")]

    @hookimpl
    def drscreen_check_address(self, address: str) -> str:
        return "" if address.startswith("+") else "No stamp goes there."

    @hookimpl
    def drscreen_send(self, message: Message, settings: SettingValues) -> Receipt:
        self.sent.append(message)
        return Receipt(ReceiptState.ACCEPTED, reference="r-1")

    @hookimpl
    def drscreen_look_up(self, enquiry: Enquiry, settings: SettingValues) -> Receipt:
        return Receipt(ReceiptState.DELIVERED, reference=enquiry.reference)


def candidate(plugin: object, package: str = "drscreen-notify-letters") -> Candidate:
    return Candidate(package, lambda: plugin)
