"""The line to Twilio: its own client, kept quiet, and what went wrong on the way."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from drscreen.plugin_api import SettingValues
from drscreen_notify_twilio import settings as keys

_LONGEST_WAIT = timedelta(days=1)
#: TLS faults that end a handshake. Others may come after the request was written.
_HANDSHAKE = {"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "SSLV3_ALERT_HANDSHAKE_FAILURE"}


def _names_nobody(record: logging.LogRecord) -> bool:
    """Whether a line of urllib3's log may stay: those with a path hold the patient's number."""
    return "/2010-04-01/" not in record.getMessage()


for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_names_nobody)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no answer to use. Holds numbers only, nothing of what Twilio wrote.

    `status` is HTTP's, 0 where no answer came; `code` Twilio's, or the status where it gave none.
    `reached` is False where certainly nothing was sent.
    """

    status: int = 0
    code: int = 0
    reached: bool = True
    wait: timedelta | None = None


class Line:
    """One call's client. Use it on one thread and throw it away.

    Twilio's client writes addresses and headers to its log, so it gets a logger that nobody hears.
    Its connections are not kept (`pool_connections=False`): one that went stale while nobody used
    it would end a create in doubt. Nothing is repeated below: requests' adapter never repeats what
    may have reached a server, its default is no retry at all, and `max_retries` stays None.
    """

    def __init__(self, settings: SettingValues) -> None:
        url = keys.base_url(settings)
        self._http = TwilioHttpClient(
            pool_connections=False,
            timeout=keys.timeout(settings),
            logger=logging.Logger("nobody", logging.CRITICAL + 1),
            # A stand-in on this machine is not behind the clinic's proxy.
            proxy={"http": None, "https": None, "all": None} if keys.is_loopback(url) else None,
            max_retries=None,
        )
        self.is_async = False
        self._status = 0
        self._headers: Mapping[str, str] = {}
        client = Client(
            settings[keys.KEY],
            settings[keys.SECRET],
            settings[keys.ACCOUNT],
            http_client=self,
            # Not empty, or the client would read TWILIO_REGION and TWILIO_EDGE of the machine.
            environment={"TWILIO_REGION": ""},
        )
        client.api.base_url = url
        self._messages = client.messages

    def ask(self, question: Callable[[Any], Any]) -> Any:
        """What `question` makes of Twilio's messages, or a `Fault`.

        Its exceptions end here, for their texts hold numbers and texts of messages.
        """
        self._status, self._headers = 0, {}
        try:
            return question(self._messages)
        except requests.RequestException as error:
            return Fault(reached=not _never_sent(error))
        except TwilioException as error:
            code = getattr(error, "code", None)
            if not isinstance(code, int) or not 0 < code < 100_000:
                code = self._status
            return Fault(self._status, code, wait=self._wait())
        except (ValueError, TypeError, AttributeError, KeyError):
            # An answer that is not what Twilio writes.
            return Fault(self._status, self._status)

    def ahead(self) -> timedelta:
        """How far Twilio's clock is ahead of this machine's, by the last answer."""
        try:
            return parsedate_to_datetime(self._headers["Date"]) - datetime.now(UTC)
        except (KeyError, ValueError, TypeError):
            return timedelta(0)

    def request(self, *args: Any, **kwargs: Any) -> Any:
        """For Twilio's client: send, and remember how the answer began."""
        answer = self._http.request(*args, **kwargs)
        self._status, self._headers = answer.status_code, answer.headers or {}
        return answer

    def _wait(self) -> timedelta | None:
        """What Retry-After asks for: seconds or a date (RFC 9110, 10.2.3)."""
        text = self._headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
        try:
            until = parsedate_to_datetime(text) - datetime.now(UTC) - self.ahead()
        except (ValueError, TypeError):
            return None
        return min(max(until, timedelta(0)), _LONGEST_WAIT)


def _never_sent(error: requests.RequestException) -> bool:
    """Whether a request failed before a byte of it left: no name, no connection, no handshake."""
    if isinstance(
        error,
        requests.exceptions.ConnectTimeout
        | requests.exceptions.ProxyError
        | requests.exceptions.InvalidURL,
    ):
        return True
    return any(
        isinstance(cause, urllib3.exceptions.NewConnectionError | ssl.SSLCertVerificationError)
        or (isinstance(cause, ssl.SSLError) and cause.reason in _HANDSHAKE)
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and what it wraps: requests and urllib3 put causes in `args` and `reason`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        this = waiting.pop()
        if isinstance(this, BaseException) and id(this) not in seen:
            seen.add(id(this))
            yield this
            waiting += [*this.args, getattr(this, "reason", None), this.__cause__]
