"""An outbox in memory that keeps every promise of `drscreen.domain.notice_ports.Notices`.

The contract tests in tests/adapters/store hold it to the same assertions as the real one.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import PatientUnknown
from drscreen.domain.notice import (
    ENDED,
    FARTHEST_DUE,
    LEASE,
    Notice,
    NoticeDraft,
    NoticePolicy,
    NoticeState,
    Purpose,
    Reason,
    Settlement,
)
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.notifier import SettingValues
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.plugin_choice import PluginChoice

_NOT_TO_REDRAFT = {NoticeState.SENDING, NoticeState.SENT, NoticeState.DELIVERED}


@dataclass
class NoticesState:
    """What is stored; the values are immutable. `notices` by id, the oldest first."""

    notices: dict[str, Notice] = field(default_factory=dict)
    former: dict[str, frozenset[str]] = field(default_factory=dict)
    notified: set[str] = field(default_factory=set)
    opt_outs: dict[tuple[Channel, str], datetime] = field(default_factory=dict)
    texts: dict[tuple[Purpose, Channel, str], NoticeText] = field(default_factory=dict)
    policy: NoticePolicy = field(default_factory=NoticePolicy)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    choices: dict[str, PluginChoice] = field(default_factory=dict)

    def copy(self) -> NoticesState:
        return NoticesState(
            dict(self.notices),
            dict(self.former),
            set(self.notified),
            dict(self.opt_outs),
            dict(self.texts),
            self.policy,
            dict(self.settings),
            dict(self.choices),
        )

    def forget(self, mrn: str) -> None:
        """A patient is erased, with the wishes of addresses that are nobody else's."""
        mine = {(n.channel, n.address) for n in self.notices.values() if n.mrn == mrn}
        self.notices = {k: n for k, n in self.notices.items() if n.mrn != mrn}
        gone = mine - {(n.channel, n.address) for n in self.notices.values()}
        self.opt_outs = {k: moment for k, moment in self.opt_outs.items() if k not in gone}


class FakeNotices:
    """`Notices` over dictionaries; `patients` are the store's own, `note` writes its audit log."""

    def __init__(
        self,
        state: NoticesState,
        patients: dict[str, Patient],
        note: Callable[..., None],
        now: Callable[[], datetime],
    ) -> None:
        self._state = state
        self._patients = patients
        self._note = note
        self._now = now

    def queue(self, draft: NoticeDraft) -> Notice:
        self._check_patient(draft.mrn)
        there = self._about(draft)
        if there is None:
            return self._keep(self._drafted(_new(draft, self._now()), draft))
        if there.attempts or there.reason == Reason.BY_PERSON:
            return there
        return self._keep(self._drafted(there, draft))

    def supersede(self, about: str, keep: Purpose) -> None:
        for notice in self._all():
            waits = notice.state is NoticeState.PENDING and not notice.attempts
            if notice.about == about and notice.purpose is not keep and waits:
                self._keep(
                    replace(
                        notice,
                        state=NoticeState.CANCELLED,
                        reason=Reason.SUPERSEDED.value,
                        sentence=Reason.SUPERSEDED.sentence,
                        due=None,
                        changed=self._now(),
                    )
                )

    def release_leases(self, now: datetime) -> int:
        released = [
            notice
            for notice in self._in(NoticeState.SENDING)
            if notice.due is not None and not now < notice.due <= now + LEASE
        ]
        for notice in released:
            self._keep(
                replace(
                    notice,
                    state=NoticeState.UNKNOWN,
                    reason=Reason.INTERRUPTED.value,
                    sentence=Reason.INTERRUPTED.sentence,
                    due=now + LEASE,
                    changed=now,
                )
            )
        return len(released)

    def lease(self, now: datetime, senders: Mapping[Channel, str]) -> Notice | None:
        pending = [n for n in self._in(NoticeState.PENDING) if n.channel in senders]
        notice = _longest_due(now, pending)
        if notice is None:
            return None
        if notice.reference:
            known = self._state.former.get(notice.id, frozenset())
            self._state.former[notice.id] = known | {notice.reference}
        return self._keep(
            replace(
                notice,
                state=NoticeState.SENDING,
                notifier=senders[notice.channel],
                reference="",
                attempts=notice.attempts + 1,
                attempted=now,
                due=now + LEASE,
                changed=now,
                reason="",
                sentence="",
            )
        )

    def entrust(self, now: datetime, senders: Mapping[Channel, str]) -> int:
        return 0  # nothing here is ever older than it was

    def next_to_ask(self, now: datetime, notifiers: Collection[str]) -> Notice | None:
        notice = _longest_due(now, self._asked(notifiers))
        return None if notice is None else self._keep(replace(notice, due=now + LEASE))

    def settle(self, notice_id: str, attempts: int, settlement: Settlement) -> Notice | None:
        notice = self.find(notice_id)
        if notice is None or notice.attempts != attempts or notice.state in ENDED:
            return None
        return self._settle(notice, settlement)

    def change(self, notice_id: str, state: NoticeState, settlement: Settlement) -> Notice | None:
        notice = self.find(notice_id)
        if notice is None or notice.state is not state:
            return None
        return self._settle(notice, settlement)

    def redraft(self, notice_id: str, draft: NoticeDraft) -> Notice | None:
        self._check_patient(draft.mrn)
        notice = self.find(notice_id)
        if notice is None or notice.state in _NOT_TO_REDRAFT:
            return None
        if self._about(draft) not in (notice, None):
            return None
        return self._keep(self._drafted(notice, draft))

    def next_due(self, senders: Mapping[Channel, str]) -> datetime | None:
        pending = [n for n in self._in(NoticeState.PENDING) if n.channel in senders]
        waiting = [*pending, *self._in(NoticeState.SENDING), *self._asked(senders.values())]
        return min((n.due for n in waiting if n.due is not None), default=None)

    def find(self, notice_id: str) -> Notice | None:
        return self._state.notices.get(notice_id)

    def page(self, states: Collection[NoticeState], offset: int, limit: int) -> list[Notice]:
        found = [n for n in self._all() if not states or n.state in states]
        return found[::-1][offset : offset + limit]

    def counts(self) -> Mapping[NoticeState, int]:
        return Counter(notice.state for notice in self._all())

    def of_patient(self, mrn: str, limit: int) -> list[Notice]:
        return [n for n in self._all() if n.mrn == mrn][::-1][:limit]

    def claimed(self, notifier: str, address: str) -> frozenset[str]:
        found: set[str] = set()
        for notice in self._all():
            if (notice.notifier, notice.address) == (notifier, address):
                found |= {notice.reference, *self._state.former.get(notice.id, ())}
        return frozenset(found - {""})

    def opted_out(self, channel: Channel, address: str) -> bool:
        return (channel, address) in self._state.opt_outs

    def opted_out_since(self, channel: Channel, address: str) -> datetime | None:
        return self._state.opt_outs.get((channel, address))

    def patients_at(self, channel: Channel, address: str) -> int:
        there = (n for n in self._all() if (n.channel, n.address) == (channel, address))
        return len({notice.mrn for notice in there})

    def opt_out(self, channel: Channel, address: str) -> None:
        self._state.opt_outs.setdefault((channel, address), self._now())
        written_to = {
            n.mrn: None for n in self._all() if (n.channel, n.address) == (channel, address)
        }
        for mrn in written_to:
            patient = self._patients[mrn]
            if channel in patient.consent:
                self._patients[mrn] = replace(
                    patient, consent=patient.consent - {channel}, version=patient.version + 1
                )
                self._note(AuditKind.CHANGED, mrn, fields="consent")

    def forget_opt_out(self, channel: Channel, address: str) -> None:
        self._state.opt_outs.pop((channel, address), None)

    def policy(self) -> NoticePolicy:
        return self._state.policy

    def set_policy(self, policy: NoticePolicy) -> None:
        changed = [
            one.name
            for one in fields(NoticePolicy)
            if getattr(policy, one.name) != getattr(self._state.policy, one.name)
        ]
        if changed:
            self._state.policy = policy
            self._note_setting("notice_policy", fields=" ".join(changed))

    def texts(self) -> Sequence[NoticeText]:
        return [text for _key, text in sorted(self._state.texts.items())]

    def set_text(self, text: NoticeText) -> None:
        self._state.texts[text.purpose, text.channel, text.language] = text
        self._note_text(text.purpose, text.channel, text.language)

    def remove_text(self, purpose: Purpose, channel: Channel, language: str) -> None:
        if self._state.texts.pop((purpose, channel, language), None) is not None:
            self._note_text(purpose, channel, language)

    def notifier_settings(self, name: str) -> SettingValues:
        return SettingValues(self._state.settings.get(name))

    def set_notifier_settings(self, name: str, values: Mapping[str, str]) -> None:
        before = self._state.settings.get(name, {})
        changed = sorted(key for key in {*before, *values} if before.get(key) != values.get(key))
        if changed:
            self._state.settings[name] = dict(values)
            self._note_setting(f"notifier {name}", keys=" ".join(changed))

    def plugin_choices(self) -> Mapping[str, PluginChoice]:
        return dict(self._state.choices)

    def choose_plugin(self, choice: PluginChoice) -> None:
        self._state.choices[choice.package] = choice
        self._note_setting(f"plugin {choice.package}", chosen=choice.digest, version=choice.version)

    def revoke_plugin(self, package: str) -> None:
        if self._state.choices.pop(package, None) is not None:
            self._note_setting(f"plugin {package}", chosen="")

    def _all(self) -> list[Notice]:
        return list(self._state.notices.values())

    def _in(self, state: NoticeState) -> list[Notice]:
        return [notice for notice in self._all() if notice.state is state]

    def _asked(self, notifiers: Collection[str]) -> list[Notice]:
        with_service = [*self._in(NoticeState.UNKNOWN), *self._in(NoticeState.SENT)]
        return [n for n in with_service if n.notifier and n.notifier in notifiers]

    def _about(self, draft: NoticeDraft) -> Notice | None:
        key = (draft.purpose, draft.about, draft.channel)
        found = [n for n in self._all() if (n.purpose, n.about, n.channel) == key]
        return found[0] if found else None

    def _check_patient(self, mrn: str) -> None:
        if mrn not in self._patients:
            raise PatientUnknown("There is no patient with that number.")

    def _keep(self, notice: Notice) -> Notice:
        self._state.notices[notice.id] = notice
        return notice

    def _drafted(self, notice: Notice, draft: NoticeDraft) -> Notice:
        return replace(
            notice,
            mrn=draft.mrn,
            purpose=draft.purpose,
            channel=draft.channel,
            about=draft.about,
            state=draft.state,
            address=draft.address,
            language=draft.language,
            subject=draft.subject,
            body=draft.body,
            due=None if draft.state in ENDED else draft.due,
            expires=draft.expires,
            changed=self._now(),
            reason=draft.reason,
            sentence=draft.sentence,
        )

    def _settle(self, notice: Notice, settlement: Settlement) -> Notice | None:
        reference = settlement.reference or notice.reference
        others = [n for n in self._all() if n.id != notice.id and n.notifier == notice.notifier]
        if reference and reference in [other.reference for other in others]:
            return None
        arrived = settlement.state in (NoticeState.SENT, NoticeState.DELIVERED)
        if arrived and notice.id not in self._state.notified:
            self._state.notified.add(notice.id)
            told = {"channel": notice.channel.value, "purpose": notice.purpose.value}
            self._note(AuditKind.NOTIFIED, notice.mrn, notice=notice.id, **told)
        return self._keep(
            replace(
                notice,
                state=settlement.state,
                due=None if settlement.state in ENDED else settlement.due,
                reason=settlement.reason,
                sentence=settlement.sentence,
                reference=reference,
                attempts=notice.attempts if settlement.counted else max(notice.attempts - 1, 0),
                changed=self._now(),
            )
        )

    def _note_setting(self, setting: str, **details: str) -> None:
        self._note(AuditKind.SETTING_CHANGED, None, setting=setting, **details)

    def _note_text(self, purpose: Purpose, channel: Channel, language: str) -> None:
        told = {"purpose": purpose.value, "channel": channel.value, "language": language}
        self._note_setting("notice_text", **told)


def _new(draft: NoticeDraft, moment: datetime) -> Notice:
    return Notice(
        id=str(uuid.uuid4()),
        mrn=draft.mrn,
        purpose=draft.purpose,
        channel=draft.channel,
        about=draft.about,
        state=draft.state,
        address="",
        language="",
        subject="",
        body="",
        created=moment,
        due=None,
        expires=draft.expires,
        changed=moment,
    )


def _longest_due(now: datetime, notices: Iterable[Notice]) -> Notice | None:
    waiting = [(notice.due, notice) for notice in notices if notice.due is not None]
    due = [one for one in waiting if one[0] <= now]
    far = [one for one in waiting if one[0] > now + FARTHEST_DUE]
    found = min(due or far, key=lambda one: one[0], default=None)
    return None if found is None else found[1]
