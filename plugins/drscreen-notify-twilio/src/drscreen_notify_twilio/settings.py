"""The settings: what is asked for, and what can be wrong with it without asking Twilio."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from drscreen.plugin_api import Setting, SettingKind, SettingProblem, SettingValues, is_e164

ACCOUNT = "account_sid"
KEY = "key_sid"
SECRET = "key_secret"  # noqa: S105 - a setting's name
SERVICE = "messaging_service_sid"
NUMBER = "from_number"
BASE_URL = "base_url"
TIMEOUT = "timeout_seconds"

TWILIO = "https://api.twilio.com"
#: One request may wait that long to connect and again for its answer; drscreen gives a call up
#: after `drscreen.plugin_api.TIME_LIMIT`, 60 seconds.
LONGEST_TIMEOUT = 20

SCHEMA = (
    Setting(
        ACCOUNT,
        "Account SID",
        help="On the first page of Twilio's console; begins with AC.",
        required=True,
    ),
    Setting(
        KEY,
        "API key SID",
        help="Make a key for this clinic in Twilio's console under API keys; begins with SK.",
        required=True,
    ),
    Setting(
        SECRET,
        "API key secret",
        SettingKind.SECRET,
        help="Shown once, when the key is made. Not the account's auth token.",
        required=True,
    ),
    Setting(
        SERVICE,
        "Messaging service SID",
        help="Begins with MG. Either this or a sender of your own.",
    ),
    Setting(
        NUMBER,
        "Sender",
        help="A number with its country, as in +15005550006, a short code, or a name of at most 11 "
        "letters, digits and blanks, which nobody can answer.",
    ),
    Setting(
        TIMEOUT,
        "Seconds to wait for an answer",
        SettingKind.NUMBER,
        help=f"1 to {LONGEST_TIMEOUT}; more on a slow line.",
        default="10",
    ),
    Setting(
        BASE_URL,
        "Address of the service",
        help="Only for a region of Twilio's, a proxy or a test.",
        default=TWILIO,
    ),
)

_SHORT_CODE = re.compile(r"[0-9]{3,8}")
#: https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ]{0,10}(?<! )")


def is_name(settings: SettingValues) -> bool:
    """Whether messages come from a name, which no telephone can answer: no STOP reaches anybody."""
    return _NAME.fullmatch(settings.get(NUMBER, "")) is not None


def notes(settings: SettingValues) -> list[SettingProblem]:
    """What is right and yet to be known."""
    if not is_name(settings):
        return []
    return [
        SettingProblem(
            NUMBER,
            "Nobody can answer a name: patients cannot send STOP, and some countries do not take "
            "names. No text may ask for STOP as an answer; name a telephone to call instead.",
            hinders=False,
        )
    ]


def timeout(settings: SettingValues) -> float:
    """Seconds, of checked settings."""
    return float(settings.get(TIMEOUT) or "10")


def base_url(settings: SettingValues) -> str:
    """Where Twilio is, of checked settings."""
    return settings.get(BASE_URL) or TWILIO


def problems(settings: SettingValues) -> list[SettingProblem]:
    """What is wrong. No sentence repeats a value: a secret may stand in the wrong field."""
    found = [
        SettingProblem(key, sentence)
        for key, form, sentence in (
            (ACCOUNT, r"AC[0-9a-fA-F]{32}", "An account SID is AC and 32 digits or letters a-f."),
            (KEY, r"SK[0-9a-fA-F]{32}", "A key's SID is SK and 32 digits or letters a-f."),
            (SECRET, r"[!-~]+", "The key's secret is missing, or has blanks or foreign letters."),
        )
        if re.fullmatch(form, settings.get(key, "")) is None
    ]
    service, number = settings.get(SERVICE, ""), settings.get(NUMBER, "")
    if bool(service) == bool(number):
        found.append(
            SettingProblem("", "Give a messaging service or a sender of your own, not both.")
        )
    if service and re.fullmatch(r"MG[0-9a-fA-F]{32}", service) is None:
        found.append(SettingProblem(SERVICE, "A service's SID is MG and 32 digits or letters a-f."))
    if number and not (is_e164(number) or _SHORT_CODE.fullmatch(number) or is_name(settings)):
        found.append(
            SettingProblem(
                NUMBER,
                "A sender is + and a number with its country, a short code of 3 to 8 digits, or a "
                "name of 1 to 11 letters, digits and blanks with a letter among them.",
            )
        )
    seconds = settings.get(TIMEOUT) or "10"
    if re.fullmatch(r"[0-9]{1,2}", seconds) is None or not 1 <= int(seconds) <= LONGEST_TIMEOUT:
        found.append(SettingProblem(TIMEOUT, f"The seconds are a number, 1 to {LONGEST_TIMEOUT}."))
    if not _may_carry_secrets(base_url(settings)):
        found.append(
            SettingProblem(BASE_URL, "The address begins with https:// and names a host only.")
        )
    return found


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, where a stand-in may listen."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _may_carry_secrets(url: str) -> bool:
    """Every request carries the key's secret, so it is encrypted or stays on this machine."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for one that cannot be
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.query or parts.fragment or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
