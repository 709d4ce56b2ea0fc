"""A message, its address, and whether anything of them shows where it must not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drscreen.plugin_api import Enquiry, Message, Receipt, SettingValues
from tests.fakes.twilio import StandIn
from tests.fakes.twilio_account import SECRET

NUMBER = "+34600112233"
TEXT = "Su resultado está listo. Llame a la clínica."


def message(to: str = NUMBER, body: str = TEXT, hours: float = 24) -> Message:
    return Message("m-1", to, body, language="es", valid_for=timedelta(hours=hours))


def settings_for(stand_in: StandIn, **changed: str) -> SettingValues:
    return SettingValues(stand_in.settings() | {"timeout_seconds": "1"} | changed)


def enquiry(
    stand_in: StandIn, reference: str = "", claimed: frozenset[str] = frozenset()
) -> Enquiry:
    return Enquiry(message(), reference, stand_in.clock(), claimed)


def assert_tells_nothing(receipt: Receipt, log: pytest.LogCaptureFixture) -> None:
    """No number, text or secret in what is shown, kept or logged."""
    shown = repr(receipt) + log.text + "".join(repr(record.__dict__) for record in log.records)
    for canary in (NUMBER, NUMBER[1:], TEXT, "resultado", SECRET):
        assert canary not in shown
