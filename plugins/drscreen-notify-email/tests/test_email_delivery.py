"""The notifier against a real mail server on loopback."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drscreen.adapters.notify.discovery import installed
from drscreen.adapters.notify.host import InstalledNotifiers
from drscreen.plugin_api import Enquiry, Message, Receipt, ReceiptState, SettingValues
from drscreen_notify_email import plugin
from tests.adapters.notify.notifiers import chosen
from tests.fakes.certificate import server_context
from tests.fakes.smtp import Fault, SmtpServer

PASSWORD = "pässword that nobody may read"
SENDER = "clinic@example.org"
BODY = "Hello,\n.your result is ready: <call> us.\n\nThe clinic"

Serve = Callable[..., SmtpServer]
Encrypted = tuple[SmtpServer, dict[str, str]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return server_context(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(SmtpServer(*arguments, **options))


@pytest.fixture(params=["none", "tls"])
def encrypted(
    request: pytest.FixtureRequest, serve: Serve, certificate: tuple[ssl.SSLContext, Path]
) -> Encrypted:
    """A server, and the settings that go with it."""
    context, trusted = certificate
    server = serve(None if request.param == "none" else context, tls=request.param == "tls")
    return server, {"security": request.param, "ca_file": str(trusted)}


def message(
    to: str = "patient@example.org", body: str = BODY, subject: str = "Your eye check"
) -> Message:
    return Message("0123456789abcdef", to, body, subject)


def settings(server: SmtpServer, **changed: str) -> SettingValues:
    values = {"host": "localhost", "port": str(server.port), "security": "none", "sender": SENDER}
    return SettingValues(values | {"sender_name": "Clínica"} | changed)


def send(server: SmtpServer, to: str = "patient@example.org", **changed: str) -> Receipt:
    return plugin.drscreen_send(message(to), settings(server, **changed))


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_message_arrives_whole(
    security: str, mechanism: str, serve: Serve, certificate: tuple[ssl.SSLContext, Path]
) -> None:
    context, trusted = certificate
    server = serve(
        None if security == "none" else context,
        tls=security == "tls",
        users={"us": PASSWORD},
        mechanisms=frozenset({mechanism}),
    )
    receipt = send(server, security=security, user="us", password=PASSWORD, ca_file=str(trusted))
    assert receipt.state is ReceiptState.ACCEPTED
    (received,) = server.received
    assert (received.sender, received.to) == (SENDER, "patient@example.org")
    mail = received.mail
    assert mail["Subject"] == "Your eye check"
    assert mail["From"].addresses[0].display_name == "Clínica"
    assert mail["Message-ID"] == "<0123456789abcdef@example.org>" == f"<{receipt.reference}>"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == BODY.splitlines()
    assert ".your result is ready: &lt;call&gt; us." in html.get_content()


def test_drscreen_finds_it_fit_and_sends_through_it(serve: Serve) -> None:
    server = serve()
    here = [one for one in installed() if one.offer.package == "drscreen-notify-email"]
    notifiers = InstalledNotifiers(candidates=lambda: here)
    notifiers.trust(chosen(here[0].offer))
    (found,) = notifiers.found()
    assert found.problem == ""
    values = settings(server)
    assert notifiers.check_settings("email", values) == []
    assert notifiers.check_address("email", "patient@example.org") == ""
    assert notifiers.send("email", message(), values).state is ReceiptState.ACCEPTED
    enquiry = Enquiry(message(), "", datetime(2026, 1, 1, tzinfo=UTC))
    assert notifiers.look_up("email", enquiry, values).reason == "cannot_ask"


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (Fault.REFUSE_RECIPIENT, ReceiptState.REFUSED, "550 5.1.1"),
        (Fault.GREYLIST, ReceiptState.DEFERRED, "450 4.2.0"),
        (Fault.DROP_AT_RECIPIENT, ReceiptState.DEFERRED, "no_answer"),
        (Fault.HANG_AT_RECIPIENT, ReceiptState.DEFERRED, "no_answer"),
        (Fault.DROP_AT_DATA, ReceiptState.DEFERRED, "no_answer"),
        (Fault.BUSY, ReceiptState.DEFERRED, "451 4.3.0"),
        (Fault.NONSENSE, ReceiptState.UNKNOWN, "timed_out"),
        (Fault.DROP_LOST, ReceiptState.UNKNOWN, "timed_out"),
        (Fault.DROP_ACCEPTED, ReceiptState.UNKNOWN, "timed_out"),
        (Fault.HANG_ACCEPTED, ReceiptState.UNKNOWN, "timed_out"),
    ],
)
def test_what_a_server_does_is_told_as_it_is(
    fault: Fault, state: ReceiptState, reason: str, encrypted: Encrypted
) -> None:
    server, options = encrypted
    patience = "3" if fault.startswith("hang") else "20"
    receipt = send(server, f"{fault}@example.org", timeout=patience, **options)
    assert (receipt.state, receipt.reason) == (state, reason)
    assert receipt.sentence
    assert not receipt.offline
    assert not receipt.misconfigured
    # Whoever hears that it may be tried again must not have it already.
    if state in (ReceiptState.DEFERRED, ReceiptState.REFUSED):
        assert not server.received
    assert str(fault) not in receipt.sentence + receipt.reason


def test_what_looks_like_spam_is_the_clinics_matter_and_not_given_up(encrypted: Encrypted) -> None:
    server, options = encrypted
    receipt = send(server, f"{Fault.SPAM}@example.org", **options)
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "554 5.7.1")
    assert receipt.misconfigured
    assert not server.received


def test_a_message_that_broke_off_is_never_called_accepted(encrypted: Encrypted) -> None:
    server, options = encrypted
    receipt = send(server, f"{Fault.DROP_IN_DATA}@example.org", **options)
    assert receipt.state in (ReceiptState.DEFERRED, ReceiptState.UNKNOWN)
    assert not server.received


def test_a_wrong_password_waits_for_an_administrator(
    serve: Serve, certificate: tuple[ssl.SSLContext, Path], caplog: pytest.LogCaptureFixture
) -> None:
    context, trusted = certificate
    server = serve(context, users={"us": "another"})
    receipt = send(server, security="starttls", user="us", password=PASSWORD, ca_file=str(trusted))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "535 5.7.8")
    assert receipt.misconfigured
    assert "settings" in receipt.sentence
    assert PASSWORD not in repr(receipt)


def test_a_missing_login_or_one_that_the_server_does_not_know_is_a_wrong_setting(
    serve: Serve,
) -> None:
    server = serve(users={"us": PASSWORD})
    assert send(server).reason == "530 5.7.0"
    deaf = serve(users={"us": PASSWORD}, mechanisms=frozenset())
    receipt = send(deaf, user="us", password=PASSWORD)
    assert receipt.misconfigured
    assert receipt.state is ReceiptState.DEFERRED


def test_a_sender_that_is_not_allowed_is_a_wrong_setting_and_not_the_patients_fault(
    serve: Serve,
) -> None:
    receipt = send(serve(senders=frozenset({"else@example.org"})))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "550 5.7.1")
    assert receipt.misconfigured
    assert SENDER not in receipt.sentence


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    security: str, serve: Serve, certificate: tuple[ssl.SSLContext, Path]
) -> None:
    server = serve(certificate[0], tls=security == "tls", users={"us": PASSWORD})
    receipt = send(server, security=security, user="us", password=PASSWORD)
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "certificate")
    assert receipt.misconfigured
    assert not server.received


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_host_is_refused(
    security: str, serve: Serve, tmp_path: Path
) -> None:
    context, trusted = server_context(tmp_path, host="elsewhere.example.org")
    server = serve(context, tls=security == "tls")
    receipt = send(server, security=security, ca_file=str(trusted))
    assert receipt.reason == "certificate"
    assert not server.received


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_nothing_goes_out_in_clear_where_encryption_was_asked_for(
    security: str, serve: Serve
) -> None:
    server = serve()
    receipt = send(server, security=security)
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "no_encryption")
    assert receipt.misconfigured
    assert not server.received


def test_a_server_that_is_not_there_is_nobodys_fault() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    receipt = send(SmtpServer(port=port))
    assert (receipt.state, receipt.offline) == (ReceiptState.DEFERRED, True)


def test_a_name_that_nobody_knows_is_nobodys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "asked nobody, in a test")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    receipt = send(SmtpServer(port=465), host="mail.example.org", security="tls")
    assert (receipt.state, receipt.offline) == (ReceiptState.DEFERRED, True)


@pytest.mark.parametrize(
    ("greeting", "misconfigured"),
    [("421 4.3.2 Closing down", False), ("554 5.7.1 Go away", True), ("hello", False)],
)
def test_an_unfriendly_greeting_leaves_the_message_here(
    greeting: str, misconfigured: bool, serve: Serve
) -> None:
    receipt = send(serve(greeting=greeting))
    assert (receipt.state, receipt.misconfigured) == (ReceiptState.DEFERRED, misconfigured)


def test_letters_of_every_script_arrive_or_are_refused_with_a_sentence(serve: Serve) -> None:
    server, old = serve(), serve(utf8=False)
    assert send(server, "रोगी@xn--h2brj9c.example").state is ReceiptState.ACCEPTED
    assert send(server, "p@Bücher.example").state is ReceiptState.ACCEPTED
    assert [one.to for one in server.received] == [
        "रोगी@xn--h2brj9c.example",
        "p@xn--bcher-kva.example",
    ]
    receipt = send(old, "रोगी@xn--h2brj9c.example")
    assert (receipt.state, receipt.reason) == (ReceiptState.REFUSED, "smtputf8")
    assert not old.received


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "p@example.org\r\nRCPT TO:<x@example.org>"},
        {"to": "p@example.org\nBcc: x@example.org"},
        {"to": "no address"},
        {"subject": "Hello\r\nBcc: x@example.org"},
        {"subject": "Hello\u2028Bcc: x@example.org"},
        {"body": "  \n"},
        {"body": "half a \ud800 letter"},
    ],
)
def test_what_is_no_message_is_refused_before_anybody_is_called(changed: dict[str, str]) -> None:
    nobody = settings(SmtpServer(port=1))
    receipt = plugin.drscreen_send(message(**changed), nobody)
    assert receipt.state is ReceiptState.REFUSED
    assert receipt.sentence
    assert "x@example" not in repr(receipt)


def test_a_line_break_in_the_text_stays_in_the_text(serve: Serve) -> None:
    server = serve()
    sly = "Hello\r\n.\r\nMAIL FROM:<x@example.org>\r\n\r\nBcc: x@example.org\n.\n.\r.\r\nend"
    receipt = plugin.drscreen_send(message(body=sly), settings(server))
    assert receipt.state is ReceiptState.ACCEPTED
    (received,) = server.received
    assert received.mail["Bcc"] is None
    plain = received.mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == sly.splitlines()


def test_settings_that_cannot_be_used_are_said_and_nothing_is_sent() -> None:
    receipt = plugin.drscreen_send(message(), SettingValues({"host": "mail.example.org"}))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "settings_wrong")
    assert receipt.misconfigured
