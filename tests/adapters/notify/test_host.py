"""What the host makes of notifiers that work, fail, exit, hang and lie."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from drscreen.adapters.notify import frames
from drscreen.adapters.notify.process import ARGUMENT
from drscreen.domain.notice import Reason
from drscreen.plugin_api import API_VERSION, Receipt, ReceiptState, SettingProblem, SettingValues
from tests.adapters.notify.notifiers import (
    ENQUIRY,
    FAULTY,
    LYING,
    MESSAGE,
    SECRET,
    host,
)

VALUES = SettingValues({"box": SECRET})


def test_a_notifier_that_works_is_found_and_asked(tmp_path: Path) -> None:
    one = host("letters")
    (found,) = one.found()
    assert (found.package, found.problem) == ("package-0", "")
    assert found.info is not None
    assert found.info.title == "Letters"
    box = tmp_path / "box"
    values = SettingValues({"box": str(box)})
    assert one.send("letters", MESSAGE, values).state is ReceiptState.ACCEPTED
    assert box.read_text() == f"{MESSAGE.id}\n"
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.DELIVERED
    assert one.check_settings("letters", SettingValues()) == [SettingProblem("box", "Which box?")]
    assert one.check_address("letters", "+34") == ""
    assert one.check_address("letters", "x") == "No stamp goes there."


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("future", f"speaks version {API_VERSION + 1}"),
        ("says_nothing", "does not say who it is"),
        ("bad_name", "does not say who it is"),
        ("raises_on_info", "does not load (RuntimeError)"),
        ("exits_on_info", "does not load (SystemExit)"),
        ("dies_on_info", "ended while it was loaded"),
        ("other_arguments", "does not load (PluginValidationError)"),
        ("only_info", "lacks the function drscreen_check_settings"),
        ("nothing", "lacks the function drscreen_notifier_info"),
        ("not_there", "does not load (AttributeError)"),
        ("twilio", "the name of another package"),
    ],
)
def test_a_broken_notifier_is_shown_with_its_reason_and_stops_no_other(
    broken: str, said: str
) -> None:
    one = host(broken, "letters")
    problems = [found.problem for found in one.found()]
    assert said in problems[0]
    assert problems[1] == ""
    assert SECRET not in str(problems)
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.ACCEPTED


def test_neither_of_two_namesakes_gets_the_settings(tmp_path: Path) -> None:
    one = host("letters", "letters")
    assert ["is called letters too" in found.problem for found in one.found()] == [True, True]
    box = tmp_path / "box"
    receipt = one.send("letters", MESSAGE, SettingValues({"box": str(box)}))
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, Reason.NOTIFIER_BROKEN)
    assert receipt.misconfigured
    assert not box.exists()


def test_a_notifier_that_is_not_there_sends_nothing_and_knows_nothing() -> None:
    one = host()
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.DEFERRED
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.UNKNOWN
    assert [problem.key for problem in one.check_settings("letters", VALUES)] == [""]
    assert one.check_address("letters", "+34") == ""


@pytest.mark.parametrize("fault", FAULTY)
def test_what_a_notifier_raises_is_an_answer_and_its_text_stays_hidden(
    fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    one = host(fault)
    answers = [
        one.send("letters", MESSAGE, VALUES),
        one.look_up("letters", ENQUIRY, VALUES),
    ]
    for receipt in answers:
        assert receipt.state is ReceiptState.UNKNOWN
        assert receipt.reason == Reason.NOTIFIER_BROKEN
        assert receipt.sentence
    (problem,) = one.check_settings("letters", VALUES)
    assert problem.sentence
    assert one.check_address("letters", MESSAGE.to) == ""
    out, err = capfd.readouterr()
    told = f"{answers} {problem} {caplog.text} {out} {err}"
    # A class of the plugin's own may be named after a patient.
    assert {"invented": "another exception"}.get(fault, fault) in caplog.text
    assert SECRET not in told
    assert MESSAGE.to[1:] not in told
    assert one.found()[0].problem == ""


@pytest.mark.parametrize("answer", LYING)
def test_an_answer_of_another_kind_is_a_fault(answer: str) -> None:
    one = host(answer)
    assert one.send("letters", MESSAGE, VALUES).reason == Reason.NOTIFIER_BROKEN
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.UNKNOWN
    assert one.check_settings("letters", VALUES)[0].sentence == Reason.NOTIFIER_BROKEN.sentence


def test_absent_is_no_answer_to_a_send_and_deferred_none_to_a_look_up() -> None:
    absent, deferred = host("absent"), host("deferred")
    assert absent.send("letters", MESSAGE, VALUES).state is ReceiptState.UNKNOWN
    assert absent.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.ABSENT
    waits = Receipt(ReceiptState.DEFERRED, reason="1", retry_after=timedelta(seconds=90), busy=True)
    assert deferred.send("letters", MESSAGE, VALUES) == waits
    assert deferred.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.UNKNOWN


@pytest.mark.parametrize("hangs", ["hanging", "forking"])
def test_a_call_that_takes_too_long_is_ended_and_blocks_nothing_after_it(
    hangs: str, tmp_path: Path
) -> None:
    one = host(hangs, "parcels", limit=5)
    values = SettingValues({"box": str(tmp_path / "box")})
    receipt = one.send("letters", MESSAGE, values)
    assert receipt.state is ReceiptState.UNKNOWN
    assert receipt.reason in (Reason.TIMED_OUT, Reason.NOTIFIER_BROKEN)
    assert one.send("parcels", MESSAGE, VALUES).state is ReceiptState.ACCEPTED
    assert one.send("letters", MESSAGE, values).state is ReceiptState.ACCEPTED
    assert [found.problem for found in one.found()] == ["", ""]


def test_calls_from_two_threads_take_turns() -> None:
    one = host("letters")
    receipts: list[Receipt] = []

    def send() -> None:
        receipts.extend(one.send("letters", MESSAGE, VALUES) for _ in range(20))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [receipt.state for receipt in receipts] == [ReceiptState.ACCEPTED] * 60


def test_what_a_notifier_prints_and_reads_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    one = host("chatty")
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.ACCEPTED
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.ACCEPTED
    assert capfd.readouterr() == ("", "")


def test_a_frozen_program_is_a_plugins_process_when_it_is_started_as_one() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "drscreen", ARGUMENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    value = "tests.adapters.notify.notifiers:letters"
    asked = {"number": 1, "ask": "check_address", "load": value, "address": "x"}
    frames.write(child.stdin.write, asked)
    assert frames.read(child.stdout.read) == {"number": 1, "ok": "No stamp goes there."}
    # Nobody asks any more.
    child.stdin.close()
    assert child.wait(30) == 0


def test_a_hanging_call_does_not_keep_the_program_alive(tmp_path: Path) -> None:
    code = (
        "from tests.adapters.notify.test_host import *\n"
        f"values = SettingValues({{'box': {str(tmp_path / 'box')!r}}})\n"
        "print(host('hanging', limit=3).send('letters', MESSAGE, values).state)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50
    )
    assert ran.stdout.split() == ["unknown"]
