"""What notices need from outside, as Protocols; see `ports` for the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from drscreen.domain.notice import (
    Notice,
    NoticeDraft,
    NoticePolicy,
    NoticeState,
    Purpose,
    Reason,
    Settlement,
)
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.notifier import (
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    SettingProblem,
    SettingValues,
)
from drscreen.domain.patient import Channel
from drscreen.domain.plugin_choice import PluginChoice, PluginOffer, standing


class Notices(Protocol):
    """The outbox inside ONE transaction of the store (`Records.notices`)."""

    def queue(self, draft: NoticeDraft) -> Notice:
        """Write a notice, unless there is one of that purpose, about that and on that channel.

        One that was never attempted and that nobody cancelled by hand is written anew, so that a
        draft with better knowledge wins; any other stays as it is. Returns what stands there now.
        Raises `PatientUnknown`.
        """
        ...

    def supersede(self, about: str, keep: Purpose) -> None:
        """Cancel those about the same that are pending, never attempted, of other purposes."""
        ...

    def release_leases(self, now: datetime) -> int:
        """Make every notice UNKNOWN whose sender has not come back within `LEASE`, and return how
        many. A lease that lies further ahead is that of a clock that was set back: expired too.
        They are due `LEASE` later: where the clock was moved, a sender may be at work still, and
        its service must not be asked before it has come back.
        """
        ...

    def lease(self, now: datetime, senders: Mapping[Channel, str]) -> Notice | None:
        """The longest due pending notice of these channels, now SENDING with its channel's
        notifier, counted and stamped, without the reference of an earlier attempt; `due` is when
        the lease ends. None where there is none. A `due` further ahead than `FARTHEST_DUE` counts
        as due.
        """
        ...

    def entrust(self, now: datetime, senders: Mapping[Channel, str]) -> int:
        """Let each channel's notifier be asked about its UNKNOWN notices that name none: those that
        were queued when the records were found to be older than they had been. How many.
        """
        ...

    def next_to_ask(self, now: datetime, notifiers: Collection[str]) -> Notice | None:
        """The longest due UNKNOWN or SENT notice that one of these notifiers has; its `due` is
        moved by `LEASE`, so that nobody else asks meanwhile. Those without one wait for nothing;
        one further ahead than `FARTHEST_DUE` counts as due.
        """
        ...

    def settle(self, notice_id: str, attempts: int, settlement: Settlement) -> Notice | None:
        """Write what became of attempt `attempts`.

        None, and nothing written, where the notice is in another attempt already or has ended, or
        where another notice of this notifier has that reference: of two that asked at once and
        found one message, the later must ask again. Nothing is due of one that ends. Notes
        `NOTIFIED` in the audit log the first time it is SENT or DELIVERED. A settlement that is not
        `counted` takes the attempt back.
        """
        ...

    def change(self, notice_id: str, state: NoticeState, settlement: Settlement) -> Notice | None:
        """A person's act: as `settle` where the notice is in `state` still, else None."""
        ...

    def redraft(self, notice_id: str, draft: NoticeDraft) -> Notice | None:
        """A person wants it sent after all: address, words, moments and state of the draft, under
        the same id and with the attempts counted so far. None, and nothing written, where it is
        SENDING, SENT or DELIVERED, there is no such notice, or the draft is for a channel on which
        there is another one. Raises `PatientUnknown`.
        """
        ...

    def next_due(self, senders: Mapping[Channel, str]) -> datetime | None:
        """When something is to be done next by these; None where nothing waits. A clock that was
        ahead may have written it, so nobody sleeps longer than a while.
        """
        ...

    def find(self, notice_id: str) -> Notice | None:
        """One notice."""
        ...

    def page(self, states: Collection[NoticeState], offset: int, limit: int) -> list[Notice]:
        """A page, the newest first; of all states where none is named."""
        ...

    def counts(self) -> Mapping[NoticeState, int]:
        """How many there are in each state; states without any are left out."""
        ...

    def of_patient(self, mrn: str, limit: int) -> list[Notice]:
        """A patient's, the newest first."""
        ...

    def claimed(self, notifier: str, address: str) -> frozenset[str]:
        """The references that notices to an address have already, or had in earlier attempts."""
        ...

    def opted_out(self, channel: Channel, address: str) -> bool:
        """Whether somebody at that address asked for no more messages."""
        ...

    def opted_out_since(self, channel: Channel, address: str) -> datetime | None:
        """When somebody did; None where nobody did."""
        ...

    def patients_at(self, channel: Channel, address: str) -> int:
        """How many patients have a notice to that address."""
        ...

    def opt_out(self, channel: Channel, address: str) -> None:
        """Record that, and withdraw the consent of whoever has that address in a notice."""
        ...

    def forget_opt_out(self, channel: Channel, address: str) -> None:
        """The person asked for messages again."""
        ...

    def policy(self) -> NoticePolicy:
        """What the clinic wants; the defaults where nobody said."""
        ...

    def set_policy(self, policy: NoticePolicy) -> None:
        """Change it; noted in the audit log by the names of the fields."""
        ...

    def texts(self) -> Sequence[NoticeText]:
        """The clinic's own templates."""
        ...

    def set_text(self, text: NoticeText) -> None:
        """Keep one; noted in the audit log."""
        ...

    def remove_text(self, purpose: Purpose, channel: Channel, language: str) -> None:
        """Go back to the default; noted in the audit log."""
        ...

    def notifier_settings(self, name: str) -> SettingValues:
        """A notifier's settings, secrets and all; empty where nobody set any."""
        ...

    def set_notifier_settings(self, name: str, values: Mapping[str, str]) -> None:
        """Replace them; noted in the audit log by their keys."""
        ...

    def plugin_choices(self) -> Mapping[str, PluginChoice]:
        """The plugins that administrators chose, by package."""
        ...

    def choose_plugin(self, choice: PluginChoice) -> None:
        """Let those files run from now on; noted in the audit log."""
        ...

    def revoke_plugin(self, package: str) -> None:
        """Let none of that package run any more; noted in the audit log."""
        ...


@dataclass(frozen=True, slots=True)
class FoundNotifier:
    """An installed notifier; `problem` says why it is not used, in a sentence, or is empty.

    `info` is None where it could not say who it is, or was never asked because nobody chose it;
    `package` is its distribution's name. `offer` is what its metadata and files say, `choice` what
    was chosen of that package.
    """

    package: str
    info: NotifierInfo | None
    problem: str = ""
    offer: PluginOffer | None = None
    choice: PluginChoice | None = None

    @property
    def waits_for_choice(self) -> bool:
        """Whether it does not run because nobody chose these files."""
        return self.offer is not None and bool(standing(self.offer, self.choice))


class Notifiers(Protocol):
    """The installed notifier plugins, each in a process of its own. Any thread.

    None of these raises for what a plugin does: a plugin that fails, exits or is too slow gives an
    answer that says so. Nothing of a plugin runs before `trust` named its package with the hash
    that its files have.
    """

    def trust(self, choices: Mapping[str, PluginChoice]) -> None:
        """From now on these may run and no others; whatever else runs is ended at once."""
        ...

    def found(self) -> Sequence[FoundNotifier]:
        """All of them, by package; of those that may not run their metadata alone."""
        ...

    def check_settings(self, name: str, values: SettingValues) -> Sequence[SettingProblem]:
        """What is wrong with settings; touches no network."""
        ...

    def check_address(self, name: str, address: str) -> str:
        """Why the service could not write to a normalised address; empty where it could.

        Empty too where the plugin does not answer: that is not the address's fault, and `send`
        will tell.
        """
        ...

    def send(self, name: str, message: Message, values: SettingValues) -> Receipt:
        """Hand one message over. UNKNOWN where nobody can say whether it was taken."""
        ...

    def look_up(self, name: str, enquiry: Enquiry, values: SettingValues) -> Receipt:
        """Ask what became of a message."""
        ...


@dataclass(frozen=True, slots=True)
class CheckedAddress:
    """An address in its normal form (E.164; lower-case domain), or why it is none."""

    address: str
    reason: Reason | None = None


class Addresses(Protocol):
    """What can be said of an address without asking anybody. Any thread."""

    def check(self, channel: Channel, text: str, policy: NoticePolicy) -> CheckedAddress:
        """Normalise what somebody typed."""
        ...

    def is_country(self, code: str) -> bool:
        """Whether it is a country's code (ISO 3166, capital letters) whose numbers are known."""
        ...

    def zone(self, channel: Channel, address: str) -> tzinfo | None:
        """The time zone of a normalised number, where its country or area has only one."""
        ...
