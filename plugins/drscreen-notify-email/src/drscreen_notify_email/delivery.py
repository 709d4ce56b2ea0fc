"""The talk with the mail server: one message, and what is known of it afterwards."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from drscreen.plugin_api import Message, Receipt, ReceiptState
from drscreen_notify_email import answers
from drscreen_notify_email.address import Address
from drscreen_notify_email.codes import Reply, Stage, read
from drscreen_notify_email.mail import compose, message_id
from drscreen_notify_email.settings import STARTTLS, TLS, Server

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Seconds for all of it, below `drscreen.plugin_api.TIME_LIMIT`; after that it is given up, which
#: is harmless until the message is handed over.
_BUDGET = 45.0
#: Seconds to say goodbye in; the message is taken by then.
_GOODBYE = 2.0
#: RFC 4954 4: no way of logging in that both sides know.
_UNKNOWN_LOGIN = 504


class _No(Exception):
    """The server said no. Holds its codes alone, for its text may quote an address."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.reason)
        self.reply = reply


class _NoAuthority(Exception):
    """The certificate authority's file was there when the settings were checked."""


def deliver(message: Message, to: Address, server: Server) -> Receipt:
    """Hand one message over. Raises `mail.MessageUnfit`; answers everything that a server does."""
    content = compose(message, to, server.sender, server.sender_name)
    talk = _Talk(server)
    try:
        talk.open()
        receipt = talk.hand_over(to, content)
    except _NoAuthority:
        receipt = answers.wrong_settings("certificate", "The certificate authority's file is gone.")
    except _No as error:
        receipt = answers.answered(error.reply, talk.stage)
    except (smtplib.SMTPException, OSError) as error:
        receipt = _broken(error, talk.stage)
    finally:
        talk.end()
    if receipt.state is ReceiptState.ACCEPTED:
        return replace(receipt, reference=message_id(message, server.sender))
    return receipt


def _broken(error: smtplib.SMTPException | OSError, stage: Stage) -> Receipt:
    """What a talk that ended without an answer means."""
    if stage is Stage.HANDED_OVER:
        return answers.unknown()
    if isinstance(error, ssl.SSLCertVerificationError):
        return answers.bad_certificate()
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        words = said if isinstance(said, bytes) else said.encode()
        return answers.answered(read(error.smtp_code, words), stage)
    if isinstance(error, ssl.SSLEOFError):  # hung up, whatever it would have spoken
        return answers.gone()
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
        return answers.no_encryption()
    return answers.unreachable() if stage is Stage.CONNECTING else answers.gone()


class _Talk(smtplib.SMTP):
    """smtplib's client with a budget of time, one class for every kind of encryption, and a DATA
    command that knows whether the line that ends the message went out.
    """

    def __init__(self, server: Server) -> None:
        # Our own host name is nobody's business, and looking it up takes long without a network.
        super().__init__(local_hostname=server.sender.domain, timeout=server.timeout)
        self.stage = Stage.CONNECTING
        self._server = server
        self._until = time.monotonic() + _BUDGET

    def open(self) -> None:
        """Connect, encrypt, log in."""
        # What `starttls` checks the certificate's name against; only the constructor sets it.
        self._host = self._server.host
        self._expect(self.connect(self._server.host, self._server.port), 220)
        self._greet()
        if self._server.security == STARTTLS:
            self.starttls(context=self._context())
            self._greet()
        self.stage = Stage.LOGIN
        if self._server.user:
            self._log_in()

    def hand_over(self, to: Address, content: bytes) -> Receipt:
        """Send one message."""
        self.stage = Stage.SENDER
        if to.needs_utf8 and not self.has_extn("smtputf8"):
            return answers.no_letters()
        options = ["SMTPUTF8", "BODY=8BITMIME"] if to.needs_utf8 else []
        self._expect(self.mail(self._server.sender.spelled, options), 250)
        self.stage = Stage.RECIPIENT
        self._expect(self.rcpt(to.spelled), 250, 251)
        self.stage = Stage.CONTENT
        self._expect(self.docmd("DATA"), 354)
        # RFC 5321 4.5.2. Without the last line no server takes the message.
        self.send(re.sub(rb"(?m)^\.", b"..", content))
        self.stage = Stage.HANDED_OVER
        self.send(b".\r\n")
        self._expect(self.getreply(), 250)
        return Receipt(ReceiptState.ACCEPTED)

    def end(self) -> None:
        """Say goodbye where somebody listens."""
        with suppress(smtplib.SMTPException, OSError):
            if self.sock is not None:
                self._until = time.monotonic() + _GOODBYE
                self.docmd("QUIT")
        self.close()

    def send(self, s: ReadableBuffer | str) -> None:
        """smtplib's, within what is left of the time."""
        if self.sock is not None:
            self.sock.settimeout(self._left())
        super().send(s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Where smtplib lets a subclass make another connection, as its own SMTP_SSL does."""
        context = self._context() if self._server.security == TLS else None
        sock = self._connected(host, port)
        # The last line is sent by itself and must not wait for what came before it.
        self.stage = Stage.GREETING
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(sock, server_hostname=host) if context else sock

    def _connected(self, host: str, port: int) -> socket.socket:
        """The first of a server's addresses that answers, within what is left of the time."""
        failed: OSError | None = None
        for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return socket.create_connection((str(found[4][0]), port), self._left())
            except OSError as error:
                failed = error
        raise failed or OSError("no address")

    def _context(self) -> ssl.SSLContext:
        try:
            return self._server.context()
        except OSError as error:
            raise _NoAuthority from error

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, self._server.timeout)

    def _greet(self) -> None:
        self._expect(self.ehlo(), 250)

    def _log_in(self) -> None:
        """AUTH PLAIN (RFC 4616) or LOGIN; smtplib's own takes ASCII passwords only."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        user, password = self._server.user.encode(), self._server.password.encode()
        if "PLAIN" in offered:
            secret = _base64(b"\0" + user + b"\0" + password)
            self._expect(self.docmd("AUTH", f"PLAIN {secret}"), 235)
        elif "LOGIN" in offered:
            self._expect(self.docmd("AUTH", "LOGIN"), 334)
            self._expect(self.docmd(_base64(user)), 334)
            self._expect(self.docmd(_base64(password)), 235)
        else:
            raise _No(Reply(_UNKNOWN_LOGIN))

    @staticmethod
    def _expect(answer: tuple[int, bytes], *wanted: int) -> None:
        code, text = answer
        if code not in wanted:
            raise _No(read(code, text))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
