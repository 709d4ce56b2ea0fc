"""Notices from the command line, through Twilio's own client to a stand-in on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest

from drscreen.domain.notice import NoticePolicy
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import PASSWORD, made_store, unlocked
from tests.cli.conftest import Ran, Run
from tests.fakes.twilio import StandIn, Trouble

PHONE = "+5511987654321"
PATIENT = Patient("A-17", "Canary", "Zoe", phone=PHONE, consent=frozenset({Channel.SMS}))
AT_ONCE = NoticePolicy(region="BR", quiet_from=time(0), quiet_until=time(0))


@pytest.fixture
def twilio() -> Iterator[StandIn]:
    with StandIn(deliver_after=0.05) as stand_in:
        yield stand_in


@dataclass
class Clerk:
    """Whoever types."""

    drscreen: Run
    folder: Path

    def __call__(self, *arguments: object) -> Ran:
        who = ("--user", "Nora", "--password-file", "-")
        return self.drscreen(*arguments, *who, stdin=PASSWORD)

    def objects(self, *arguments: object) -> list[dict[str, Any]]:
        ran = self(*arguments, "--json")
        assert ran.returncode == 0, ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]

    def choose(self) -> None:
        assert self("plugin", "choose", "twilio").returncode == 0

    def set_up(self, twilio: StandIn) -> Ran:
        self.choose()
        settings = twilio.settings() | {"timeout_seconds": "1"}
        secrets = self.folder / "secrets"
        secrets.write_text(f"key_secret={settings.pop('key_secret')}\n")
        pairs = [f"{key}={value}" for key, value in settings.items()]
        return self("notify", "set", "twilio", *pairs, "--secrets", secrets)


@pytest.fixture
def clerk(drscreen: Run, tmp_path: Path) -> Clerk:
    made_store(tmp_path / "home")
    opened = unlocked(tmp_path / "home")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(PATIENT)
        records.add_patient(replace(PATIENT, mrn="B-2", consent=frozenset()))
        records.notices.set_policy(AT_ONCE)
    opened.close()
    return Clerk(drscreen, tmp_path)


def test_a_reminder_is_queued_sent_and_delivered(clerk: Clerk, twilio: StandIn) -> None:
    assert clerk.set_up(twilio).returncode == 0
    reminder = ("outbox", "remind", "--mrn", "A-17", "--purpose", "come_back")
    (queued,) = clerk.objects(*reminder)
    assert queued["state"] == "pending"
    again = clerk(*reminder)
    assert (again.returncode, "was reminded" in again.stderr) == (1, True)
    assert clerk.objects("outbox", "send") == [{"sent": 1}]
    clerk.objects("outbox", "reconcile")
    (notice,) = clerk.objects("outbox", "list")
    assert (notice["state"], notice["attempts"]) == ("delivered", 1)
    ((to, body),) = twilio.counts()
    assert to == PHONE
    assert not any(canary in body for canary in ("Canary", "Zoe", "A-17"))


def test_without_a_connection_it_waits_and_says_so(clerk: Clerk) -> None:
    with StandIn() as gone:
        assert clerk.set_up(gone).returncode == 0
    clerk.objects("outbox", "remind", "--mrn", "A-17", "--purpose", "come_back")
    ran = clerk("outbox", "send")
    assert (ran.returncode, "sms:" in ran.stderr, "1 pending" in ran.stderr) == (0, True, True)
    (notice,) = clerk.objects("outbox", "list")
    assert (notice["state"], notice["attempts"]) == ("pending", 0)


def test_no_answer_is_asked_about_and_not_repeated(clerk: Clerk, twilio: StandIn) -> None:
    clerk.set_up(twilio)
    clerk.objects("outbox", "remind", "--mrn", "A-17", "--purpose", "come_back")
    twilio.script(Trouble.DROP)
    assert clerk.objects("outbox", "send") == [{"unknown": 1}]
    assert clerk.objects("outbox", "reconcile") == [{"asked": 1, "unknown": 0}]
    assert list(twilio.counts().values()) == [1]


def test_who_did_not_agree_is_named_and_can_be_put_to_rest(clerk: Clerk, twilio: StandIn) -> None:
    clerk.set_up(twilio)
    ran = clerk("outbox", "remind", "--mrn", "B-2", "--purpose", "come_back")
    assert "has not agreed" in ran.stderr
    (notice,) = clerk.objects("outbox", "list", "--mrn", "B-2")
    (retried,) = clerk.objects("outbox", "retry", notice["id"])
    assert retried["reason"] == "no_consent"
    assert clerk("outbox", "cancel", "nothing").returncode == 1
    assert not twilio.counts()


def test_a_test_message_says_what_became_of_it(clerk: Clerk, twilio: StandIn) -> None:
    not_set = clerk("notify", "test", "--channel", "sms", "--to", PHONE)
    assert (not_set.returncode, "Nothing is set up" in not_set.stderr) == (1, True)
    clerk.set_up(twilio)
    assert clerk("notify", "test", "--channel", "sms", "--to", PHONE).returncode == 0
    landline = clerk("notify", "test", "--channel", "sms", "--to", "11 3456-7890")
    assert (landline.returncode, "landline" in landline.stderr) == (1, True)
    assert list(twilio.counts().values()) == [1]


def test_a_secret_is_never_taken_from_the_command_line_or_shown(
    clerk: Clerk, twilio: StandIn
) -> None:
    clerk.choose()
    refused = clerk("notify", "set", "twilio", "key_secret=abcdefgh")
    assert (refused.returncode, "from a file" in refused.stderr) == (1, True)
    wrong = clerk("notify", "set", "twilio", "account_sid=nonsense")
    assert (wrong.returncode, "account_sid" in wrong.stderr) == (1, True)
    ran = clerk.set_up(twilio)
    secret = twilio.settings()["key_secret"]
    assert secret not in ran.stdout + ran.stderr
    for file in (clerk.folder / "home").rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()


def test_settings_of_before_wait_for_the_choice_and_stand_after_it(
    clerk: Clerk, twilio: StandIn
) -> None:
    """A store that an older drscreen left behind has settings and no choice."""
    clerk.set_up(twilio)
    assert clerk("plugin", "revoke", "twilio").returncode == 0
    clerk.objects("outbox", "remind", "--mrn", "A-17", "--purpose", "come_back")
    ran = clerk("outbox", "send")
    assert (ran.returncode, "has to be chosen" in ran.stderr) == (0, True)
    assert not twilio.counts()
    (notice,) = clerk.objects("outbox", "list")
    assert (notice["state"], notice["attempts"]) == ("pending", 0)
    refused = clerk("notify", "set", "twilio", "from_number=EyeClinic")
    assert (refused.returncode, "drscreen plugin choose twilio" in refused.stderr) == (1, True)
    clerk.choose()
    assert clerk.objects("outbox", "send") == [{"sent": 1}]


def test_the_list_says_who_chose_what(clerk: Clerk) -> None:
    def row() -> dict[str, Any]:
        rows = clerk.objects("plugin", "list")
        return next(row for row in rows if row["name"] == "twilio")

    assert (row()["chosen_by"], "chosen it yet" in row()["problem"]) == ("", True)
    digest = row()["hash"]
    wrong = clerk("plugin", "choose", "twilio", "--hash", "0" * 12)
    assert (wrong.returncode, digest in wrong.stderr) == (1, True)
    assert row()["chosen_by"] == ""
    assert (
        clerk("plugin", "choose", "drscreen-notify-twilio", "--hash", digest[:12]).returncode == 0
    )
    assert row()["chosen_by"].startswith("Nora, ")
    assert (row()["problem"], row()["channel"]) == ("", "sms")
    told = clerk("audit", "list").stdout
    assert "drscreen-notify-twilio" in told
    assert clerk("plugin", "choose", "nothing").returncode == 1


def test_who_asked_for_no_more_is_written_to_again_by_their_wish(
    clerk: Clerk, twilio: StandIn
) -> None:
    clerk.set_up(twilio)
    twilio.stopped.add(PHONE)
    clerk.objects("outbox", "remind", "--mrn", "A-17", "--purpose", "come_back")
    assert clerk.objects("outbox", "send") == [{"failed": 1}]
    (notice,) = clerk.objects("outbox", "list")
    assert (notice["reason"], "START" in notice["sentence"]) == ("opted_out", True)
    today = datetime.now().astimezone().date().isoformat()
    wish = ("--mrn", "A-17", "--channel", "sms", "--by", "patient", "--how", "in_person")
    ran = clerk("outbox", "write-again", *wish, "--day", today)
    assert (ran.returncode, "START" in ran.stderr) == (0, True)
    twilio.stopped.clear()
    clerk.objects("outbox", "retry", notice["id"])
    assert clerk.objects("outbox", "send") == [{"sent": 1}]
    again = clerk("outbox", "write-again", *wish, "--day", today)
    assert (again.returncode, "Nobody" in again.stderr) == (1, True)
