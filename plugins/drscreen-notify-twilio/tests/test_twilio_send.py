"""Creating a message: real HTTP over loopback, by Twilio's own client."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from twilio_samples import NUMBER, TEXT, assert_tells_nothing, message, settings_for

from drscreen.plugin_api import Receipt, ReceiptState
from drscreen_notify_twilio import drscreen_send
from tests.fakes.twilio import StandIn, Trouble
from tests.fakes.twilio_account import SERVICE
from tests.fakes.twilio_http import MAGIC_TO


@pytest.fixture
def twilio(caplog: pytest.LogCaptureFixture) -> Iterator[StandIn]:
    caplog.set_level(logging.DEBUG)
    with StandIn() as stand_in:
        yield stand_in


def test_a_message_is_accepted_once_and_has_a_reference(
    twilio: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = drscreen_send(message(), settings_for(twilio))
    [sms] = twilio.messages()
    assert receipt == Receipt(ReceiptState.ACCEPTED, sms.sid)
    assert (sms.to, sms.body, sms.sender) == (NUMBER, TEXT, "+15005550006")
    assert_tells_nothing(receipt, caplog)


def test_a_messaging_service_sends_where_one_is_set(twilio: StandIn) -> None:
    settings = settings_for(twilio, from_number="", messaging_service_sid=SERVICE)
    assert drscreen_send(message(), settings).state is ReceiptState.ACCEPTED
    [sms] = twilio.messages()
    assert (sms.service, sms.sender) == (SERVICE, "")


@pytest.mark.parametrize(("hours", "seconds"), [(2, 7200), (24, 36_000), (0.0001, 1), (-1, 1)])
def test_twilio_is_told_how_long_a_message_is_good_for(
    twilio: StandIn, hours: float, seconds: int
) -> None:
    drscreen_send(message(hours=hours), settings_for(twilio))
    assert [sms.validity for sms in twilio.messages()] == [seconds]


@pytest.mark.parametrize("number", [*MAGIC_TO, "+0999777", "+34600999888"])
def test_a_number_that_twilio_refuses_is_refused_with_its_code(
    twilio: StandIn, number: str, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.stopped.add("+34600999888")
    receipt = drscreen_send(message(to=number), settings_for(twilio))
    code = MAGIC_TO.get(number, 21610 if number == "+34600999888" else 21211)
    assert receipt.reason == str(code)
    assert receipt.state is ReceiptState.REFUSED
    assert receipt.opted_out is (code == 21610)
    assert number[1:] not in repr(receipt.sentence) + caplog.text
    assert not twilio.messages()


@pytest.mark.parametrize("code", [20003, 20005, 21212, 21704])
def test_what_an_administrator_can_mend_is_not_lost(twilio: StandIn, code: int) -> None:
    twilio.script(code)
    receipt = drscreen_send(message(), settings_for(twilio))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, str(code))
    assert receipt.misconfigured
    assert "dministrator" in receipt.sentence


@pytest.mark.parametrize("code", [21606, 21611, 30034])
def test_what_stops_some_numbers_only_does_not_stop_the_others(twilio: StandIn, code: int) -> None:
    twilio.script(code)
    receipt = drscreen_send(message(), settings_for(twilio))
    assert (receipt.state, receipt.misconfigured) == (ReceiptState.DEFERRED, False)


@pytest.mark.parametrize("sender", ["EyeClinic", "Eye 1", "24453"])
def test_a_name_and_a_short_code_send_too(twilio: StandIn, sender: str) -> None:
    receipt = drscreen_send(message(), settings_for(twilio, from_number=sender))
    assert receipt.state is ReceiptState.ACCEPTED
    assert [sms.sender for sms in twilio.messages()] == [sender]


def test_no_text_asks_for_stop_as_an_answer_to_a_name(twilio: StandIn) -> None:
    asks = message(body="Please call us. Reply STOP to end.")
    receipt = drscreen_send(asks, settings_for(twilio, from_number="EyeClinic"))
    assert (receipt.state, receipt.misconfigured) == (ReceiptState.DEFERRED, True)
    assert "STOP" in receipt.sentence
    assert not twilio.messages()
    assert drscreen_send(asks, settings_for(twilio)).state is ReceiptState.ACCEPTED


def test_a_country_that_takes_no_names_refuses_the_one_notice(twilio: StandIn) -> None:
    twilio.script(21612)
    receipt = drscreen_send(message(), settings_for(twilio, from_number="EyeClinic"))
    assert (receipt.state, receipt.misconfigured) == (ReceiptState.REFUSED, False)
    assert "sender" in receipt.sentence


def test_a_days_limit_lets_the_channel_rest(twilio: StandIn) -> None:
    twilio.script(63038)
    receipt = drscreen_send(message(), settings_for(twilio))
    assert (receipt.state, receipt.busy) == (ReceiptState.DEFERRED, True)


def test_a_wrong_key_is_said_and_the_notice_kept(
    twilio: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = drscreen_send(message(), settings_for(twilio, key_secret="wrong-Kb3xQ"))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "20003")
    assert "settings" in receipt.sentence
    assert receipt.misconfigured
    assert_tells_nothing(receipt, caplog)
    assert "wrong-Kb3xQ" not in caplog.text + repr(receipt)


def test_another_account_than_the_keys_is_said(twilio: StandIn) -> None:
    receipt = drscreen_send(message(), settings_for(twilio, account_sid="AC" + "9" * 32))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "20404")


def test_a_code_that_nobody_knows_yet_is_final_where_the_status_is(
    twilio: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.script(29999)
    receipt = drscreen_send(message(), settings_for(twilio))
    assert (receipt.state, receipt.reason) == (ReceiptState.REFUSED, "29999")
    assert_tells_nothing(receipt, caplog)


FAR_AHEAD = format_datetime(datetime(2999, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("header", ["7", FAR_AHEAD, ""])
def test_too_many_requests_wait_as_long_as_twilio_asks(twilio: StandIn, header: str) -> None:
    twilio.retry_after = header
    twilio.script(Trouble.TOO_MANY)
    receipt = drscreen_send(message(), settings_for(twilio))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "20429")
    wanted = {"7": timedelta(seconds=7), "": None}
    assert receipt.retry_after == wanted.get(header, timedelta(days=1))
    assert not twilio.messages()


@pytest.mark.parametrize(
    ("trouble", "taken"),
    [
        (Trouble.ERROR, False),
        (Trouble.ERROR_TAKEN, True),
        (Trouble.UNAVAILABLE, False),
        (Trouble.HANG, False),
        (Trouble.HANG_TAKEN, True),
        (Trouble.DROP_LOST, False),
        (Trouble.DROP, True),
        (Trouble.TORN, True),
        (Trouble.GIBBERISH, True),
    ],
)
def test_what_may_have_been_taken_is_unknown_and_never_sent_again(
    twilio: StandIn, trouble: Trouble, taken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.script(trouble)
    receipt = drscreen_send(message(), settings_for(twilio))
    assert receipt.state is ReceiptState.UNKNOWN
    assert not receipt.offline
    assert receipt.reason
    assert twilio.requests == 1
    assert sum(twilio.counts().values()) == taken
    assert_tells_nothing(receipt, caplog)


def test_without_a_connection_it_waits(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with StandIn() as gone:
        settings = settings_for(gone)
    receipt = drscreen_send(message(), settings)
    assert (receipt.state, receipt.offline) == (ReceiptState.DEFERRED, True)
    assert_tells_nothing(receipt, caplog)


def test_a_name_that_nobody_resolves_is_no_connection(
    twilio: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    receipt = drscreen_send(message(), settings_for(twilio, base_url="http://localhost:9"))
    assert (receipt.state, receipt.offline) == (ReceiptState.DEFERRED, True)


def test_a_hotels_portal_that_speaks_no_tls_is_no_connection(twilio: StandIn) -> None:
    url = twilio.url.replace("http:", "https:")
    receipt = drscreen_send(message(), settings_for(twilio, base_url=url))
    assert (receipt.state, receipt.offline) == (ReceiptState.DEFERRED, True)
    assert not twilio.messages()


def test_a_certificate_that_is_not_twilios_is_no_connection(
    twilio: StandIn, certificate: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    received: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                received.append(secured.recv(1000))
        except (ssl.SSLError, OSError):
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        receipt = drscreen_send(message(), settings_for(twilio, base_url=url))
        thread.join()
    assert (receipt.state, receipt.offline) == (ReceiptState.DEFERRED, True)
    assert not any(received)


def test_a_proxy_and_a_region_of_the_machine_do_not_redirect_a_stand_in(
    twilio: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    assert drscreen_send(message(), settings_for(twilio)).state is ReceiptState.ACCEPTED


def test_wrong_settings_are_said_before_anything_is_sent(twilio: StandIn) -> None:
    receipt = drscreen_send(message(), settings_for(twilio, messaging_service_sid=SERVICE))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, "settings_wrong")
    assert receipt.misconfigured
    assert twilio.requests == 0


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody signed, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
