"""Settings, addresses and the message, without a server."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.header import decode_header
from pathlib import Path

import pytest

from drscreen.plugin_api import API_VERSION, Message, SettingKind, SettingValues
from drscreen_notify_email import plugin
from drscreen_notify_email.address import parse
from drscreen_notify_email.mail import as_html, compose
from drscreen_notify_email.settings import read

GOOD = {
    "host": "mail.example.org",
    "user": "us",
    "password": "secret",
    "sender": "clinic@example.org",
}
SENDER = parse("clinic@example.org")


def test_it_says_who_it_is_and_hides_its_password() -> None:
    info = plugin.drscreen_notifier_info()
    assert (info.name, info.channel, info.api_version) == ("email", "email", API_VERSION)
    assert not info.looks_up
    secret = {s.key for s in info.settings if s.kind is SettingKind.SECRET}
    assert secret == {"password"}
    assert "secret" not in repr(read(SettingValues(GOOD)))


@pytest.mark.parametrize(
    "values",
    [
        GOOD,
        {"host": "localhost", "security": "none", "sender": "clinic@example.org"},
        {"host": "::1", "security": "none", "sender": "clinic@example.org"},
        GOOD | {"security": "tls", "port": "", "timeout": ""},
    ],
)
def test_good_settings_have_no_problem(values: dict[str, str]) -> None:
    assert plugin.drscreen_check_settings(SettingValues(values)) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", ""),
        ("host", "mail example"),
        ("host", "mail..example.org"),
        ("security", "sometimes"),
        ("security", "none"),
        ("port", "70000"),
        ("port", "smtp"),
        ("user", ""),
        ("password", ""),
        ("sender", ""),
        ("sender", "clinic"),
        ("sender", "clinic@example.org\r\nBcc: x@example.org"),
        ("sender", "клиника@example.org"),
        ("sender_name", "Clinic\r\nBcc: x@example.org"),
        ("sender_name", "Clinic " * 20),
        ("ca_file", "/no/such/file.pem"),
        ("timeout", "0"),
        ("timeout", "600"),
    ],
)
def test_each_wrong_setting_is_named(key: str, value: str) -> None:
    problems = plugin.drscreen_check_settings(SettingValues(GOOD | {key: value}))
    assert [problem.key for problem in problems] == [key]
    assert problems[0].sentence


def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing of the kind")
    (problem,) = plugin.drscreen_check_settings(SettingValues(GOOD | {"ca_file": str(path)}))
    assert problem.key == "ca_file"


@pytest.mark.parametrize(
    "address",
    ["a@example.org", "a.b+c@sub.example.org", "o'brien@example.org", "रोगी@example.org"],
)
def test_addresses_that_can_be_written_to(address: str) -> None:
    assert plugin.drscreen_check_address(address) == ""


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "a@",
        "@example.org",
        "example.org",
        "a b@example.org",
        "a..b@example.org",
        ".a@example.org",
        '"a b"@example.org',
        "a@b@example.org",
        "a@localhost",
        "a@[127.0.0.1]",
        "a@exa mple.org",
        "a@example.org\n",
        "a\r\n@example.org",
        "a@example..org",
        "a@-example.org",
        "a@straße.example",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + "b." * 130 + "org",
    ],
)
def test_addresses_that_cannot(address: str) -> None:
    sentence = plugin.drscreen_check_address(address)
    assert sentence.endswith(".")
    assert len(address) < 2 or address not in sentence


@pytest.mark.parametrize(
    "subject",
    [
        "Your result is ready",
        "Votre résultat est prêt : appelez-nous, s'il vous plaît, au numéro de la clinique",
        "आपकी नेत्र जाँच का परिणाम तैयार है कृपया हमें फ़ोन करें " * 2,
        "=?utf-8?b?SGVsbG8=?= is not Hello",
        "long " * 29,
    ],
)
def test_subjects_and_names_survive_the_wire(subject: str) -> None:
    subject = subject.strip()[:150]
    raw = compose(message(subject=subject), parse("p@example.org"), SENDER, subject[:40])
    head = raw.split(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 100
    # Read as another mail program would, by RFC 2047 alone.
    unfolded = head.decode().replace("\r\n ", " ").replace("\r\n", "\n")
    line = re.search(r"^Subject: (.*)$", unfolded, re.M)
    assert line is not None
    decoded = "".join(
        part.decode(charset or "ascii") if isinstance(part, bytes) else part
        for part, charset in decode_header(line[1])
    )
    assert decoded == subject


def test_the_page_is_in_the_patients_language_and_loads_nothing() -> None:
    page = as_html(message(body='<img src="http://x"> & more\nline\n\nnext', language="hi"))
    assert '<html lang="hi"' in page
    assert "&lt;img src=&quot;http://x&quot;&gt; &amp; more<br>line</p>\n<p>next" in page
    assert not re.search(r"<(img|link|script|style|a|iframe)\b", page)
    assert '<html lang="und"' in as_html(message(language='en"><script>'))


def test_the_head_names_nobody_but_the_two_ends() -> None:
    raw = compose(message(), parse("p@example.org"), SENDER, 'The "Clinic"')
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["From"].addresses[0].display_name == 'The "Clinic"'
    assert mail["To"] == "p@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert set(mail.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("MIME-Version", "Content-Type"),
    }


def message(
    body: str = "Please call us.", subject: str = "Your eye check", language: str = "en"
) -> Message:
    return Message("0123456789abcdef", "p@example.org", body, subject=subject, language=language)
