"""The message as it goes over the wire."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, formataddr

from drscreen.plugin_api import Message, text_fault
from drscreen_notify_email.address import Address

_ENDS = "\n\r\t"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64})*")


class MessageUnfit(ValueError):
    """Why a message cannot become an e-mail; the text is a sentence without any of it."""


def message_id(message: Message, sender: Address) -> str:
    """The same on every attempt, so that mail programs show one message where two arrive."""
    return f"{message.id}@{sender.domain}"


def compose(message: Message, to: Address, sender: Address, sender_name: str) -> bytes:
    """The message with its line ends, neither dot-stuffed nor ended. Raises `MessageUnfit`."""
    _check(message)
    # Bodies in seven bits pass every server.
    policy = (SMTPUTF8 if to.needs_utf8 else SMTP).clone(cte_type="7bit")
    mail = EmailMessage(policy=policy)
    mail["To"] = HeaderAddress("", to.local, to.domain)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message_id(message, sender)}>"
    # RFC 3834: holiday replies and other robots keep silent.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    mail.add_alternative(as_html(message), subtype="html")
    written = f"From: {_named(sender_name, sender)}\r\nSubject: {_encoded(message.subject)}\r\n"
    return written.encode("ascii") + mail.as_bytes()


def as_html(message: Message) -> str:
    """The same text as a page that loads nothing from anywhere."""
    language = message.language if re.fullmatch(r"[A-Za-z0-9-]{1,35}", message.language) else "und"
    paragraphs = "\n".join(
        f"<p>{'<br>'.join(map(html.escape, block.splitlines()))}</p>"
        for block in re.split(r"\n\s*\n", message.body.strip())
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{language}" dir="auto">\n'
        f'<head><meta charset="utf-8"><title>{html.escape(message.subject)}</title></head>\n'
        f"<body>\n{paragraphs}\n</body>\n</html>\n"
    )


def _named(name: str, address: Address) -> str:
    if name.isascii() and "=?" not in name:
        return formataddr((name, address.spelled))
    return f"{_encoded(name)}\r\n <{address.spelled}>"


def _encoded(text: str) -> str:
    """A header's text (RFC 2047). `EmailMessage` of Python 3.11 loses blanks between words that
    need encoding (CPython issue 92081); the older `Header` does not.
    """
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset, header_name="Subject").encode(linesep="\r\n")


def _check(message: Message) -> None:
    if not message.body.strip():
        raise MessageUnfit("The message is empty.")
    for part, name, allowed in ((message.subject, "subject", ""), (message.body, "message", _ENDS)):
        fault = text_fault(part, allowed)
        if fault:
            raise MessageUnfit(f"The {name} has {fault}.")
    if not _ID.fullmatch(message.id):
        raise MessageUnfit("The message's number cannot stand in an e-mail.")
