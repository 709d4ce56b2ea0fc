"""Whom an answer of a mail server is about, at each stage of the talk."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drscreen.plugin_api import Message, Receipt, ReceiptState, SettingValues
from drscreen_notify_email.address import parse
from drscreen_notify_email.delivery import deliver
from drscreen_notify_email.settings import read

PATIENT = "p@example.net"
SETTINGS, TIME, BUSY, RECIPIENT = "settings", "time", "busy", "recipient"


@contextmanager
def server(**script: str) -> Iterator[int]:
    """Says these lines: keys are the commands, `greeting`, and `end` for the whole message."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_talk, args=(listening, script), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(20)


def _talk(listening: socket.socket, script: dict[str, str]) -> None:
    line, _ = listening.accept()
    with line, line.makefile("rb") as heard:

        def say(key: str, usual: str) -> None:
            line.sendall(script.get(key, usual).encode() + b"\r\n")

        say("greeting", "220 mail.example.org")
        for command in heard:
            verb = command.strip().upper()[:4].decode()
            match verb:
                case "EHLO":
                    say("ehlo", "250-mail.example.org\r\n250-AUTH PLAIN\r\n250 SIZE 9999999")
                case "DATA":
                    say("data", "354 go on")
                    if script.get("data", "354").startswith("354"):
                        while heard.readline() not in (b".\r\n", b""):
                            pass
                        say("end", "250 2.0.0 taken")
                case "QUIT":
                    say("quit", "221 bye")
                    return
                case _:
                    usual = {"AUTH": "235 2.7.0 hello", "MAIL": "250 2.1.0", "RCPT": "250 2.1.5"}
                    say(verb.lower(), usual.get(verb, "250 ok"))


def told(security: str = "none", **script: str) -> Receipt:
    with server(**script) as port:
        values = {
            "host": "127.0.0.1",
            "port": str(port),
            "security": security,
            "sender": "clinic@example.org",
            "user": "us",
            "password": "p",
            "timeout": "5",
        }
        message = Message("n-1", PATIENT, "Please call us.", "Your visit")
        return deliver(message, parse(PATIENT), read(SettingValues(values)))


def about(receipt: Receipt) -> str:
    if receipt.state is ReceiptState.REFUSED:
        return RECIPIENT
    assert receipt.state is ReceiptState.DEFERRED
    if receipt.misconfigured:
        return SETTINGS
    return BUSY if receipt.busy else TIME


@pytest.mark.parametrize(
    ("stage", "answer", "whom"),
    [
        # Before anybody was named nothing can be the patient's.
        ("greeting", "421 4.3.2 closing", BUSY),
        ("greeting", "554 no service", SETTINGS),
        ("ehlo", "550 5.7.1 go away", SETTINGS),
        ("auth", "535 5.7.8 bad credentials", SETTINGS),
        ("auth", "534 5.7.9 application-specific password required", SETTINGS),
        ("auth", "535 5.7.139 switched off", SETTINGS),
        ("auth", "535 5.7.13 account disabled", SETTINGS),
        ("auth", "454 4.7.0 too many logins", BUSY),
        ("auth", "538 5.7.11 encrypt first", SETTINGS),
        ("mail", "530 5.7.0 Must issue a STARTTLS command first", SETTINGS),
        ("mail", "530 5.7.57 client not authenticated", SETTINGS),
        ("mail", "550 5.1.1 no such user", SETTINGS),
        ("mail", "550 5.2.1 disabled", SETTINGS),
        ("mail", "552 5.2.2 over quota", SETTINGS),
        ("mail", "553 5.1.8 sender's domain does not exist", SETTINGS),
        ("mail", "550 5.1.0 sender denied", SETTINGS),
        ("mail", "550 5.4.5 daily limit exceeded", BUSY),
        ("mail", "452 4.3.1 no space", BUSY),
        ("mail", "450 4.2.0 wait", BUSY),
        # The recipient.
        ("rcpt", "550 5.1.1 no such user", RECIPIENT),
        ("rcpt", "550-5.1.1 no such user, and more\r\n550-5.1.1 of it\r\n550 5.1.1 end", RECIPIENT),
        ("rcpt", "550 5.1.10 recipient not found", RECIPIENT),
        ("rcpt", "556 5.1.10 null MX", RECIPIENT),
        ("rcpt", "556 takes no mail", RECIPIENT),
        ("rcpt", "550 5.1.2 no such domain", RECIPIENT),
        ("rcpt", "550 5.2.1 mailbox disabled", RECIPIENT),
        ("rcpt", "551 5.1.6 moved", RECIPIENT),
        ("rcpt", "550 5.7.17 another owner", RECIPIENT),
        ("end", "550 5.1.1 no such user", RECIPIENT),
        # The recipient, with time.
        ("rcpt", "552 5.2.2 mailbox full", TIME),
        ("rcpt", "452 4.2.2 mailbox full", TIME),
        ("rcpt", "552 over storage", TIME),
        ("rcpt", "450 4.2.0 greylisted", TIME),
        ("rcpt", "450 4.2.1 too many messages to this mailbox", TIME),
        # All of them, with time.
        ("rcpt", "421 closing", BUSY),
        ("rcpt", "451 local error", BUSY),
        ("rcpt", "550 5.4.5 daily limit exceeded", BUSY),
        ("rcpt", "550 5.1.90 daily recipients", BUSY),
        ("rcpt", "451 4.7.1 too fast", BUSY),
        ("end", "550 5.4.5 daily limit exceeded", BUSY),
        ("end", "451 4.3.0 try again", BUSY),
        ("end", "421 4.7.28 unusual rate", BUSY),
        # This clinic.
        ("rcpt", "554 5.7.1 Relay access denied", SETTINGS),
        ("rcpt", "550 5.7.60 not permitted to send as this sender", SETTINGS),
        ("rcpt", "550 5.1.0 address rejected", SETTINGS),
        ("rcpt", "550 5.4.1 access denied", SETTINGS),
        ("rcpt", "554 5.4.14 hop count exceeded", SETTINGS),
        ("rcpt", "535 5.7.8 who are you", SETTINGS),
        ("end", "554 5.2.252 SendAsDenied", SETTINGS),
        ("end", "550 5.7.26 unauthenticated sender", SETTINGS),
        ("end", "552 5.7.0 blocked content", SETTINGS),
        ("end", "552 5.3.4 too big", SETTINGS),
        ("end", "552 too big or full", SETTINGS),
        ("end", "550 5.6.0 not conforming", SETTINGS),
        ("data", "554 5.5.1 no valid recipients", SETTINGS),
        # Doubt, too.
        ("rcpt", "550 no such user", SETTINGS),
        ("rcpt", "554 no", SETTINGS),
        ("end", "554 no", SETTINGS),
        ("rcpt", "553 sorry, not in my list of allowed rcpthosts", SETTINGS),
        ("rcpt", "550 5.0.0 no", SETTINGS),
        ("rcpt", "550 2.1.5 fine", SETTINGS),
        ("rcpt", "550 5.999.999 what", SETTINGS),
        ("rcpt", "550 5.1.1.2 an address of the net", SETTINGS),
        ("rcpt", "550-5.1.1 no such user\r\n550 5.7.1 or not allowed", SETTINGS),
        # One part says never, the other not now.
        ("rcpt", "450 5.1.1 no such user", TIME),
        ("rcpt", "450 4.1.1 no such user for now", TIME),
        ("rcpt", "550 4.2.2 mailbox full", TIME),
        ("rcpt", "550 4.7.1 come again", BUSY),
    ],
)
def test_whom_an_answer_is_about(stage: str, answer: str, whom: str) -> None:
    receipt = told(**{stage: answer})
    assert about(receipt) == whom
    assert receipt.sentence.endswith(".")
    assert receipt.reason[:3] == answer[:3]
    assert set(receipt.reason) <= set("0123456789. ")
    if whom == SETTINGS:
        assert "dministrator" in receipt.sentence
    else:
        assert "dministrator" not in receipt.sentence


@pytest.mark.parametrize(
    ("answer", "whom"), [("454 4.7.0 not for now", BUSY), ("502 5.5.1 what", SETTINGS)]
)
def test_encryption_that_is_offered_and_then_refused(answer: str, whom: str) -> None:
    offers = "250-mail.example.org\r\n250 STARTTLS"
    assert about(told("starttls", ehlo=offers, star=answer)) == whom


@pytest.mark.parametrize(
    ("stage", "answer"), [("auth", "334"), ("rcpt", "354 what"), ("mail", "?")]
)
def test_nonsense_before_the_message_is_tried_again(stage: str, answer: str) -> None:
    receipt = told(**{stage: answer})
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "no_answer")


def test_after_the_whole_message_silence_is_not_taken_for_a_no() -> None:
    assert told(end="").state is ReceiptState.UNKNOWN
    assert told().state is ReceiptState.ACCEPTED
