"""The stand-in itself, where other tests rely on it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from twilio_samples import NUMBER, TEXT, enquiry, message, settings_for

from drscreen.plugin_api import Enquiry, ReceiptState, SettingValues
from drscreen_notify_twilio import drscreen_look_up, drscreen_send
from tests.fakes.twilio import StandIn, Trouble, parse_faults


def test_what_was_answered_survives_the_server(tmp_path: Path) -> None:
    journal = tmp_path / "accepted.jsonl"
    with StandIn(journal=journal) as first:
        drscreen_send(message(), settings_for(first))
    journal.write_text(journal.read_text() + '{"sid": "SM')
    with StandIn(journal=journal) as second:
        assert second.counts() == {(NUMBER, TEXT): 1}
        drscreen_send(message(), settings_for(second))
    with StandIn(journal=journal) as third:
        assert third.counts() == {(NUMBER, TEXT): 2}


def test_time_delivers_or_not() -> None:
    with StandIn(deliver_after=0, undelivered={"+34600000001": 30006}) as twilio:
        settings = settings_for(twilio)
        good = drscreen_send(message(), settings)
        bad = drscreen_send(message(to="+34600000001"), settings)
        states = [
            drscreen_look_up(enquiry(twilio, receipt.reference), settings).state
            for receipt in (good, bad)
        ]
    assert states == [ReceiptState.DELIVERED, ReceiptState.REFUSED]


def test_a_filter_by_day_leaves_out_what_waits() -> None:
    with StandIn() as twilio:
        waits, sent = twilio.accept(NUMBER, "a"), twilio.accept(NUMBER, "b")
        twilio.finish(sent.sid, "sent")
        day = f"{sent.made:%Y-%m-%d}"
        assert twilio.listed({"To": NUMBER}) == [sent, waits]
        for name in ("DateSent", "DateSent>", "DateSent<"):
            assert twilio.listed({"To": NUMBER, name: day}) == [sent]
        assert twilio.listed({"DateSent>": "2999-01-01"}) == []


def test_faults_come_by_chance_and_are_counted() -> None:
    chances = {Trouble.TOO_MANY: 0.2, Trouble.DROP: 0.2}
    with StandIn(troubles=chances, seed=1) as twilio:
        settings = settings_for(twilio)
        states = [drscreen_send(message(), settings).state for _ in range(40)]
        assert twilio.troubled[Trouble.TOO_MANY] == states.count(ReceiptState.DEFERRED) > 0
        assert twilio.troubled[Trouble.DROP] == states.count(ReceiptState.UNKNOWN) > 0
        accepted = states.count(ReceiptState.ACCEPTED) + states.count(ReceiptState.UNKNOWN)
        assert twilio.counts() == {(NUMBER, TEXT): accepted}


def test_the_programs_faults_are_read_by_name() -> None:
    assert parse_faults("429=0.02,hang=0.01,drop=0.5,503=1") == {
        Trouble.TOO_MANY: 0.02,
        Trouble.HANG_TAKEN: 0.01,
        Trouble.DROP: 0.5,
        Trouble.UNAVAILABLE: 1.0,
    }
    with pytest.raises(ValueError, match="snow"):
        parse_faults("snow=1")


def test_the_program_says_what_to_set_and_counts_at_the_end() -> None:
    command = [sys.executable, "-m", "tests.fakes.twilio", "--port", "0", "--deliver-after", "0"]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            lines: list[str] = []
            while not lines or lines[-1] != "}\n":
                lines.append(program.stdout.readline())
            settings = SettingValues(json.loads("".join(lines)))
            receipt = drscreen_send(message(), settings)
            with StandIn() as clock:
                asked = Enquiry(message(), receipt.reference, clock.clock())
            assert drscreen_look_up(asked, settings).state is ReceiptState.DELIVERED
            program.send_signal(signal.SIGINT)
            said, _ = program.communicate(timeout=30)
            assert "accepted 1, of them 0 texts more than once" in said
        finally:
            program.kill()
