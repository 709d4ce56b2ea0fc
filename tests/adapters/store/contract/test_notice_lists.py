"""What an outbox promises of its pages, of opting out and of settings: in memory and encrypted."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from drscreen.domain.audit import AuditKind
from drscreen.domain.notice import (
    NoticePolicy,
    NoticeState,
    Purpose,
    Reason,
    Settlement,
)
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.plugin_choice import PluginChoice
from drscreen.domain.store_ports import OpenStore
from tests.adapters.store.outbox import (
    ADA,
    BEN,
    DRAFT,
    noted,
    queued,
    with_people,
)
from tests.adapters.store.samples import MONDAY


@pytest.fixture
def opened(opened: OpenStore) -> OpenStore:
    return with_people(opened)


# --- looking ---------------------------------------------------------------------------------


def test_pages_newest_first(opened: OpenStore) -> None:
    notices = queued(opened, *(replace(DRAFT, about=f"exam {n}") for n in range(12)))
    ended = Settlement(NoticeState.CANCELLED, None, Reason.BY_PERSON)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for notice in notices[::3]:
            records.notices.change(notice.id, NoticeState.PENDING, ended)
    failed = queued(opened, replace(DRAFT, mrn="B-2", about="b", state=NoticeState.FAILED))[0]
    newest = [failed.id, *(notice.id for notice in reversed(notices))]
    cancelled = [notice.id for notice in reversed(notices[::3])]
    both = (NoticeState.CANCELLED, NoticeState.FAILED)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        pages = records.notices

        def ids(states: tuple[NoticeState, ...], offset: int, limit: int) -> list[str]:
            return [notice.id for notice in pages.page(states, offset, limit)]

        assert ids((), 0, 100) == newest
        assert ids((), 4, 5) == newest[4:9]
        assert ids(both, 0, 100) == [failed.id, *cancelled]
        assert ids(both, 1, 2) == cancelled[:2]
        assert ids((NoticeState.SENDING,), 0, 10) == []
        assert ids((), 13, 10) == []
        assert dict(pages.counts()) == {
            NoticeState.PENDING: 8,
            NoticeState.CANCELLED: 4,
            NoticeState.FAILED: 1,
        }
        assert pages.of_patient("B-2", 10) == [failed]
        assert [notice.id for notice in pages.of_patient("A-17", 3)] == newest[1:4]
        assert pages.of_patient("nobody", 3) == []
        assert pages.page((), 0, 1)[0].mrn == "B-2"


# --- who wants no more -----------------------------------------------------------------------


def test_opting_out_withdraws_the_consent_of_everybody_at_that_address(opened: OpenStore) -> None:
    elsewhere = Patient("C-3", consent=frozenset({Channel.SMS}))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(elsewhere)
    queued(
        opened,
        DRAFT,
        replace(DRAFT, about="exam 2"),
        replace(DRAFT, mrn="B-2", about="exam 3"),
        replace(DRAFT, mrn="C-3", about="exam 4", address="+4500000000"),
    )
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for _ in range(2):
            records.notices.opt_out(Channel.SMS, DRAFT.address)
        ada, ben, third = (records.find_patient(mrn) for mrn in ("A-17", "B-2", "C-3"))
        assert records.notices.opted_out(Channel.SMS, DRAFT.address)
        assert not records.notices.opted_out(Channel.EMAIL, DRAFT.address)
        subjects = {records.audit_subject(mrn) for mrn in ("A-17", "B-2")}
    assert ada == replace(ADA, consent=frozenset({Channel.EMAIL}), version=2)
    assert ben == replace(BEN, consent=frozenset(), version=2)
    assert third == replace(elsewhere, version=1)
    events = noted(opened, AuditKind.CHANGED)
    assert {event.subject for event in events} == subjects
    assert [event.details for event in events] == [{"fields": "consent"}] * 2
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.forget_opt_out(Channel.SMS, DRAFT.address)
        records.notices.forget_opt_out(Channel.SMS, "+4511111111")
        assert not records.notices.opted_out(Channel.SMS, DRAFT.address)
        assert records.find_patient("B-2") == ben


def test_erasing_takes_notices_and_wishes_along(opened: OpenStore) -> None:
    (shared, own, theirs) = queued(
        opened,
        DRAFT,
        replace(DRAFT, about="exam 2", address="+4511111111"),
        replace(DRAFT, mrn="B-2", about="exam 3"),
    )
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for address in (DRAFT.address, "+4511111111", "+4522222222"):
            records.notices.opt_out(Channel.SMS, address)
        records.erase_patient("A-17")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.find(shared.id) is None
        assert records.notices.find(own.id) is None
        assert records.notices.find(theirs.id) == theirs
        assert not records.notices.opted_out(Channel.SMS, "+4511111111")
        assert records.notices.opted_out(Channel.SMS, DRAFT.address), "somebody else's wish"
        assert records.notices.opted_out(Channel.SMS, "+4522222222")


# --- what the clinic wants -------------------------------------------------------------------


def test_policy_is_kept_and_noted_by_its_fields(opened: OpenStore) -> None:
    wanted = NoticePolicy(
        on=False,
        region="DK",
        regions=frozenset({"SE", "NO"}),
        clinic_phone="+45 12 34",
        quiet_from=time(21, 30),
        quiet_until=time(7, 15),
        allow_personal=True,
        notifiers={"sms": "twilio"},
    )
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.policy() == NoticePolicy()
        records.notices.set_policy(wanted)
        records.notices.set_policy(wanted)
        assert records.notices.policy() == wanted
        records.notices.set_policy(replace(wanted, hold_minutes=0))
    first, second = noted(opened, AuditKind.SETTING_CHANGED)
    assert first.details == {
        "setting": "notice_policy",
        "fields": "on region regions clinic_phone quiet_from quiet_until allow_personal notifiers",
    }
    assert second.details == {"setting": "notice_policy", "fields": "hold_minutes"}


def test_texts_are_kept_replaced_and_removed(opened: OpenStore) -> None:
    text = NoticeText(Purpose.COME_BACK, Channel.EMAIL, "pt-BR", "Volte, {given_name}.", "Olá")
    other = NoticeText(Purpose.RESULT_READY, Channel.SMS, "en", "Call us.")
    key = (text.purpose, text.channel, text.language)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        notices = records.notices
        notices.set_text(replace(text, body="First."))
        notices.set_text(other)
        notices.set_text(text)
        assert sorted(notices.texts(), key=repr) == sorted([text, other], key=repr)
        notices.remove_text(*key)
        notices.remove_text(*key)
        assert list(notices.texts()) == [other]
    events = noted(opened, AuditKind.SETTING_CHANGED)
    assert len(events) == 4
    assert events[-1].details == {
        "setting": "notice_text",
        "purpose": "come_back",
        "channel": "email",
        "language": "pt-BR",
    }


def test_settings_of_a_notifier_are_noted_by_their_keys(opened: OpenStore) -> None:
    first = {"account": "AC1", "api_secret": "canary secret", "sender": "+45"}
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        notices = records.notices
        assert dict(notices.notifier_settings("twilio")) == {}
        notices.set_notifier_settings("twilio", first)
        notices.set_notifier_settings("smtp", {"host": "mail"})
        notices.set_notifier_settings("twilio", {"account": "AC1", "api_secret": "other"})
        assert dict(notices.notifier_settings("twilio")) == {
            "account": "AC1",
            "api_secret": "other",
        }
        assert dict(notices.notifier_settings("smtp")) == {"host": "mail"}
    events = noted(opened, AuditKind.SETTING_CHANGED)
    assert [event.details for event in events] == [
        {"setting": "notifier twilio", "keys": "account api_secret sender"},
        {"setting": "notifier smtp", "keys": "host"},
        {"setting": "notifier twilio", "keys": "api_secret sender"},
    ]
    assert "canary" not in repr(events)


def test_a_choice_of_a_plugin_is_kept_noted_and_revoked(opened: OpenStore) -> None:
    first = PluginChoice("drscreen-notify-pigeon", "1.0", "ab" * 32, "Nora", MONDAY)
    second = replace(first, version="1.1", digest="cd" * 32)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        notices = records.notices
        assert dict(notices.plugin_choices()) == {}
        notices.choose_plugin(first)
        notices.choose_plugin(replace(first, package="other"))
        notices.choose_plugin(second)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.plugin_choices() == {
            first.package: second,
            "other": replace(first, package="other"),
        }
        records.notices.revoke_plugin(first.package)
        records.notices.revoke_plugin(first.package)
        assert list(records.notices.plugin_choices()) == ["other"]
    told = [event.details for event in noted(opened, AuditKind.SETTING_CHANGED)]
    setting = "plugin drscreen-notify-pigeon"
    assert [one for one in told if one["setting"] == setting] == [
        {"setting": setting, "chosen": "ab" * 32, "version": "1.0"},
        {"setting": setting, "chosen": "cd" * 32, "version": "1.1"},
        {"setting": setting, "chosen": ""},
    ]


def test_an_address_that_asked_for_no_more_knows_since_when_and_for_how_many(
    opened: OpenStore,
) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        notices = records.notices
        for number, patient in enumerate((ADA, ADA, BEN)):
            notices.queue(replace(DRAFT, mrn=patient.mrn, about=f"visit {number}"))
        assert notices.opted_out_since(Channel.SMS, DRAFT.address) is None
        assert notices.patients_at(Channel.SMS, DRAFT.address) == 2
        assert notices.patients_at(Channel.EMAIL, DRAFT.address) == 0
        notices.opt_out(Channel.SMS, DRAFT.address)
        since = notices.opted_out_since(Channel.SMS, DRAFT.address)
        assert since is not None
        assert since.tzinfo is not None
        notices.opt_out(Channel.SMS, DRAFT.address)
        assert notices.opted_out_since(Channel.SMS, DRAFT.address) == since
        notices.forget_opt_out(Channel.SMS, DRAFT.address)
        assert notices.opted_out_since(Channel.SMS, DRAFT.address) is None
