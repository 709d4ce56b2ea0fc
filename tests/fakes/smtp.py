"""A real mail server on loopback that takes messages, refuses, drops and hangs on demand.

By hand: `python -m tests.fakes.smtp --port 2525`; what comes in is printed. The name before the @
says what happens, by the words of `Fault`: a message to `drop_accepted@example.org` is taken, and
the connection dropped before the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.fakes.certificate import server_context


class Fault(StrEnum):
    """What goes wrong with one message, in the order of the talk."""

    NONE = "none"
    REFUSE_RECIPIENT = "refuse_recipient"
    GREYLIST = "greylist"
    DROP_AT_RECIPIENT = "drop_at_recipient"
    HANG_AT_RECIPIENT = "hang_at_recipient"
    DROP_AT_DATA = "drop_at_data"
    #: In the midst of the message. A client that sent all of it cannot tell this from `DROP_LOST`.
    DROP_IN_DATA = "drop_in_data"
    BUSY = "busy"
    SPAM = "spam"
    NONSENSE = "nonsense"
    #: After the final dot: the message is lost, or kept, and nobody is told which.
    DROP_LOST = "drop_lost"
    DROP_ACCEPTED = "drop_accepted"
    HANG_ACCEPTED = "hang_accepted"


@dataclass(frozen=True)
class Received:
    """A message that was taken. `content` is what went over the wire, dots unstuffed."""

    sender: str
    to: str
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


def by_name(address: str) -> Fault:
    """The fault that an address names, else none."""
    name = address.partition("@")[0]
    return Fault(name) if name in set(Fault) else Fault.NONE


@dataclass
class SmtpServer:
    """Runs from `with` to its end, on a thread of its own. `port` 0 finds a free one.

    `decide` says from the recipient's address what goes wrong. `tls` encrypts from the first byte,
    otherwise STARTTLS is demanded where there is a `context`. Where there are `users`, one has to
    log in. `senders` are the addresses that may write, anyone where empty. `greeting` replaces the
    first line. `keep` is given each message that was taken, instead of `received`.
    """

    context: ssl.SSLContext | None = None
    tls: bool = False
    users: dict[str, str] = field(default_factory=dict)
    senders: frozenset[str] = frozenset()
    mechanisms: frozenset[str] = frozenset({"PLAIN", "LOGIN"})
    utf8: bool = True
    greeting: str = ""
    decide: Callable[[str], Fault] = by_name
    keep: Callable[[Received], None] | None = None
    port: int = 0
    received: list[Received] = field(default_factory=list)

    def __enter__(self) -> SmtpServer:
        self._ready = threading.Event()
        self._talks: set[_Talk] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        if not self._ready.wait(30):
            raise TimeoutError("the mail server did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)

    def begun(self, talk: _Talk) -> None:
        """A connection is there."""
        self._talks.add(talk)

    def ended(self, talk: _Talk) -> None:
        """A connection is over."""
        self._talks.discard(talk)

    def take(self, envelope: Envelope) -> None:
        """Keep a message."""
        assert isinstance(envelope.content, bytes)
        received = Received(str(envelope.mail_from), envelope.rcpt_tos[0], envelope.content)
        (self.keep or self.received.append)(received)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(
            lambda: _Talk(self, _Handler(self)),
            "127.0.0.1",
            self.port,
            ssl=self.context if self.tls else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for talk in list(self._talks):
            talk.drop()
        while self._talks:  # each comes to its end by itself
            await asyncio.sleep(0.01)


class _Handler:
    """What aiosmtpd asks about one connection."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._logged_in = not server.users
        self.fault = Fault.NONE

    def log_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        user, password = data.login.decode(), data.password.decode()
        self._logged_in = self._server.users.get(user) == password
        return AuthResult(success=self._logged_in, handled=False)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self._logged_in:
            return "530 5.7.0 Authentication required"
        if self._server.senders and address not in self._server.senders:
            return f"550 5.7.1 <{address}>: not your address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: _Talk, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.fault = self._server.decide(address)
        match self.fault:
            case Fault.REFUSE_RECIPIENT:
                return f"550 5.1.1 <{address}>: no such person"
            case Fault.GREYLIST:
                return f"450 4.2.0 <{address}>: come again in five minutes"
            case Fault.DROP_AT_RECIPIENT:
                server.drop()
            case Fault.HANG_AT_RECIPIENT:
                await asyncio.Event().wait()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: _Talk, session: Session, envelope: Envelope
    ) -> str:
        match self.fault:
            case Fault.BUSY:
                return "451 4.3.0 Try again later"
            case Fault.SPAM:
                return "554 5.7.1 This looks like spam"
            case Fault.DROP_LOST:
                server.drop()
                return "250 OK"
        self._server.take(envelope)
        match self.fault:
            case Fault.NONSENSE:
                return "hello there"
            case Fault.DROP_ACCEPTED:
                server.drop()
            case Fault.HANG_ACCEPTED:
                await asyncio.Event().wait()
        return "250 OK"


class _Talk(SMTP):
    """One connection."""

    def __init__(self, server: SmtpServer, handler: _Handler) -> None:
        self._server, self._handler = server, handler
        begins_in_clear = server.context is not None and not server.tls
        super().__init__(
            handler,
            hostname="mail.example.org",
            ident="stand-in",
            enable_SMTPUTF8=server.utf8,
            tls_context=server.context if begins_in_clear else None,
            require_starttls=begins_in_clear,
            auth_require_tls=begins_in_clear,
            auth_exclude_mechanism={"PLAIN", "LOGIN"} - server.mechanisms,
            authenticator=handler.log_in,
            loop=asyncio.get_running_loop(),
        )

    def drop(self) -> None:
        """End the connection without a word."""
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined] # untyped there

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._server.begun(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        assert self._handler_coroutine is not None
        self._handler_coroutine.add_done_callback(lambda _: self._server.ended(self))

    async def push(self, status: Any) -> None:
        if self._server.greeting and str(status).startswith("220 mail.example.org"):
            status = self._server.greeting
        await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        if self._handler.fault is Fault.DROP_IN_DATA:
            await self.push("354 Go on")
            await self._reader.readline()
        if self._handler.fault in (Fault.DROP_AT_DATA, Fault.DROP_IN_DATA):
            self.drop()
            return
        await super().smtp_DATA(arg)


def main() -> None:
    """Serve until somebody presses Ctrl-C, and print what comes in."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.fakes.smtp")
    parser.add_argument("--port", type=int, default=2525)
    parser.add_argument("--security", choices=["none", "starttls", "tls"], default="none")
    parser.add_argument("--login", help="NAME:PASSWORD that clients have to log in with")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        context = None
        if chosen.security != "none":
            context, trusted = server_context(Path(folder))
            print(f"certificate authority: {trusted}")
        user, _, password = (chosen.login or "").partition(":")
        server = SmtpServer(
            context,
            tls=chosen.security == "tls",
            users={user: password} if user else {},
            keep=lambda received: print(received.to, received.mail, sep="\n", flush=True),
            port=chosen.port,
        )
        with server, suppress(KeyboardInterrupt):
            print(f"listening on localhost:{server.port}", flush=True)
            threading.Event().wait()


if __name__ == "__main__":
    main()
