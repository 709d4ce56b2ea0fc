"""The words of notices: templates with a few placeholders, and what an SMS of them costs."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from drscreen.domain.errors import TemplateInvalid
from drscreen.domain.notice import Purpose
from drscreen.domain.patient import Channel
from drscreen.domain.text import fault_of, in_one_line, tidied, tidied_lines


class Placeholder(StrEnum):
    """What a template may name, in braces."""

    CLINIC = "clinic"
    CLINIC_PHONE = "clinic_phone"
    VISIT = "visit"
    APPOINTMENT = "appointment"
    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    MRN = "mrn"


#: What tells a stranger who the patient is; only where an administrator allowed it.
PERSONAL = frozenset({Placeholder.GIVEN_NAME, Placeholder.FAMILY_NAME, Placeholder.MRN})

#: Twilio refuses more (error 21617, https://www.twilio.com/docs/api/errors/21617).
SMS_LONGEST = 1600
#: More is a letter, not a notice.
EMAIL_LONGEST = 10_000
SUBJECT_LONGEST = 150


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A template. `language` is a BCP 47 tag; `subject` is empty for an SMS."""

    purpose: Purpose
    channel: Channel
    language: str
    body: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class SmsSize:
    """What an SMS costs: `units` of its alphabet in `segments`."""

    alphabet: str
    units: int
    segments: int


def check_text(text: NoticeText, *, personal: bool) -> None:
    """Raise `TemplateInvalid` where a template is empty, too long, or names what it may not."""
    if not text.body.strip():
        raise TemplateInvalid("The message is empty.")
    if text.channel is Channel.EMAIL and not text.subject.strip():
        raise TemplateInvalid("An e-mail needs a subject.")
    for part, name, allowed in ((text.subject, "subject", ""), (text.body, "message", "\n")):
        wrong = fault_of(part, allowed)
        if wrong:
            raise TemplateInvalid(f"The {name} has {wrong}. Type it again instead of pasting it.")
    longest = SMS_LONGEST if text.channel is Channel.SMS else EMAIL_LONGEST
    for part, limit in ((text.body, longest), (text.subject, SUBJECT_LONGEST)):
        if len(part) > limit:
            raise TemplateInvalid(
                f"The text has {len(part)} characters; at most {limit} can be sent."
            )
        for name in _names(part):
            if name not in _KNOWN:
                usable = [w for w in Placeholder if personal or w not in PERSONAL]
                known = ", ".join(f"{{{word}}}" for word in usable)
                raise TemplateInvalid(f"{{{name}}} is not known. Known are {known}.")
            if Placeholder(name) in PERSONAL and not personal:
                raise TemplateInvalid(
                    f"{{{name}}} would tell whoever holds the telephone who the patient is. "
                    "An administrator can allow it."
                )


def tidied_text(text: NoticeText) -> NoticeText:
    """The template as it is kept: the subject in one line, line ends of one kind in the body."""
    return replace(text, subject=tidied(text.subject), body=tidied_lines(text.body))


def fill(text: str, values: Mapping[Placeholder, str]) -> str:
    """A checked template with its placeholders replaced; a value is never read as a template.

    Line breaks and control characters of values become blanks. What is not in `values` is left out,
    with the blank before it.
    """
    parts: list[str] = []
    for literal, name, _spec, _conversion in _parsed(text):
        parts.append(literal)
        if name is not None:
            value = values.get(Placeholder(name), "")
            parts.append(in_one_line(value))
    return _BLANKS.sub(" ", "".join(parts)).replace(" \n", "\n").strip()


def sms_size(text: str) -> SmsSize:
    """How a text is sent: 7-bit where every character is in GSM 03.38, else UCS-2.

    3GPP TS 23.038 6.2.1: 160 septets in one message, 153 in each of several; UCS-2 has 70 and 67
    units of 16 bits. A character of the extension table costs two, and is not cut in two.
    """
    if all(c in _GSM or c in _GSM_EXTENSION for c in text):
        costs = [2 if c in _GSM_EXTENSION else 1 for c in text]
        return SmsSize("GSM-7", sum(costs), _segments(costs, 160, 153))
    costs = [2 if ord(c) > 0xFFFF else 1 for c in text]
    return SmsSize("UCS-2", sum(costs), _segments(costs, 70, 67))


def _segments(costs: list[int], alone: int, together: int) -> int:
    if sum(costs) <= alone:
        return 1
    if max(costs) == 1:
        return math.ceil(len(costs) / together)
    segments, room = 1, together
    for cost in costs:
        if cost > room:
            segments, room = segments + 1, together
        room -= cost
    return segments


def _names(text: str) -> list[str]:
    return [name for _literal, name, _spec, _conversion in _parsed(text) if name is not None]


def _parsed(text: str) -> list[tuple[str, str | None, str | None, str | None]]:
    """The pieces of a template. Only bare names in braces pass: no attribute, index or format."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise TemplateInvalid("A brace has no partner. Write {{ for a brace itself.") from error
    for _literal, name, spec, conversion in parts:
        if name is not None and (not name.isidentifier() or spec or conversion):
            raise TemplateInvalid(f"Between braces stands a single word, not {name[:40]!r}.")
    return parts


_KNOWN = frozenset(word.value for word in Placeholder)
_BLANKS = re.compile(r" {2,}")
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")
