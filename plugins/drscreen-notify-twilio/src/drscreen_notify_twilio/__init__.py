"""Sends notices as SMS by Twilio: the hooks of `drscreen.plugin_api`.

Twilio's client is imported where it is needed: it is large, and asking a notifier who it is must
be quick. Nothing is kept between calls.
"""

from __future__ import annotations

from drscreen.plugin_api import (
    API_VERSION,
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    ReceiptState,
    SettingProblem,
    SettingValues,
    hookimpl,
)
from drscreen_notify_twilio.settings import SCHEMA, is_number, problems

_SETTINGS_WRONG = "The settings of Twilio are incomplete or wrong. An administrator can mend them."


@hookimpl
def drscreen_notifier_info() -> NotifierInfo:
    """Who this is and which settings it needs."""
    return NotifierInfo(
        name="twilio",
        title="SMS by Twilio",
        channel="sms",
        api_version=API_VERSION,
        settings=SCHEMA,
        looks_up=True,
    )


@hookimpl
def drscreen_check_settings(settings: SettingValues) -> list[SettingProblem]:
    """What is wrong with the settings; the account itself is not asked."""
    return problems(settings)


@hookimpl
def drscreen_check_address(address: str) -> str:
    """Twilio takes E.164; whether it is a mobile number only Twilio knows."""
    if is_number(address):
        return ""
    return "Twilio needs the number with its country, as in +34 600 000 000."


@hookimpl
def drscreen_send(message: Message, settings: SettingValues) -> Receipt:
    """Hand one SMS to Twilio, once."""
    if problems(settings):
        return _misconfigured(ReceiptState.DEFERRED)
    from drscreen_notify_twilio.messages import send

    return send(message, settings)


@hookimpl
def drscreen_look_up(enquiry: Enquiry, settings: SettingValues) -> Receipt:
    """Ask Twilio what became of an SMS."""
    if problems(settings):
        return _misconfigured(ReceiptState.UNKNOWN)
    from drscreen_notify_twilio.messages import look_up

    return look_up(enquiry, settings)


def _misconfigured(state: ReceiptState) -> Receipt:
    return Receipt(state, reason="settings_wrong", sentence=_SETTINGS_WRONG, misconfigured=True)
