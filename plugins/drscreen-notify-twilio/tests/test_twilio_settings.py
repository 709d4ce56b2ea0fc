"""What an administrator hears of settings, and how the notifier presents itself."""

from __future__ import annotations

import pluggy
import pytest

import drscreen_notify_twilio
from drscreen.plugin_api import API_VERSION, PROJECT, NotifierHooks, SettingKind, SettingValues
from drscreen_notify_twilio.codes import CODES, OPTED_OUT, Cure
from drscreen_notify_twilio.settings import SCHEMA

GOOD = {
    "account_sid": "AC" + "0a" * 16,
    "key_sid": "SK" + "1B" * 16,
    "key_secret": "abcDEF0123456789",
    "messaging_service_sid": "MG" + "2c" * 16,
}


def wrong(**changed: str) -> list[str]:
    found = drscreen_notify_twilio.drscreen_check_settings(SettingValues(GOOD | changed))
    assert all(problem.sentence.endswith(".") for problem in found)
    return [problem.key for problem in found]


def test_good_settings_have_no_problem() -> None:
    assert wrong() == []
    assert wrong(messaging_service_sid="", from_number="+15005550006") == []
    assert wrong(timeout_seconds="20", base_url="https://api.dublin.ie1.twilio.com") == []


@pytest.mark.parametrize(
    ("key", "values"),
    [
        (
            "account_sid",
            ["", "AC123", "SK" + "0" * 32, "AC" + "g" * 32, GOOD["account_sid"] + "\n"],
        ),
        ("key_sid", ["", "AC" + "0" * 32]),
        ("key_secret", ["", "two words", "naïve", "line\nbreak"]),
        ("messaging_service_sid", ["MG1", "+15005550006"]),
        ("timeout_seconds", ["0", "21", "ten", "-1", "1.5", "1" * 50]),
        (
            "base_url",
            [
                *("api.twilio.com", "http://api.twilio.com", "ftp://localhost", "https://"),
                *("https://name:word@host", "https://host?x=1", "https://host:99999"),
                *("http://127.0.0.1.example.org", "http://localhost.example.org", "https://[::1"),
                "https://a b",
            ],
        ),
    ],
)
def test_a_wrong_setting_is_named(key: str, values: list[str]) -> None:
    for value in values:
        assert wrong(**{key: value}) == [key], value


def test_there_is_exactly_one_sender() -> None:
    assert wrong(messaging_service_sid="") == [""]
    assert wrong(from_number="+15005550006") == [""]
    assert wrong(messaging_service_sid="", from_number="55500067890") == ["from_number"]


@pytest.mark.parametrize(
    "sender",
    ["+15005550006", "123", "12345678", "EyeClinic", "A", "Eye 1", "3D Eye"],
)
def test_every_kind_of_sender_is_taken(sender: str) -> None:
    found = drscreen_notify_twilio.drscreen_check_settings(
        SettingValues(GOOD | {"messaging_service_sid": "", "from_number": sender})
    )
    assert not any(problem.hinders for problem in found)
    notes = [problem.sentence for problem in found]
    assert bool(notes) is not sender.strip("+").isdigit()
    assert all("STOP" in note for note in notes)


@pytest.mark.parametrize(
    "sender",
    [
        "12",
        "123456789",
        "Eye Clinic 12",
        "Clínica",
        "Eye-Clinic",
        " Eye",
        "Eye ",
        "+EYE",
        "1 2",
        " ",
    ],
)
def test_what_is_no_sender_is_named(sender: str) -> None:
    assert wrong(messaging_service_sid="", from_number=sender) == ["from_number"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8089", "http://localhost:1", "http://[::1]:80"])
def test_a_stand_in_on_this_machine_needs_no_tls(url: str) -> None:
    assert wrong(base_url=url) == []


def test_no_sentence_repeats_what_was_typed() -> None:
    typed = {setting.key: "Zq7-canary" for setting in SCHEMA}
    found = drscreen_notify_twilio.drscreen_check_settings(SettingValues(typed))
    assert found
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("+34600112233", True),
        ("+919876543210", True),
        ("34600112233", False),
        ("+034600112233", False),
        ("+34 600 112 233", False),
        ("+34600112233\n", False),
        ("+1234567890123456", False),
        ("ana@example.org", False),
        ("", False),
    ],
)
def test_an_address_is_a_number_with_its_country(address: str, good: bool) -> None:
    sentence = drscreen_notify_twilio.drscreen_check_address(address)
    assert (sentence == "") is good
    assert not address or address not in sentence


def test_drscreen_finds_it_with_all_its_hooks() -> None:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(NotifierHooks)
    manager.register(drscreen_notify_twilio)
    manager.check_pending()
    [info] = manager.hook.drscreen_notifier_info()
    assert (info.name, info.channel, info.api_version) == ("twilio", "sms", API_VERSION)
    assert info.looks_up
    hooks = {name for name in vars(NotifierHooks) if name.startswith("drscreen_")}
    callers = manager.get_hookcallers(drscreen_notify_twilio) or []
    assert {caller.name for caller in callers} == hooks
    secret = [setting.key for setting in info.settings if setting.kind is SettingKind.SECRET]
    assert secret == ["key_secret"]


def test_every_code_has_one_meaning_and_a_sentence() -> None:
    rows = drscreen_notify_twilio.codes._ROWS
    assert len(CODES) == sum(len(codes) for _, _, codes in rows)
    assert all(sentence.endswith(".") for _, sentence in CODES.values())
    assert CODES[OPTED_OUT][0] is Cure.NOTHING
