"""What the host makes of notifiers that work, fail, exit, hang and lie."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from drscreen.adapters.notify.host import InstalledNotifiers
from drscreen.domain.notice import Reason
from drscreen.plugin_api import (
    API_VERSION,
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    ReceiptState,
    SettingProblem,
    SettingValues,
    hookimpl,
)
from tests.adapters.notify.notifiers import ENQUIRY, MESSAGE, Letters, candidate

SECRET = "the-key-nobody-may-read"
VALUES = SettingValues({"box": SECRET})


def host(*plugins: object, limit: float = 30) -> InstalledNotifiers:
    candidates = [candidate(plugin, f"package-{n}") for n, plugin in enumerate(plugins)]
    return InstalledNotifiers(limit, lambda: candidates)


def test_a_notifier_that_works_is_found_and_asked() -> None:
    letters = Letters()
    one = host(letters)
    (found,) = one.found()
    assert (found.package, found.problem) == ("package-0", "")
    assert found.info is not None
    assert found.info.title == "Letters"
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.ACCEPTED
    assert letters.sent == [MESSAGE]
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.DELIVERED
    assert one.check_settings("letters", SettingValues()) == [SettingProblem("box", "Which box?")]
    assert one.check_address("letters", "+34") == ""
    assert one.check_address("letters", "x") == "No stamp goes there."


class FromTheFuture(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return NotifierInfo("telepathy", "Telepathy", "thought", API_VERSION + 1)


class SaysNothing(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return "Letters"  # type: ignore[return-value]


class BadName(Letters):
    name = "Letters & parcels"


class RaisesOnInfo(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        raise RuntimeError(SECRET)


class ExitsOnInfo(Letters):
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        sys.exit(3)


class OtherArguments(Letters):
    @hookimpl
    def drscreen_send(self, message: Message, letterbox: str) -> Receipt:  # type: ignore[override]
        raise NotImplementedError


class OnlyInfo:
    @hookimpl
    def drscreen_notifier_info(self) -> NotifierInfo:
        return NotifierInfo("half", "Half", "letter", API_VERSION)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (FromTheFuture(), f"speaks version {API_VERSION + 1}"),
        (SaysNothing(), "does not say who it is"),
        (BadName(), "does not say who it is"),
        (RaisesOnInfo(), "does not load (RuntimeError)"),
        (ExitsOnInfo(), "does not load (SystemExit)"),
        (OtherArguments(), "does not load (PluginValidationError)"),
        (OnlyInfo(), "lacks the function drscreen_check_settings"),
        (object(), "lacks the function drscreen_notifier_info"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_broken_notifier_is_shown_with_its_reason_and_stops_no_other(
    broken: object, said: str, first: bool
) -> None:
    one = host(broken, Letters()) if first else host(Letters(), broken)
    problems = [found.problem for found in one.found()]
    assert sorted(map(bool, problems)) == [False, True]
    assert any(said in problem for problem in problems)
    assert SECRET not in str(problems)
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.ACCEPTED


def test_neither_of_two_namesakes_gets_the_settings() -> None:
    twins = [Letters(), Letters()]
    one = host(*twins)
    assert ["is called letters too" in found.problem for found in one.found()] == [True, True]
    receipt = one.send("letters", MESSAGE, VALUES)
    assert (receipt.state, receipt.reason) == (ReceiptState.DEFERRED, Reason.NOTIFIER_BROKEN)
    assert receipt.misconfigured
    assert not twins[0].sent
    assert not twins[1].sent


def test_a_notifier_that_is_not_there_sends_nothing_and_knows_nothing() -> None:
    one = host()
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.DEFERRED
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.UNKNOWN
    assert [problem.key for problem in one.check_settings("letters", VALUES)] == [""]
    assert one.check_address("letters", "+34") == ""


class Faulty(Letters):
    def __init__(self, fault: BaseException) -> None:
        super().__init__()
        self.fault = fault

    @hookimpl
    def drscreen_check_settings(self, settings: SettingValues) -> list[SettingProblem]:
        raise self.fault

    @hookimpl
    def drscreen_check_address(self, address: str) -> str:
        raise self.fault

    @hookimpl
    def drscreen_send(self, message: Message, settings: SettingValues) -> Receipt:
        raise self.fault

    @hookimpl
    def drscreen_look_up(self, enquiry: Enquiry, settings: SettingValues) -> Receipt:
        raise self.fault


@pytest.mark.parametrize(
    "fault",
    [
        ValueError(f"{SECRET} {MESSAGE.to}"),
        SystemExit(SECRET),
        KeyboardInterrupt(SECRET),
        BaseException(SECRET),
    ],
)
def test_what_a_notifier_raises_is_an_answer_and_its_text_stays_hidden(
    fault: BaseException, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    one = host(Faulty(fault))
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
    assert type(fault).__name__ in caplog.text
    assert SECRET not in told
    assert MESSAGE.to not in told


class Lying(Letters):
    answer: object = None

    @hookimpl
    def drscreen_check_settings(self, settings: SettingValues) -> list[SettingProblem]:
        return self.answer  # type: ignore[return-value]

    @hookimpl
    def drscreen_send(self, message: Message, settings: SettingValues) -> Receipt:
        return self.answer  # type: ignore[return-value]

    @hookimpl
    def drscreen_look_up(self, enquiry: Enquiry, settings: SettingValues) -> Receipt:
        return self.answer  # type: ignore[return-value]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "accepted",
        ["accepted"],
        Receipt("accepted"),  # type: ignore[arg-type]
        Receipt(ReceiptState.ACCEPTED, sentence=5),  # type: ignore[arg-type]
        Receipt(ReceiptState.ACCEPTED, retry_after=5),  # type: ignore[arg-type]
    ],
)
def test_an_answer_of_another_kind_is_a_fault(answer: object) -> None:
    lying = Lying()
    lying.answer = answer
    one = host(lying)
    assert one.send("letters", MESSAGE, VALUES).reason == Reason.NOTIFIER_BROKEN
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.UNKNOWN
    assert one.check_settings("letters", VALUES)[0].sentence == Reason.NOTIFIER_BROKEN.sentence


def test_absent_is_no_answer_to_a_send_and_deferred_none_to_a_look_up() -> None:
    lying = Lying()
    one = host(lying)
    lying.answer = Receipt(ReceiptState.ABSENT)
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.UNKNOWN
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.ABSENT
    lying.answer = Receipt(ReceiptState.DEFERRED)
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.DEFERRED
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.UNKNOWN


class Hanging(Letters):
    """Comes back from `drscreen_send` when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.thread: threading.Thread | None = None

    @hookimpl
    def drscreen_send(self, message: Message, settings: SettingValues) -> Receipt:
        self.thread = threading.current_thread()
        self.begun.set()
        self.go_on.wait(60)
        return super().drscreen_send(message, settings)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    plugin = Hanging()
    yield plugin
    plugin.go_on.set()


def test_a_call_that_takes_too_long_is_given_up_and_none_is_made_beside_it(
    hanging: Hanging,
) -> None:
    other = Letters()
    other.name = "parcels"
    one = host(hanging, other, limit=3)
    receipt = one.send("letters", MESSAGE, VALUES)
    assert (receipt.state, receipt.reason) == (ReceiptState.UNKNOWN, Reason.TIMED_OUT)
    # It hangs still: nothing more reaches it, and the answers say so.
    again = one.send("letters", MESSAGE, VALUES)
    assert again.state is ReceiptState.DEFERRED
    assert "has not come back" in again.sentence
    assert one.look_up("letters", ENQUIRY, VALUES).state is ReceiptState.UNKNOWN
    assert "has not come back" in one.check_settings("letters", VALUES)[0].sentence
    assert "has not come back" in one.found()[0].problem
    # The other one does not mind.
    assert one.send("parcels", MESSAGE, VALUES).state is ReceiptState.ACCEPTED
    hanging.go_on.set()
    assert hanging.thread is not None
    hanging.thread.join(60)
    assert hanging.sent == [MESSAGE]
    assert one.found()[0].problem == ""
    assert one.send("letters", MESSAGE, VALUES).state is ReceiptState.ACCEPTED


def test_calls_from_two_threads_take_turns(hanging: Hanging) -> None:
    one = host(hanging)
    receipts: list[Receipt] = []

    def send() -> None:
        receipts.append(one.send("letters", MESSAGE, VALUES))

    threads = [threading.Thread(target=send) for _ in range(2)]
    threads[0].start()
    assert hanging.begun.wait(60)
    threads[1].start()
    assert not hanging.sent
    hanging.go_on.set()
    for thread in threads:
        thread.join(60)
    assert [receipt.state for receipt in receipts] == [ReceiptState.ACCEPTED] * 2


def test_a_hanging_call_does_not_keep_the_program_alive() -> None:
    code = (
        "import threading\n"
        "from tests.adapters.notify.test_host import *\n"
        "print(host(Hanging(), limit=3).send('letters', MESSAGE, VALUES).state)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50
    )
    assert ran.stdout.split() == ["unknown"]
