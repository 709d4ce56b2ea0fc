"""What a mail server's answers lead to, as receipts. No text of a server's is ever passed on: it
may quote an address.
"""

from __future__ import annotations

from datetime import timedelta

from drscreen.plugin_api import Receipt, ReceiptState
from drscreen_notify_email.codes import Meaning, Reply, Stage, meaning

#: A limit of a day or an hour does not pass sooner.
_LIMIT_WAIT = timedelta(minutes=15)

_GONE = "The mail server stopped answering before it had the message. It is tried again."

_REFUSED = {
    Meaning.NO_RECIPIENT: "There is no mailbox with this e-mail address. Check it with the "
    "patient.",
    Meaning.NO_DOMAIN: "No mail is taken at the domain of this e-mail address. Check it with the "
    "patient.",
    Meaning.DISABLED: "The patient's mailbox is switched off. Ask the patient for another address.",
    Meaning.NO_LETTERS: "The mail server cannot write to addresses with such letters before the "
    "@. Ask the patient for another.",
}
_RECIPIENT_WAITS = {
    Meaning.FULL: "The patient's mailbox is full. Should that last, ask the patient for another "
    "address.",
    Meaning.RECIPIENT_LATER: "The patient's mail server does not take the message at present.",
}
_ALL_WAIT = {
    Meaning.LIMIT: "The mail account may send no more for now; its provider limits how many go out "
    "in a day or an hour. The notices wait and go out later.",
    Meaning.LATER: "The mail server does not take messages at present. It is tried again.",
}
_SETTINGS = {
    Meaning.LOGIN: "The mail server does not accept the user name and password, or wants an app's "
    "own password. An administrator can mend the settings.",
    Meaning.ENCRYPTION: "The mail server wants an encrypted connection first. An administrator can "
    "mend the settings.",
    Meaning.SENDER: "The mail server does not let this clinic write with its sender's address. An "
    "administrator can mend the settings.",
    Meaning.NOT_ALLOWED: "The mail server does not pass this clinic's messages on: it may want a "
    "login or encryption, or not allow this sender. An administrator can mend the settings.",
    Meaning.RULES: "The mail server's rules refuse the message. An administrator can ask its "
    "provider.",
    Meaning.POLICY: "The mail server's rules refuse what this clinic sends: as unwanted mail, or "
    "because the sender's domain is not set up for it. An administrator can ask its provider.",
    Meaning.CONTENT: "The mail server refuses the message for its content or size. An "
    "administrator can change the words, or ask its provider.",
    Meaning.ROUTE: "The mail server finds no way for the message. An administrator can ask its "
    "provider.",
    Meaning.UNWANTED: "The mail server does not want to talk to this machine. An administrator can "
    "check its name and port, or ask its provider.",
    Meaning.DOUBT: "The mail server refuses the message and does not say whether for the address "
    "or for this clinic. An administrator can check the settings, or ask its provider.",
}


def answered(reply: Reply, stage: Stage) -> Receipt:
    """What an answer that is not the wanted one leads to.

    After the whole message a 4xx or 5xx is a promise too: the server does not have it (RFC 5321
    4.2.5). What concerns every message lets the channel rest and counts no attempt.
    """
    if not 400 <= reply.code < 600:
        return unknown() if stage is Stage.HANDED_OVER else gone()
    what = meaning(reply, stage)
    if what in _REFUSED:
        return Receipt(ReceiptState.REFUSED, reason=reply.reason, sentence=_REFUSED[what])
    if what in _RECIPIENT_WAITS:
        return Receipt(ReceiptState.DEFERRED, reason=reply.reason, sentence=_RECIPIENT_WAITS[what])
    if what in _ALL_WAIT:
        return Receipt(
            ReceiptState.DEFERRED,
            reason=reply.reason,
            sentence=_ALL_WAIT[what],
            retry_after=_LIMIT_WAIT if what is Meaning.LIMIT else None,
            busy=True,
        )
    return wrong_settings(reply.reason, _SETTINGS[what])


def no_letters() -> Receipt:
    """The server does not speak SMTPUTF8 (RFC 6531), and the address needs it."""
    return Receipt(ReceiptState.REFUSED, reason="smtputf8", sentence=_REFUSED[Meaning.NO_LETTERS])


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
