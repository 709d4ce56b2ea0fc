"""What drscreen and a notifier plugin say to each other. `drscreen.plugin_api` hands it on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SettingKind(StrEnum):
    """How a setting is asked for. Its value is text: a number in digits, a flag "yes" or ""."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - a code
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a notifier's settings. `help` is one sentence; `choices` are for CHOICE."""

    key: str
    label: str
    kind: SettingKind = SettingKind.TEXT
    help: str = ""
    default: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()


class SettingValues(Mapping[str, str]):
    """A notifier's settings by key. Its `repr` names keys, never a value: some are secret."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"SettingValues({', '.join(sorted(self._values))})"


@dataclass(frozen=True, slots=True)
class NotifierInfo:
    """What a notifier says of itself.

    `name` is stable, lower case, and what settings are kept under; `title` is for people.
    `channel` is ``sms``, ``email`` or the plugin's own word. `looks_up` says that the service can
    be asked what became of a message.
    """

    name: str
    title: str
    channel: str
    api_version: int
    settings: tuple[Setting, ...] = ()
    looks_up: bool = False


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """What is wrong with a setting, in a sentence; `key` is empty where it is no single one.

    One that does not hinder is a note: messages go out, and whoever sets it should know this.
    """

    key: str
    sentence: str
    hinders: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address. `id` is unguessable and the same on every attempt.

    `to` is E.164 or an e-mail address; `subject` is empty where the channel has none. After
    `valid_for` nobody should get it any more.
    """

    id: str
    to: str
    body: str
    subject: str = ""
    language: str = "en"
    valid_for: timedelta = timedelta(days=1)


class ReceiptState(StrEnum):
    """What a service made of a message.

    ACCEPTED: it has it and goes on by itself. DELIVERED: it arrived. REFUSED: it never will.
    DEFERRED: the service does not have it, later it may. UNKNOWN: nobody can say whether the
    service has it. ABSENT (look-up only): the service was asked and does not have it.
    """

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a message or an enquiry.

    `reference` is the service's own name of the message. `reason` is a short stable code such as
    ``21211`` and `sentence` what a nurse reads; neither holds an address, a name or a secret.
    `retry_after` is what the service asked for. `opted_out`: the person said STOP, ask no more.
    `offline`: the service could not be reached at all, so it is nobody's fault. `misconfigured`: it
    refuses this clinic (key, account, sender), so an administrator has to act. `busy`: it takes
    nothing from this clinic for now (a day's limit, a fault of its own), and will by itself. With
    one of them, and DEFERRED, the attempt does not count and the channel rests for a while, with
    `busy` for `retry_after` at least.
    """

    state: ReceiptState
    reference: str = ""
    reason: str = ""
    sentence: str = ""
    retry_after: timedelta | None = None
    opted_out: bool = False
    offline: bool = False
    misconfigured: bool = False
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What became of a message that was handed over, or may have been?

    `reference` is empty where no answer came back; then the service is searched for a message with
    this address and text from `attempted` on, leaving out `claimed`: references of other messages.
    """

    message: Message
    reference: str
    attempted: datetime
    claimed: frozenset[str] = frozenset()
