"""Whom a mail server's no is about: the recipient, this clinic, or the hour.

Read from the stage of the talk, the three digits (RFC 5321 4.2) and the enhanced code (RFC 3463,
2034; RFC 5248 keeps the list; RFC 7372, 7504, 7505 and 7293 add to it; what Exchange Online and
Gmail number themselves is in their lists of bounces). The words are never read: every server has
its own.

Doubt is about the clinic. A notice that waits for an administrator can go out later, one that was
given up as "no such patient" cannot; so only what a server says of the recipient in so many digits,
once the recipient was named, is told as the recipient's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


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


class Meaning(Enum):
    """What an answer is about."""

    #: The recipient, for good.
    NO_RECIPIENT = auto()
    NO_DOMAIN = auto()
    DISABLED = auto()
    NO_LETTERS = auto()
    #: The recipient, for now; many times in vain is for good.
    FULL = auto()
    RECIPIENT_LATER = auto()
    #: All that this clinic sends, for now.
    LIMIT = auto()
    LATER = auto()
    #: This clinic, until somebody mends something.
    LOGIN = auto()
    ENCRYPTION = auto()
    SENDER = auto()
    NOT_ALLOWED = auto()
    RULES = auto()
    POLICY = auto()
    CONTENT = auto()
    ROUTE = auto()
    UNWANTED = auto()
    DOUBT = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer, without its words. `enhanced` is (class, subject, detail), or None where
    there is none or the lines of the answer do not agree.
    """

    code: int
    enhanced: tuple[int, int, int] | None = None

    @property
    def reason(self) -> str:
        """The digits, for whoever asks the provider."""
        said = "" if self.enhanced is None else " " + ".".join(map(str, self.enhanced))
        return f"{self.code}{said}"


#: RFC 2034 4: the text of each line begins with it.
_ENHANCED = re.compile(r"#?([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")


def read(code: int, text: bytes) -> Reply:
    """An answer of smtplib's, which puts the lines of one together."""
    found = [_ENHANCED.match(line.strip()) for line in text.decode("latin-1").splitlines()]
    told = {(int(m[1]), int(m[2]), int(m[3])) for m in found if m is not None}
    return Reply(code, told.pop() if len(told) == 1 else None)


def meaning(reply: Reply, stage: Stage) -> Meaning:
    """What a 4xx or 5xx is about."""
    if reply.code in _LOGIN_CODES:
        return _LOGIN_CODES[reply.code]
    named = stage in (Stage.RECIPIENT, Stage.CONTENT, Stage.HANDED_OVER)
    if reply.code < 500 or (reply.enhanced is not None and reply.enhanced[0] == 4):
        # Either part says "not now": what may pass is not given up for what the other part says.
        return _passing(reply, named=named)
    said = _PERMANENT.get(reply.enhanced[1:]) if reply.enhanced is not None else None
    if said is None and reply.enhanced is not None and reply.enhanced[0] == 5:
        said = _SUBJECTS.get(reply.enhanced[1])
    if reply.enhanced is None or reply.enhanced[1] == 0:
        said = _BARE.get((stage, reply.code))
    if said in _BY_STAGE:
        return _DOUBTS.get(stage, _BY_STAGE[said] if stage in _AFTER_DATA else said)
    if said is None or (said in _ABOUT_THE_RECIPIENT and not named):
        return _DOUBTS.get(stage, Meaning.DOUBT)
    return said


def _passing(reply: Reply, *, named: bool) -> Meaning:
    if reply.enhanced is None:
        return Meaning.LATER
    subject, detail = reply.enhanced[1:]
    if (subject, detail) in _LIMITS:
        return Meaning.LIMIT
    if not named or subject not in (1, 2):
        return Meaning.LATER
    return Meaning.FULL if (subject, detail) == (2, 2) else Meaning.RECIPIENT_LATER


#: RFC 4954 6, and RFC 3207 4 for 530, which wants a login or encryption first.
_LOGIN_CODES = {
    523: Meaning.ENCRYPTION,
    530: Meaning.NOT_ALLOWED,
    534: Meaning.LOGIN,
    535: Meaning.LOGIN,
    538: Meaning.ENCRYPTION,
}

_ABOUT_THE_RECIPIENT = frozenset(
    {
        Meaning.NO_RECIPIENT,
        Meaning.NO_DOMAIN,
        Meaning.DISABLED,
        Meaning.NO_LETTERS,
        Meaning.FULL,
        Meaning.RECIPIENT_LATER,
    }
)

#: Gmail: 5.4.5, a day's sending limit; 4.2.1 stays the recipient's. Exchange Online: 5.1.90 a day's
#: recipients; 5.7.232 and 5.7.233 a tenant's; 4.3.1 and 5.3.1 (RFC 3463) a full mail system.
_LIMITS = frozenset({(4, 5), (1, 90), (7, 232), (7, 233), (7, 28)})

#: (subject, detail) behind a 5.
_PERMANENT: dict[tuple[int, ...], Meaning] = {
    **dict.fromkeys(_LIMITS, Meaning.LIMIT),
    (1, 1): Meaning.NO_RECIPIENT,
    (1, 2): Meaning.NO_DOMAIN,
    (1, 3): Meaning.NO_RECIPIENT,
    (1, 4): Meaning.NO_RECIPIENT,
    (1, 6): Meaning.NO_RECIPIENT,
    (1, 7): Meaning.SENDER,
    (1, 8): Meaning.SENDER,
    (1, 10): Meaning.NO_RECIPIENT,  # RFC 7505: takes no mail at all; Exchange: no such recipient
    (1, 20): Meaning.SENDER,
    (2, 1): Meaning.DISABLED,
    (2, 2): Meaning.FULL,
    (2, 3): Meaning.CONTENT,
    (2, 121): Meaning.RECIPIENT_LATER,  # Exchange: too many messages to one mailbox in an hour
    (2, 122): Meaning.RECIPIENT_LATER,
    (2, 252): Meaning.SENDER,  # Exchange: SendAsDenied
    (3, 1): Meaning.LATER,
    (3, 2): Meaning.LATER,
    (3, 4): Meaning.CONTENT,
    (6, 7): Meaning.NO_LETTERS,  # RFC 6531: the sender's own address is ASCII
    (7, 0): Meaning.RULES,
    (7, 1): Meaning.NOT_ALLOWED,
    (7, 4): Meaning.LOGIN,
    (7, 8): Meaning.LOGIN,
    (7, 9): Meaning.LOGIN,
    (7, 10): Meaning.ENCRYPTION,
    (7, 11): Meaning.ENCRYPTION,
    (7, 12): Meaning.LOGIN,
    (7, 13): Meaning.LOGIN,  # RFC 5248: the account that sends is disabled
    (7, 14): Meaning.LOGIN,
    (7, 17): Meaning.NO_RECIPIENT,  # RFC 7293: the mailbox has another owner by now
    (7, 18): Meaning.NO_DOMAIN,
    (7, 57): Meaning.LOGIN,  # Exchange: client was not authenticated
    (7, 60): Meaning.SENDER,  # Exchange: client may not send as this sender
    (7, 139): Meaning.LOGIN,  # Exchange: logging in this way is switched off
    # RFC 7372: signatures and records of the sender's domain; Gmail's 5.7.26 and 5.7.27 are those.
    **dict.fromkeys([(7, n) for n in (20, 21, 22, 23, 24, 25, 26, 27, 29, 30)], Meaning.POLICY),
}

#: What any other detail of a subject is about (RFC 3463 2).
_SUBJECTS = {4: Meaning.ROUTE, 6: Meaning.CONTENT, 7: Meaning.POLICY}

#: Without an enhanced code, where three digits say it all. RFC 5321 4.2.3: 552, no room at the
#: recipient's; RFC 7504: 556, a domain that takes no mail. 550, 551, 553 and 554 say "no such
#: mailbox" and "relaying denied" alike.
_BARE = {
    (Stage.RECIPIENT, 552): Meaning.FULL,
    (Stage.RECIPIENT, 556): Meaning.NO_DOMAIN,
    (Stage.CONTENT, 552): Meaning.CONTENT,
    (Stage.HANDED_OVER, 552): Meaning.CONTENT,
}

_AFTER_DATA = frozenset({Stage.CONTENT, Stage.HANDED_OVER})
#: 5.7.0 and 5.7.1 say little: before the recipient what that stage is about, at it what may be
#: passed on, and of a whole message what it holds (Gmail blocks by 5.7.0) or how it looks.
_BY_STAGE = {Meaning.RULES: Meaning.CONTENT, Meaning.NOT_ALLOWED: Meaning.POLICY}

#: What a never is about at a stage that says no more itself.
_DOUBTS = {
    Stage.CONNECTING: Meaning.UNWANTED,
    Stage.GREETING: Meaning.UNWANTED,
    Stage.LOGIN: Meaning.LOGIN,
    Stage.SENDER: Meaning.SENDER,
}
