"""What a mail server's codes mean, as receipts. No text of a server's is ever passed on: it may
quote an address.
"""

from __future__ import annotations

from enum import Enum, auto

from drscreen.plugin_api import Receipt, ReceiptState


class Stage(Enum):
    """How far the talk with the server has come."""

    CONNECTING = auto()
    GREETING = auto()
    LOGIN = auto()
    SENDER = auto()
    RECIPIENT = auto()
    CONTENT = auto()
    #: The line that ends the message is on its way: from here on the server may have it.
    HANDED_OVER = auto()


#: RFC 4954 6: authentication is required, too weak, wanted encrypted, or failed.
_LOGIN_CODES = frozenset({530, 534, 535, 538})

_LOGIN = (
    "The mail server does not accept the user name and password. An administrator can mend the "
    "settings."
)
_LATER = "The mail server does not take the message at present. It is tried again."
_GONE = "The mail server stopped answering before it had the message. It is tried again."


def answered(code: int, stage: Stage) -> Receipt:
    """What a code that is not the wanted one means at a stage.

    RFC 5321 4.2.1: 4 in front means not now, 5 means never. Before the recipient was named a never
    is meant for this clinic, not for the message: somebody has to mend the settings.
    """
    reason = str(code)
    if code in _LOGIN_CODES:
        return wrong_settings(reason, _LOGIN)
    if 400 <= code < 500:
        return Receipt(ReceiptState.DEFERRED, reason=reason, sentence=_LATER)
    if not 500 <= code < 600:
        return unknown() if stage is Stage.HANDED_OVER else gone()
    sentence = _NEVER[stage]
    if stage in (Stage.RECIPIENT, Stage.CONTENT, Stage.HANDED_OVER):
        return Receipt(ReceiptState.REFUSED, reason=reason, sentence=sentence)
    return wrong_settings(reason, sentence)


_UNWANTED = (
    "The mail server does not want to talk to this machine. An administrator can check its name "
    "and port, or ask its provider."
)
_CONTENT = "The mail server refuses the message. An administrator can ask its provider why."
_NEVER = {
    Stage.CONNECTING: _UNWANTED,
    Stage.GREETING: _UNWANTED,
    Stage.LOGIN: _LOGIN,
    Stage.SENDER: "The mail server does not let this clinic write with its sender's address. An "
    "administrator can mend the settings.",
    Stage.RECIPIENT: "The mail server refuses to write to this address. Check it with the patient.",
    Stage.CONTENT: _CONTENT,
    Stage.HANDED_OVER: _CONTENT,
}


def wrong_settings(reason: str, sentence: str) -> Receipt:
    """Not sent, until an administrator mended something."""
    return Receipt(ReceiptState.DEFERRED, reason=reason, sentence=sentence, misconfigured=True)


def gone() -> Receipt:
    """The server fell silent, hung up or talked nonsense, and certainly lacks the message."""
    return Receipt(ReceiptState.DEFERRED, reason="no_answer", sentence=_GONE)


def unreachable() -> Receipt:
    """No connection at all."""
    return Receipt(
        ReceiptState.DEFERRED,
        reason="offline",
        sentence="The mail server cannot be reached. It is tried again.",
        offline=True,
    )


def unknown() -> Receipt:
    """The server may have the message, and nobody can ask it."""
    return Receipt(
        ReceiptState.UNKNOWN,
        reason="timed_out",
        sentence="The mail server has the whole message but did not say that it takes it.",
    )


def bad_certificate() -> Receipt:
    """Whoever answers is not proved to be the mail server."""
    return wrong_settings(
        "certificate",
        "The mail server's certificate is not one that this machine trusts, so nothing was sent. "
        "An administrator can check the server's name, the clock and the certificate authority.",
    )


def no_encryption() -> Receipt:
    """The connection cannot be encrypted as it was asked for."""
    return wrong_settings(
        "no_encryption",
        "No encrypted connection to the mail server could be agreed on, so nothing was sent. An "
        "administrator can check its port and encryption.",
    )
