"""Sends notices as SMS by Twilio: the hooks of `drscreen.plugin_api`.

Twilio's client is imported where it is needed: it is large, and asking a notifier who it is must
be quick. Nothing is kept between calls.
"""

from __future__ import annotations

import re

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
    is_e164,
)
from drscreen_notify_twilio.settings import SCHEMA, is_name, notes, problems

_SETTINGS_WRONG = "The settings of Twilio are incomplete or wrong. An administrator can mend them."

#: Words that end messages where they are answered, Twilio's own among them, as texts name them.
_ASKS_FOR_STOP = re.compile(r"\b(STOP|STOPALL|UNSUBSCRIBE|ARRET|PARAR)\b")


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
    """What is wrong with the settings, and what to know of them; the account is not asked."""
    return problems(settings) + notes(settings)


@hookimpl
def drscreen_check_address(address: str) -> str:
    """Twilio takes E.164; whether it is a mobile number only Twilio knows."""
    if is_e164(address):
        return ""
    return "Twilio needs the number with its country, as in +34 600 000 000."


@hookimpl
def drscreen_send(message: Message, settings: SettingValues) -> Receipt:
    """Hand one SMS to Twilio, once."""
    if problems(settings):
        return _misconfigured(ReceiptState.DEFERRED)
    if is_name(settings) and _ASKS_FOR_STOP.search(message.body):
        return Receipt(
            ReceiptState.DEFERRED,
            reason="stop_to_a_name",
            sentence="The text asks for STOP as an answer, and nobody can answer a sender that is "
            "a name. An administrator can change the words or the sender; then retry.",
            misconfigured=True,
        )
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
