"""The hooks; see `drscreen.plugin_api` for what they promise."""

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
from drscreen_notify_email import answers
from drscreen_notify_email.address import AddressRefused, parse
from drscreen_notify_email.delivery import deliver
from drscreen_notify_email.mail import MessageUnfit
from drscreen_notify_email.settings import SCHEMA, SettingsWrong, read


@hookimpl
def drscreen_notifier_info() -> NotifierInfo:
    """Who this is and which settings it needs."""
    return NotifierInfo("email", "E-mail", "email", API_VERSION, SCHEMA)


@hookimpl
def drscreen_check_settings(settings: SettingValues) -> list[SettingProblem]:
    """What is wrong with settings."""
    try:
        read(settings)
    except SettingsWrong as error:
        return error.problems
    return []


@hookimpl
def drscreen_check_address(address: str) -> str:
    """Why an address cannot be written to; empty where it can."""
    try:
        parse(address)
    except AddressRefused as error:
        return str(error)
    return ""


@hookimpl
def drscreen_send(message: Message, settings: SettingValues) -> Receipt:
    """Hand one message to the clinic's mail server."""
    try:
        server = read(settings)
    except SettingsWrong as error:
        return answers.wrong_settings("settings_wrong", error.problems[0].sentence)
    try:
        return deliver(message, parse(message.to), server)
    except AddressRefused as error:
        return Receipt(ReceiptState.REFUSED, reason="address_invalid", sentence=str(error))
    except MessageUnfit as error:
        return Receipt(ReceiptState.REFUSED, reason="message_unfit", sentence=str(error))


@hookimpl
def drscreen_look_up(enquiry: Enquiry, settings: SettingValues) -> Receipt:
    """Nobody can ask a mail server what became of a message."""
    return Receipt(
        ReceiptState.UNKNOWN,
        reason="cannot_ask",
        sentence="A mail server cannot be asked what became of a message.",
    )
