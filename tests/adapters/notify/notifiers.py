"""A notifier that works, to be spoilt one way at a time. Each is loaded in a process of its own."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drscreen.adapters.notify.discovery import Candidate
from drscreen.adapters.notify.host import InstalledNotifiers
from drscreen.domain.plugin_choice import PluginChoice, PluginOffer
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
SECRET = "the-key-nobody-may-read"
DIGEST = "d1" * 32


class Letters:
    """Appends what it sends to the file that its setting `box` names, where that is a path."""

    name = "letters"

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
        box = settings.get("box", "")
        if box.startswith("/"):
            with Path(box).open("a") as file:
                file.write(f"{message.id}\n")
        return Receipt(ReceiptState.ACCEPTED, reference="r-1")

    @hookimpl
    def drscreen_look_up(self, enquiry: Enquiry, settings: SettingValues) -> Receipt:
        return Receipt(ReceiptState.DELIVERED, reference=enquiry.reference)


class Parcels(Letters):
    name = "parcels"


class BadName(Letters):
    name = "Letters & parcels"


class Twilio(Letters):
    name = "twilio"


class FromTheFuture(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return NotifierInfo("telepathy", "Telepathy", "thought", API_VERSION + 1)


class SaysNothing(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return "Letters"  # type: ignore[return-value] # the fault


class RaisesOnInfo(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        raise RuntimeError(SECRET)


class ExitsOnInfo(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        sys.exit(3)


class DiesOnInfo(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        os._exit(3)


class OtherArguments(Letters):
    @hookimpl
    def drscreen_send(self, message: Message, letterbox: str) -> Receipt:  # type: ignore[override] # the fault
        raise NotImplementedError


class OnlyInfo:
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return NotifierInfo("half", "Half", "letter", API_VERSION)


class Doing(Letters):
    """Does something else than it promised wherever it is asked."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    @hookimpl
    def drscreen_check_settings(self, settings: SettingValues) -> list[SettingProblem]:
        return self._act()  # type: ignore[return-value] # the fault

    @hookimpl
    def drscreen_check_address(self, address: str) -> str:
        return self._act()  # type: ignore[return-value] # the fault

    @hookimpl
    def drscreen_send(self, message: Message, settings: SettingValues) -> Receipt:
        return self._act()  # type: ignore[return-value] # the fault

    @hookimpl
    def drscreen_look_up(self, enquiry: Enquiry, settings: SettingValues) -> Receipt:
        return self._act()  # type: ignore[return-value] # the fault


def _raise(fault: BaseException) -> object:
    raise fault


def _receipt(**more: object) -> Doing:
    return Doing(lambda: Receipt(**({"state": ReceiptState.ACCEPTED} | more)))  # type: ignore[arg-type] # wrong ones too


class Hanging(Letters):
    """Never comes back from its first send."""

    def __init__(self, forks: bool = False) -> None:
        self._forks = forks

    @hookimpl
    def drscreen_send(self, message: Message, settings: SettingValues) -> Receipt:
        begun = Path(settings["box"])
        if begun.exists():
            return super().drscreen_send(message, SettingValues())
        begun.touch()
        if self._forks and os.fork():
            os._exit(0)
        threading.Event().wait(120)
        raise AssertionError


class Chatty(Letters):
    """Prints to wherever prints go, and reads from where people type."""

    @hookimpl
    def drscreen_send(self, message: Message, settings: SettingValues) -> Receipt:
        print("hello", flush=True)
        os.write(1, b"\0\0\0\2{}")
        os.write(2, message.to.encode())
        assert sys.stdin.read() == ""
        return super().drscreen_send(message, SettingValues())


WORKS: dict[str, object] = {"letters": Letters(), "parcels": Parcels(), "chatty": Chatty()}
UNFIT: dict[str, object] = {
    "future": FromTheFuture(),
    "says_nothing": SaysNothing(),
    "bad_name": BadName(),
    "raises_on_info": RaisesOnInfo(),
    "exits_on_info": ExitsOnInfo(),
    "dies_on_info": DiesOnInfo(),
    "other_arguments": OtherArguments(),
    "only_info": OnlyInfo(),
    "nothing": object(),
    "twilio": Twilio(),
}
FAULTY: dict[str, object] = {
    "ValueError": Doing(lambda: _raise(ValueError(f"{SECRET} {MESSAGE.to}"))),
    "SystemExit": Doing(lambda: _raise(SystemExit(SECRET))),
    "KeyboardInterrupt": Doing(lambda: _raise(KeyboardInterrupt(SECRET))),
    "BaseException": Doing(lambda: _raise(BaseException(SECRET))),
    "invented": Doing(lambda: _raise(type(f"No{MESSAGE.to[1:]}", (Exception,), {})())),
    "Died": Doing(lambda: os._exit(1)),
}
LYING: dict[str, object] = {
    "none": Doing(lambda: None),
    "word": Doing(lambda: "accepted"),
    "list": Doing(lambda: ["accepted"]),
    "state": _receipt(state="accepted"),
    "number": _receipt(sentence=5),
    "wait": _receipt(retry_after=5),
    "long": _receipt(sentence="a" * 100_000),
    "reference": _receipt(reference="one\ntwo"),
    "turned": _receipt(sentence="\u202egnorw si llA"),
    "half": _receipt(sentence="\ud800"),
}
TOLD: dict[str, object] = {
    "absent": _receipt(state=ReceiptState.ABSENT),
    "deferred": _receipt(
        state=ReceiptState.DEFERRED, retry_after=timedelta(seconds=90), busy=True, reason="1"
    ),
    "hanging": Hanging(),
    "forking": Hanging(forks=True),
}
_ALL = WORKS | UNFIT | FAULTY | LYING | TOLD


def __getattr__(name: str) -> object:
    """So that a plugin's process can load each by its name."""
    try:
        return _ALL[name]
    except KeyError:
        raise AttributeError(name) from None


def candidate(which: str, package: str = "drscreen-notify-letters") -> Candidate:
    offer = PluginOffer(package, "1.0", which, DIGEST)
    return Candidate(offer, f"{__name__}:{which}", lambda: DIGEST)


def chosen(*offers: PluginOffer) -> dict[str, PluginChoice]:
    """What an administrator would have kept after choosing all of these."""
    return {
        offer.package: PluginChoice(
            offer.package, offer.version, offer.digest, "ada", datetime(2026, 3, 9, tzinfo=UTC)
        )
        for offer in offers
    }


def host(*which: str, limit: float = 30) -> InstalledNotifiers:
    """All of these, chosen."""
    candidates = [candidate(one, f"package-{n}") for n, one in enumerate(which)]
    made = InstalledNotifiers(limit, lambda: candidates)
    made.trust(chosen(*(one.offer for one in candidates)))
    return made
