"""The words a person reads about notices, and what serves their channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drscreen.domain.notice import Notice, NoticeState, Purpose, Reason
from drscreen.domain.notice_ports import CheckedAddress
from drscreen.domain.patient import Channel
from drscreen.qt.wording import moment_text, tr
from drscreen.services.delivery import Sender

WAITING = (NoticeState.PENDING, NoticeState.SENDING)
PROBLEMS = (NoticeState.FAILED, NoticeState.UNKNOWN)
SENT = (NoticeState.SENT, NoticeState.DELIVERED)


def purpose_text(purpose: Purpose) -> str:
    """What a notice is about."""
    return {
        Purpose.RESULT_READY: tr("Result ready"),
        Purpose.COME_BACK: tr("Please come back"),
        Purpose.APPOINTMENT_DUE: tr("Appointment due"),
        Purpose.REPEAT_PHOTOGRAPH: tr("Repeat photograph"),
    }[purpose]


def channel_text(channel: Channel) -> str:
    """A channel in a word."""
    return {Channel.SMS: tr("SMS"), Channel.EMAIL: tr("E-mail")}[channel]


def state_text(state: NoticeState) -> str:
    """A state in a word."""
    return {
        NoticeState.PENDING: tr("Waiting"),
        NoticeState.SENDING: tr("Being sent"),
        NoticeState.SENT: tr("Sent"),
        NoticeState.DELIVERED: tr("Delivered"),
        NoticeState.FAILED: tr("Failed"),
        NoticeState.UNKNOWN: tr("Not known"),
        NoticeState.CANCELLED: tr("Not sent"),
    }[state]


def phone_note(checked: CheckedAddress) -> str:
    """What is to be said of a number while it is typed, in a line."""
    if checked.reason is None:
        return tr("SMS go to {0}").format(checked.address) if checked.address else ""
    return {
        Reason.ADDRESS_INVALID: tr("No telephone has this number."),
        Reason.COUNTRY_UNKNOWN: tr("For SMS, write it with + and its country."),
        Reason.LANDLINE: tr("A landline: it receives no SMS."),
        Reason.FOREIGN_NUMBER: tr("Of a country that this clinic sends no SMS to."),
    }.get(checked.reason, "")


def reason_text(notice: Notice) -> str:
    """Why a notice is where it is, in a sentence; empty where nothing needs to be said."""
    return tr(notice.sentence) if notice.sentence else ""


def notice_line(notice: Notice) -> str:
    """A notice in a line: when, what, by what, and what became of it."""
    words = tr("{0}, {1} by {2}: {3}").format(
        moment_text(notice.created),
        purpose_text(notice.purpose),
        channel_text(notice.channel),
        state_text(notice.state),
    )
    reason = reason_text(notice)
    return f"{words}. {reason}" if reason else words


def details_text(notice: Notice) -> str:
    """All there is to know, address and words included; of several lines."""
    to = notice.address or tr("no address")
    lines = [tr("{0} to {1}").format(channel_text(notice.channel), to)]
    if notice.state is NoticeState.PENDING and notice.due is not None:
        lines[0] += tr(", not before {0}").format(moment_text(notice.due))
    if notice.attempted is not None:
        lines[0] += tr(", last tried {0}").format(moment_text(notice.attempted))
    if notice.subject:
        lines.append(notice.subject)
    lines.append(notice.body)
    reason = reason_text(notice)
    if reason:
        lines.append(reason)
    return "\n".join(lines)


def sender_text(sender: Sender) -> str:
    """What goes on with a channel."""
    channel = channel_text(sender.channel)
    if sender.hindrance is None and sender.info is not None:
        return tr("{0}: {1} is ready to send.").format(channel, sender.info.title)
    words = tr("{0}: {1}").format(channel, tr(sender.sentence))
    if sender.hindrance is Reason.OFFLINE:
        words += " " + tr("It is tried again in a moment.")
    return words


def count(counts: Mapping[NoticeState, int], states: Iterable[NoticeState]) -> int:
    """How many notices are in any of these states."""
    return sum(counts.get(state, 0) for state in states)


def outbox_text(counts: Mapping[NoticeState, int]) -> str:
    """How many wait and how many need somebody; empty when all is quiet."""
    waiting, problems = count(counts, WAITING), count(counts, PROBLEMS)
    words = [tr("{0} waiting").format(waiting)] if waiting else []
    if problems:
        words.append(tr("1 problem") if problems == 1 else tr("{0} problems").format(problems))
    return tr("Outbox: {0}").format(", ".join(words)) if words else ""
