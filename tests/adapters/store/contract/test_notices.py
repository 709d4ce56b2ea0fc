"""What the way of a notice promises: the same for the outbox in memory and the encrypted one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import PatientUnknown
from drscreen.domain.notice import (
    FARTHEST_DUE,
    LEASE,
    NoticeDraft,
    NoticeState,
    Purpose,
    Reason,
    Settlement,
)
from drscreen.domain.patient import Channel
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore
from tests.adapters.store.outbox import (
    DRAFT,
    SECOND,
    SENDERS,
    SENT,
    YEAR,
    due_again,
    found,
    leased,
    noted,
    queued,
    settled,
    with_people,
)
from tests.adapters.store.samples import MONDAY


@pytest.fixture
def opened(opened: OpenStore) -> OpenStore:
    return with_people(opened)


# --- queueing --------------------------------------------------------------------------------


def test_draft_is_queued_and_found(opened: OpenStore) -> None:
    (notice,) = queued(opened, DRAFT)
    assert found(opened, notice) == notice
    for name in NoticeDraft.__dataclass_fields__:
        assert getattr(notice, name) == getattr(DRAFT, name)
    assert (notice.attempts, notice.attempted, notice.notifier, notice.reference) == (
        0,
        None,
        "",
        "",
    )
    assert notice.created.tzinfo is UTC
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.find("nothing") is None
        with pytest.raises(PatientUnknown):
            records.notices.queue(replace(DRAFT, mrn="nobody"))


def test_nothing_is_told_twice(opened: OpenStore) -> None:
    (notice,) = queued(opened, DRAFT)
    assert settled(opened, leased(opened), SENT) is not None
    (again,) = queued(opened, replace(DRAFT, body="Other words."))
    assert (again.id, again.state, again.body) == (notice.id, NoticeState.SENT, DRAFT.body)
    others = queued(
        opened,
        replace(DRAFT, about="exam 2"),
        replace(DRAFT, purpose=Purpose.REPEAT_PHOTOGRAPH),
        replace(DRAFT, channel=Channel.EMAIL, address="ada@example.org"),
    )
    assert len({notice.id, *(other.id for other in others)}) == 4


def test_better_knowledge_replaces_what_nobody_has_tried(opened: OpenStore) -> None:
    (failed,) = queued(
        opened, replace(DRAFT, state=NoticeState.FAILED, address="", reason=Reason.NO_ADDRESS)
    )
    assert (failed.state, failed.due, failed.reason) == (NoticeState.FAILED, None, "no_address")
    (better,) = queued(opened, DRAFT)
    assert better.id == failed.id
    assert (better.state, better.due, better.reason) == (NoticeState.PENDING, MONDAY, "")
    assert better.address == DRAFT.address


@pytest.mark.parametrize("state", [NoticeState.PENDING, NoticeState.FAILED, NoticeState.UNKNOWN])
def test_what_was_tried_stays_as_it_is(opened: OpenStore, state: NoticeState) -> None:
    queued(opened, DRAFT)
    notice = settled(opened, leased(opened), Settlement(state, MONDAY, "21211", "No."))
    assert queued(opened, replace(DRAFT, body="Other words.")) == [notice]


def test_what_a_person_cancelled_stays_cancelled(opened: OpenStore) -> None:
    (notice,) = queued(opened, DRAFT)
    ended = Settlement(NoticeState.CANCELLED, None, Reason.BY_PERSON, Reason.BY_PERSON.sentence)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.change(notice.id, NoticeState.SENT, ended) is None
        cancelled = records.notices.change(notice.id, NoticeState.PENDING, ended)
        assert records.notices.change("nothing", NoticeState.PENDING, ended) is None
    assert cancelled is not None
    assert cancelled.reason == "by_person"
    assert queued(opened, DRAFT) == [cancelled]


def test_superseded_are_those_that_wait_untried(opened: OpenStore) -> None:
    repeat = replace(DRAFT, purpose=Purpose.REPEAT_PHOTOGRAPH)
    tried = replace(DRAFT, purpose=Purpose.COME_BACK, due=MONDAY - SECOND)
    kept = [DRAFT, replace(repeat, about="exam 2"), tried]
    stays = queued(opened, *kept)
    (goes,) = queued(opened, repeat)
    due_again(opened, leased(opened))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.supersede("exam 1", Purpose.RESULT_READY)
    assert {found(opened, notice).state for notice in stays} == {NoticeState.PENDING}
    gone = found(opened, goes)
    assert (gone.state, gone.due, gone.reason) == (NoticeState.CANCELLED, None, "superseded")
    assert gone.sentence == Reason.SUPERSEDED.sentence
    # Should it be wanted after all, it is queued anew.
    assert queued(opened, repeat)[0].state is NoticeState.PENDING


def test_redrafted_keeps_its_id_and_counts_on(opened: OpenStore) -> None:
    (notice,) = queued(opened, DRAFT)
    refused = Settlement(NoticeState.FAILED, None, "21211", "No such number.", "SM1")
    settled(opened, leased(opened), refused)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        anew = records.notices.redraft(notice.id, replace(DRAFT, address="+4531000000"))
        assert records.notices.redraft("nothing", DRAFT) is None
    assert anew is not None
    assert (anew.id, anew.attempts, anew.address) == (notice.id, 1, "+4531000000")
    assert (anew.state, anew.due, anew.reason) == (NoticeState.PENDING, MONDAY, "")
    again = leased(opened)
    assert (again.attempts, again.reference) == (2, "")
    for state in (NoticeState.SENDING, NoticeState.SENT, NoticeState.DELIVERED):
        if state is not NoticeState.SENDING:
            settled(opened, again, Settlement(state, None))
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            assert records.notices.redraft(notice.id, DRAFT) is None


def test_redrafted_may_change_channel_but_takes_no_others_place(opened: OpenStore) -> None:
    by_mail = replace(DRAFT, channel=Channel.EMAIL, address="ada@example.org", subject="Hello")
    failed = replace(DRAFT, state=NoticeState.FAILED, reason=Reason.NO_ADDRESS)
    (first,) = queued(opened, failed)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        moved = records.notices.redraft(first.id, by_mail)
    assert moved is not None
    assert (moved.channel, moved.address, moved.subject) == (
        Channel.EMAIL,
        "ada@example.org",
        "Hello",
    )
    (second,) = queued(opened, failed)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.redraft(second.id, by_mail) is None
    assert found(opened, second) == second


# --- sending ---------------------------------------------------------------------------------


def test_longest_due_is_leased_first_and_once(opened: OpenStore) -> None:
    late, early, future = queued(
        opened,
        DRAFT,
        replace(DRAFT, about="exam 2", due=MONDAY - timedelta(minutes=1)),
        replace(DRAFT, about="exam 3", due=MONDAY + SECOND),
    )
    first = leased(opened)
    assert (first.id, first.state, first.attempts) == (early.id, NoticeState.SENDING, 1)
    assert (first.attempted, first.due, first.notifier) == (MONDAY, MONDAY + LEASE, "twilio")
    assert leased(opened).id == late.id
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.lease(MONDAY, SENDERS) is None
    assert leased(opened, MONDAY + SECOND).id == future.id


def test_only_channels_that_somebody_serves(opened: OpenStore) -> None:
    by_mail = replace(DRAFT, channel=Channel.EMAIL, due=MONDAY - timedelta(hours=1))
    queued(opened, DRAFT, by_mail)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.lease(MONDAY, {}) is None
        notice = records.notices.lease(MONDAY, {Channel.SMS: "other"})
        assert records.notices.lease(MONDAY, {Channel.SMS: "other"}) is None
    assert notice is not None
    assert (notice.channel, notice.notifier) == (Channel.SMS, "other")


def test_lost_lease_is_unknown_and_asked_about_later(opened: OpenStore) -> None:
    queued(opened, DRAFT)
    notice = leased(opened)
    over = MONDAY + LEASE
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.release_leases(over - SECOND) == 0
        assert records.notices.release_leases(over) == 1
        assert records.notices.release_leases(over) == 0
        assert records.notices.lease(over + YEAR, SENDERS) is None
        assert records.notices.next_to_ask(over + LEASE - SECOND, ["twilio"]) is None
        asked = records.notices.next_to_ask(over + LEASE, ["twilio"])
    assert asked is not None
    assert (asked.id, asked.state, asked.attempts) == (notice.id, NoticeState.UNKNOWN, 1)
    assert (asked.reason, asked.sentence) == ("interrupted", Reason.INTERRUPTED.sentence)


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_clock_moved_by_a_year_during_a_send(opened: OpenStore, jump: timedelta) -> None:
    """The notice is not handed out again, and its sender's answer counts though it comes late."""
    queued(opened, DRAFT)
    notice, now = leased(opened), MONDAY + jump
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.release_leases(now) == 1
        assert records.notices.lease(now, SENDERS) is None
        assert records.notices.next_to_ask(now, ["twilio"]) is None
    after = settled(opened, notice, SENT)
    assert after is not None
    assert (after.state, after.reference) == (NoticeState.SENT, "SM1")


def test_what_a_clock_that_was_ahead_put_off_is_due(opened: OpenStore) -> None:
    (notice,) = queued(opened, replace(DRAFT, due=MONDAY + YEAR))
    queued(opened, replace(DRAFT, about="exam 2", due=MONDAY + FARTHEST_DUE))
    assert leased(opened).id == notice.id
    far = Settlement(NoticeState.UNKNOWN, MONDAY + YEAR)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.lease(MONDAY, SENDERS) is None
        assert records.notices.settle(notice.id, 1, far) is not None
        asked = records.notices.next_to_ask(MONDAY, ["twilio"])
        assert asked is not None
        assert (asked.id, asked.due) == (notice.id, MONDAY + LEASE)
        assert records.notices.next_to_ask(MONDAY, ["twilio"]) is None


def test_an_attempt_that_is_over_writes_nothing(opened: OpenStore) -> None:
    queued(opened, DRAFT)
    first = leased(opened)
    due_again(opened, first)
    second = leased(opened)
    assert second.attempts == 2
    assert settled(opened, first, SENT) is None
    assert found(opened, first) == second
    assert settled(opened, second, Settlement(NoticeState.DELIVERED, None)) is not None
    for late in (SENT, Settlement(NoticeState.PENDING, MONDAY)):
        assert settled(opened, second, late) is None
    assert found(opened, first).state is NoticeState.DELIVERED
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.settle("nothing", 1, SENT) is None


@pytest.mark.parametrize(
    "state", [NoticeState.DELIVERED, NoticeState.FAILED, NoticeState.CANCELLED]
)
def test_nothing_is_due_of_what_has_ended(opened: OpenStore, state: NoticeState) -> None:
    queued(opened, DRAFT)
    ended = settled(opened, leased(opened), Settlement(state, MONDAY, "30003", "Gone."))
    assert ended is not None
    assert (ended.due, ended.reason, ended.sentence) == (None, "30003", "Gone.")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.next_due(SENDERS) is None


def test_an_attempt_that_does_not_count_is_taken_back(opened: OpenStore) -> None:
    queued(opened, DRAFT)
    for _ in range(3):
        due_again(opened, leased(opened), counted=False)
    assert leased(opened).attempts == 1


def test_known_reference_stays_until_the_next_attempt(opened: OpenStore) -> None:
    queued(opened, DRAFT)
    notice = leased(opened)
    settled(opened, notice, SENT)
    after = settled(opened, notice, Settlement(NoticeState.PENDING, MONDAY))
    assert after is not None
    assert after.reference == "SM1"
    again = leased(opened)
    assert again.reference == ""
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.claimed("twilio", DRAFT.address) == {"SM1"}


def test_one_message_is_found_for_one_notice_only(opened: OpenStore) -> None:
    """Two notices to one address, of the same words, asked about at the same time."""
    queued(opened, DRAFT, replace(DRAFT, about="exam 2"))
    one, other = leased(opened), leased(opened)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.claimed("twilio", DRAFT.address) == frozenset()
    assert settled(opened, one, SENT) is not None
    assert settled(opened, other, SENT) is None
    assert found(opened, other) == other
    assert settled(opened, other, replace(SENT, reference="SM2")) is not None
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.claimed("twilio", DRAFT.address) == {"SM1", "SM2"}
        assert records.notices.claimed("smtp", DRAFT.address) == frozenset()
        assert records.notices.claimed("twilio", "+4599999999") == frozenset()


def test_asked_about_is_what_a_service_has_or_may_have(opened: OpenStore) -> None:
    drafts = [replace(DRAFT, about=f"exam {n}") for n in range(5)]
    queued(opened, *drafts)
    unknown, sent, done, at_rest, waiting = (leased(opened) for _ in drafts)
    settled(opened, unknown, Settlement(NoticeState.UNKNOWN, MONDAY + SECOND))
    settled(opened, sent, Settlement(NoticeState.SENT, MONDAY))
    settled(opened, done, Settlement(NoticeState.DELIVERED, None))
    settled(opened, at_rest, Settlement(NoticeState.SENT, None))
    due_again(opened, waiting)
    later = MONDAY + SECOND
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.next_to_ask(later, ["smtp"]) is None
        assert records.notices.next_to_ask(later, []) is None
        asked = [records.notices.next_to_ask(later, ["twilio", "smtp"]) for _ in range(3)]
        assert [one and one.id for one in asked] == [sent.id, unknown.id, None]
        again = records.notices.next_to_ask(later + LEASE, ["twilio"])
    assert again is not None


def test_next_due_is_what_these_have_to_do(opened: OpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.next_due(SENDERS) is None
    by_mail = replace(DRAFT, channel=Channel.EMAIL, due=MONDAY - SECOND)
    queued(opened, DRAFT, by_mail)
    sms = {Channel.SMS: "twilio"}
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.next_due({}) is None
        assert records.notices.next_due(sms) == MONDAY
        assert records.notices.next_due(SENDERS) == MONDAY - SECOND
        notice = records.notices.lease(MONDAY, sms)
        assert notice is not None
        # A lease is everybody's to release.
        assert records.notices.next_due({}) == MONDAY + LEASE
        records.notices.settle(notice.id, 1, SENT)
        assert records.notices.next_due(sms) == SENT.due
        assert records.notices.next_due({Channel.SMS: "other"}) is None


def test_told_is_noted_once_without_an_address(opened: OpenStore) -> None:
    queued(opened, DRAFT)
    notice = leased(opened)
    assert noted(opened, AuditKind.NOTIFIED) == []
    for state in (NoticeState.UNKNOWN, NoticeState.SENT, NoticeState.DELIVERED):
        assert settled(opened, notice, Settlement(state, MONDAY)) is not None
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        subject = records.audit_subject("A-17")
    (event,) = noted(opened, AuditKind.NOTIFIED)
    assert event.subject == subject
    assert event.details == {"channel": "sms", "purpose": "result_ready", "notice": notice.id}
    assert opened.verify_audit().intact


def test_nothing_of_a_transaction_that_fails(opened: OpenStore) -> None:
    with pytest.raises(KeyError), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.queue(DRAFT)
        records.notices.opt_out(Channel.SMS, DRAFT.address)
        records.notices.set_notifier_settings("twilio", {"key": "1"})
        raise KeyError
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.page((), 0, 10) == []
        assert not records.notices.opted_out(Channel.SMS, DRAFT.address)
        assert dict(records.notices.notifier_settings("twilio")) == {}
