"""Sending one SMS, and asking what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from drscreen.plugin_api import Enquiry, Message, Receipt, ReceiptState, SettingValues
from drscreen_notify_twilio import settings as keys
from drscreen_notify_twilio.codes import CODES, OPTED_OUT, Cure
from drscreen_notify_twilio.line import Fault, Line

#: Seconds that a message may wait at Twilio (https://www.twilio.com/docs/api/errors/90007).
SHORTEST_VALIDITY, LONGEST_VALIDITY = 1, 36_000

#: How far the clocks may differ beyond what Twilio's answer tells.
TOLERANCE = timedelta(minutes=5)
PAGE_SIZE = 100
MOST_PAGES = 10
#: No further page is asked for after so many seconds, so that a call ends within its limit.
PAGING_SECONDS = 15.0

#: What Twilio leaves of a text that was to be forgotten (its Message Redaction).
_FORGOTTEN = {"", "__REDACTED__"}
_TRIAL = "Sent from your Twilio trial account - "

_NO_ANSWER = "No answer came. The service will be asked whether it has it."
_OFFLINE = "Twilio cannot be reached. It goes out when there is a connection."


def send(message: Message, settings: SettingValues) -> Receipt:
    """Create the message at Twilio. `settings` are checked."""
    if settings.get(keys.SERVICE):
        sender = {"messaging_service_sid": settings[keys.SERVICE]}
    else:
        sender = {"from_": settings[keys.NUMBER]}
    seconds = int(message.valid_for.total_seconds())
    validity = min(max(seconds, SHORTEST_VALIDITY), LONGEST_VALIDITY)
    answer = Line(settings).ask(
        lambda messages: _told(
            messages.create(to=message.to, body=message.body, validity_period=validity, **sender)
        )
    )
    return _not_created(answer) if isinstance(answer, Fault) else answer


def look_up(enquiry: Enquiry, settings: SettingValues) -> Receipt:
    """Fetch the message, or search for it. `settings` are checked. Never DEFERRED."""
    line = Line(settings)
    if enquiry.reference:
        answer = line.ask(lambda messages: _told(messages(enquiry.reference).fetch()))
    else:
        answer = line.ask(lambda messages: _search(enquiry, line, messages))
    return _not_told(answer, enquiry) if isinstance(answer, Fault) else answer


def _told(sms: Any) -> Receipt:
    """What Twilio says of a message it has.

    https://www.twilio.com/docs/messaging/api/message-resource#message-status-values. One that
    failed is refused even where its code would pass with time: Twilio is done with it, and a person
    may retry. A status that is not known yet is one of a message that Twilio has.
    """
    if not isinstance(sms.sid, str) or not sms.sid:
        raise ValueError("a message without a name")
    if sms.status in {"delivered", "read"}:
        return Receipt(ReceiptState.DELIVERED, sms.sid)
    if sms.status == "canceled":
        return Receipt(
            ReceiptState.REFUSED, sms.sid, "canceled", "Somebody cancelled it at Twilio."
        )
    if sms.status in {"failed", "undelivered"}:
        code = sms.error_code if isinstance(sms.error_code, int) else 0
        _, sentence = CODES.get(code, (None, "The mobile network did not deliver it."))
        return Receipt(
            ReceiptState.REFUSED,
            sms.sid,
            str(code or sms.status),
            sentence,
            opted_out=code == OPTED_OUT,
        )
    return Receipt(ReceiptState.ACCEPTED, sms.sid)


def _not_created(fault: Fault) -> Receipt:
    """What a fault of creating says about whether Twilio has the message."""
    if not fault.reached:
        return Receipt(ReceiptState.DEFERRED, reason="offline", sentence=_OFFLINE, offline=True)
    # A 5xx leaves it open: Twilio says that a create which answered 500 may have been done
    # (https://www.twilio.com/docs/api/errors/20500), and a 503 may as well be a gateway's that
    # lost the answer of a create that was done. To ask costs little, to guess a second SMS. So do
    # no answer, 408, redirects and answers that cannot be read.
    if not 400 <= fault.status < 500 or fault.status == 408:
        reason = str(fault.code or "timed_out")
        return Receipt(ReceiptState.UNKNOWN, reason=reason, sentence=_NO_ANSWER)
    cure, sentence = _meaning(fault)
    return Receipt(
        ReceiptState.REFUSED if cure is Cure.NOTHING else ReceiptState.DEFERRED,
        reason=str(fault.code),
        sentence=sentence,
        # "An API request that receives an error 429 response is never processed"
        # (https://www.twilio.com/docs/api/errors/20429).
        retry_after=fault.wait,
        opted_out=fault.code == OPTED_OUT,
        misconfigured=cure is Cure.SETTINGS,
        busy=cure is Cure.REST,
    )


def _not_told(fault: Fault, enquiry: Enquiry) -> Receipt:
    """A look-up that found nothing out says nothing about the message."""
    if not fault.reached:
        return Receipt(ReceiptState.UNKNOWN, reason="offline", sentence=_OFFLINE, offline=True)
    misconfigured = False
    if fault.status == 404 and enquiry.reference:
        sentence = "Twilio does not show this message any more. Ask the patient whether it arrived."
    elif 400 <= fault.status < 500:
        cure, sentence = _meaning(fault)
        misconfigured = cure is Cure.SETTINGS
    else:
        sentence = "Twilio could not be asked; it will be asked again."
    reason = str(fault.code or "timed_out")
    return Receipt(
        ReceiptState.UNKNOWN,
        reason=reason,
        sentence=sentence,
        retry_after=fault.wait,
        misconfigured=misconfigured,
    )


def _meaning(fault: Fault) -> tuple[Cure, str]:
    """What a 4xx means: by Twilio's code, else by the status."""
    if fault.code in CODES:
        return CODES[fault.code]
    if fault.status == 429:
        return CODES[20429]
    if fault.status in {401, 403, 404}:
        return CODES[20003]
    return Cure.NOTHING, "Twilio refused the message. Tell an administrator."


def _search(enquiry: Enquiry, line: Line, messages: Any) -> Receipt:
    """Find a message whose reference never came back.

    Twilio's filter by DateSent is by days of `date_sent`, which a message has only once it was
    sent: one that still waits might be left out and then be sent twice. So all messages to the
    number are read, few for one patient, and judged by when they were made.
    """
    page = messages.page(to=enquiry.message.to, page_size=PAGE_SIZE)
    since = _since(enquiry.attempted, line.ahead())
    candidates = []
    for sms in _all_of(page):
        if sms is None:
            return _doubt("There are too many messages to this number to find it.")
        made = sms.date_created
        if sms.sid in enquiry.claimed or (made is not None and made < since):
            continue
        if (sms.body or "") in _FORGOTTEN:
            return _doubt("Twilio forgets the texts of messages, so it cannot be found there.")
        if likeness := _likeness(enquiry.message.body, sms.body):
            candidates.append((likeness, made or since, sms))
    if not candidates:
        return Receipt(
            ReceiptState.ABSENT, reason="absent", sentence="Twilio was asked and does not have it."
        )
    # The likest; of equals the first made. Twilio lists the newest first, its times are seconds.
    return _told(min(reversed(candidates), key=lambda found: found[:2])[2])


def _all_of(page: Any) -> Iterator[Any]:
    """The messages of a page and of those behind it; None where there are more than are read."""
    began = time.monotonic()
    for _ in range(MOST_PAGES):
        yield from page
        if page.next_page_url is None:
            return
        if time.monotonic() - began > PAGING_SECONDS:
            break
        page = page.next_page()
    yield None


def _since(attempted: datetime, ahead: timedelta) -> datetime:
    """When, by Twilio's clock, the message cannot have been made before.

    Where this machine's clock is ahead now it probably was then. Where the attempt still lies in
    Twilio's future the clock was turned back since, and its time says nothing.
    """
    since = min(attempted, attempted + ahead)
    if since > datetime.now(UTC) + ahead + TOLERANCE:
        return datetime.min.replace(tzinfo=UTC)
    # Twilio's times have no fractions.
    return since.replace(microsecond=0) - TOLERANCE


def _likeness(text: str, body: str) -> int:
    """1: the same text. 2: with what Twilio puts before it on trial or a service behind it. 0: no.

    Blanks at the ends are nobody's; carriers and Twilio trim them.
    """
    text, body = _bare(text), _bare(body)
    if body == text:
        return 1
    return 2 if body.removeprefix(_TRIAL).startswith(text) else 0


def _bare(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _doubt(sentence: str) -> Receipt:
    return Receipt(ReceiptState.UNKNOWN, reason="cannot_ask", sentence=sentence)
