"""The stand-in for Twilio as a server: the Messages resource over HTTP."""

from __future__ import annotations

import base64
import json
import re
import socket
import socketserver
from collections.abc import Mapping
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes.twilio_account import ACCOUNT, KEY, SECRET, Account, Trouble

#: https://www.twilio.com/docs/iam/test-credentials
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
_WORDS = {
    20003: "Authenticate",
    20404: "The requested resource {path} was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21211: "Invalid 'To' Phone Number: {to}",
    21212: "Invalid From Number (caller ID): {sender}",
    21408: "Permission to send an SMS has not been enabled for the region: {to}.",
    21602: "Message body is required.",
    21603: "A 'From' or 'MessagingServiceSid' parameter is required to send a message.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number {sender} is not a valid, SMS-capable number.",
    21610: "Attempt to send to unsubscribed recipient: {to}",
    21611: "This 'From' number has exceeded the maximum number of queued messages: {sender}",
    21612: "The 'To' phone number: {to}, is not currently reachable via SMS.",
    21614: "'To' number is not a valid mobile number: {to}",
    21617: "The concatenated message body exceeds the 1600 character limit: {body}",
    21624: "Invalid validity period value",
}
_ANSWERS = {
    Trouble.TOO_MANY: 20429,
    Trouble.ERROR: 20500,
    Trouble.ERROR_TAKEN: 20500,
    Trouble.UNAVAILABLE: 20503,
}
#: The HTTP status of a code; 400 for all others.
_STATUS = {20003: 401, 20404: 404, 20429: 429, 20500: 500, 20503: 503}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def server_bind(self) -> None:
        # HTTPServer would ask the resolver for this machine's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    service: Account
    protocol_version = "HTTP/1.1"
    # One packet for an answer: two would wait for each other (Nagle, delayed acknowledgement).
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        form = _single(self.rfile.read(length).decode())
        if self._denied():
            return
        trouble = self.service.trouble(creating=True)
        code = trouble if isinstance(trouble, int) else self._refusal(form)
        if isinstance(trouble, Trouble) and not trouble.endswith("taken"):
            self._go_wrong(trouble)
        elif code is not None:
            self._refuse(code, form)
        else:
            sms = self.service.accept(
                form["To"],
                form["Body"],
                sender=form.get("From", ""),
                service=form.get("MessagingServiceSid", ""),
                validity=int(form.get("ValidityPeriod", "36000")),
            )
            if isinstance(trouble, Trouble):
                self._go_wrong(trouble)
            else:
                self._answer(201, self.service.shown(sms))

    def do_GET(self) -> None:
        if self._denied():
            return
        trouble = self.service.trouble(creating=False)
        sid = re.fullmatch(r"/Messages/(\w+)\.json", self._below_account())
        if isinstance(trouble, Trouble):
            self._go_wrong(trouble)
        elif isinstance(trouble, int):
            self._refuse(trouble, {})
        elif self._below_account() == "/Messages.json":
            self._answer(200, self._page())
        elif sid is not None and (sms := self.service.find(sid[1])) is not None:
            self._answer(200, self.service.shown(sms))
        else:
            self._refuse(20404, {})

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what it says belongs to patients, even to invented ones."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.service.clock(), usegmt=True)

    def _below_account(self) -> str:
        return urlsplit(self.path).path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT}")

    def _denied(self) -> bool:
        given = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {given}":
            self._refuse(20003, {})
        elif self._below_account().startswith("/2010-04-01/"):
            self._refuse(20404, {})
        else:
            return False
        return True

    def _refusal(self, form: Mapping[str, str]) -> int | None:  # noqa: PLR0911 - a table in words
        """The code of what is wrong with a message."""
        to, sender = form.get("To", ""), form.get("From", "")
        if not to:
            return 21604
        if not form.get("Body"):
            return 21602
        if len(form["Body"]) > 1600:
            return 21617
        if not sender and not form.get("MessagingServiceSid"):
            return 21603
        if not 1 <= int(form.get("ValidityPeriod", "36000")) <= 36_000:
            return 21624
        if to in self.service.stopped:
            return 21610
        if re.fullmatch(r"\+[1-9]\d{6,14}", to) is None:
            return 21211
        return MAGIC_FROM.get(sender) or MAGIC_TO.get(to)

    def _page(self) -> dict[str, Any]:
        query = _single(urlsplit(self.path).query)
        size, number = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        found = self.service.listed(query)
        last = query.get("PageToken", "").removeprefix("PA")
        start = next((i + 1 for i, sms in enumerate(found) if sms.sid == last), 0)
        shown = found[start : start + min(size, 1000)]
        path = urlsplit(self.path).path
        following = None
        if start + len(shown) < len(found):
            token = {"Page": str(number + 1), "PageToken": f"PA{shown[-1].sid}"}
            following = f"{path}?{urlencode(query | token)}"
        return {
            "first_page_uri": f"{path}?{urlencode(query | {'Page': '0'})}",
            "next_page_uri": following,
            "previous_page_uri": None,
            "uri": self.path,
            "page": number,
            "page_size": size,
            "start": start,
            "end": start + len(shown) - 1,
            "messages": [self.service.shown(sms) for sms in shown],
        }

    def _go_wrong(self, trouble: Trouble) -> None:
        if trouble in _ANSWERS:
            self._refuse(_ANSWERS[trouble], {})
        elif trouble is Trouble.GIBBERISH:
            self._write(201, b"<html>Welcome to this hotel</html>", "text/html")
        else:
            if trouble in {Trouble.HANG, Trouble.HANG_TAKEN}:
                self.service.released.wait()
            elif trouble is Trouble.TORN:
                self.send_response(201)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b'{"sid": "SM')
                self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _refuse(self, code: int, form: Mapping[str, str]) -> None:
        status = _STATUS.get(code, 400)
        words = _WORDS.get(code, "Refused: {to} {body}").format(
            to=form.get("To"), sender=form.get("From"), body=form.get("Body"), path=self.path
        )
        more = f"https://www.twilio.com/docs/errors/{code}"
        self._answer(status, {"code": code, "message": words, "more_info": more, "status": status})

    def _answer(self, status: int, content: Mapping[str, Any]) -> None:
        self._write(status, json.dumps(content).encode(), "application/json")

    def _write(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", self.service.retry_after)
        self.end_headers()
        self.wfile.write(content)


def _single(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def server_for(account: Account, port: int) -> ThreadingHTTPServer:
    """A server for an account on 127.0.0.1; port 0 is a free one."""

    class Handler(_Handler):
        service = account

    return _Server(("127.0.0.1", port), Handler)
