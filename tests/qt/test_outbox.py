"""The outbox of the window: what is queued there is sent, and everybody sees how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest
from PySide6.QtNetwork import QNetworkInformation

from drscreen.domain.errors import StoreError
from drscreen.domain.notice import NoticePolicy, NoticeState, Purpose
from drscreen.domain.notifier import Message, Receipt, ReceiptState
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.qt import postman
from drscreen.qt.models.outbox_table import PATIENT, REASON, STATE
from tests.fakes.notices import FakeNotices
from tests.fakes.notifiers import RIGHT
from tests.fakes.store import FakeOpenStore
from tests.qt.clinic import PASSWORD, USER, WAIT, Clinic
from tests.qt.conftest import Draw

MOBILE = "+12025550123"
OFFLINE = Receipt(ReceiptState.DEFERRED, sentence="No connection.", offline=True)


def opened(clinic: Clinic) -> FakeOpenStore:
    session = clinic.desk.session.session
    assert session is not None
    assert isinstance(session.store, FakeOpenStore)
    return session.store


def prepare(
    clinic: Clinic, phone: str = MOBILE, *, region: str = "US", consent: bool = True
) -> None:
    """A patient, somebody who sends, and neither hold nor quiet hours."""
    clinic.sign_in()
    with opened(clinic).transaction(Action.EDIT_PATIENTS) as records:
        records.notices.set_policy(
            NoticePolicy(region=region, hold_minutes=0, quiet_from=time(0), quiet_until=time(0))
        )
        for name in ("pigeon", "raven"):
            records.notices.set_notifier_settings(name, RIGHT)
        agreed = frozenset({Channel.SMS}) if consent else frozenset[Channel]()
        records.add_patient(Patient("A-1", "Doe", phone=phone, consent=agreed))
    clinic.desk.outbox.wake()


def grade(clinic: Clinic, draw: Draw) -> None:
    """Screen a photograph of the patient, and go to the outbox."""
    clinic.window.open_patient("A-1")
    clinic.settle()
    clinic.add(draw("A-1_OD.png"))
    clinic.screen()
    shell = clinic.window.shell
    shell.show_page(shell.pages.indexOf(clinic.window.outbox))


def cell(clinic: Clinic, column: int = STATE, row: int = 0) -> str:
    model = clinic.window.outbox.table.model()
    return str(model.index(row, column).data() or "")


def wait_for(clinic: Clinic, shown: Callable[[], bool]) -> None:
    clinic.qtbot.waitUntil(shown, timeout=WAIT)


def wait_for_state(clinic: Clinic, word: str) -> None:
    wait_for(clinic, lambda: cell(clinic) == word)


def later(clinic: Clinic, minutes: int = 1) -> None:
    """Time passes, and delivery looks."""
    clinic.clock.advance(timedelta(minutes=minutes))
    clinic.desk.outbox.wake()


def test_graded_photograph_queues_a_notice_that_is_sent_and_arrives(
    clinic: Clinic, draw: Draw
) -> None:
    prepare(clinic)
    page = clinic.window.outbox
    clinic.settle()
    assert "Press" not in page.empty_words and page.empty_words
    grade(clinic, draw)
    wait_for_state(clinic, "Sent")
    assert [message.to for message in clinic.notifiers.sent] == [MOBILE]
    assert MOBILE in page.details.text()
    assert "Pigeon post is ready" in page.channels[Channel.SMS].text()
    later(clinic)
    wait_for_state(clinic, "Delivered")
    assert len(clinic.notifiers.sent) == 1
    assert not clinic.window.status.outbox.isVisible()
    assert not page.retry.isEnabled() and not page.cancel.isEnabled()
    clinic.window.open_patient("A-1")
    clinic.settle()
    assert "Delivered" in clinic.window.patient.told.text


def test_without_a_connection_it_waits_honestly_and_goes_out_when_there_is_one(
    clinic: Clinic, draw: Draw
) -> None:
    answer = clinic.notifiers.answer
    clinic.notifiers.answer = lambda _: OFFLINE
    prepare(clinic)
    grade(clinic, draw)
    page = clinic.window.outbox
    wait_for(clinic, lambda: "No connection" in cell(clinic, REASON))
    assert cell(clinic) == "Waiting"
    channel = page.channels[Channel.SMS]
    wait_for(clinic, lambda: channel.text().startswith("SMS: No connection. It is tried again"))
    assert clinic.window.status.outbox.text() == "Outbox: 1 waiting"
    clinic.notifiers.answer = answer
    # Long before it would be tried again by itself.
    clinic.desk.outbox.on_reachability_changed(QNetworkInformation.Reachability.Online)
    wait_for_state(clinic, "Sent")
    wait_for(clinic, lambda: "ready" in page.channels[Channel.SMS].text())


def test_without_consent_it_is_said_that_somebody_must_call(clinic: Clinic, draw: Draw) -> None:
    prepare(clinic, consent=False)
    grade(clinic, draw)
    wait_for_state(clinic, "Not sent")
    assert "has not agreed" in cell(clinic, REASON)
    assert not clinic.notifiers.sent


@pytest.mark.parametrize(
    ("phone", "region", "reason"),
    [
        ("12", "US", "not one that can exist"),
        ("+44 20 7946 0123", "GB", "is a landline"),
        ("+44 7911 123456", "US", "does not write to"),
    ],
)
def test_wrong_number_is_a_problem_that_is_mended_and_retried(
    clinic: Clinic, draw: Draw, phone: str, region: str, reason: str
) -> None:
    prepare(clinic, phone, region=region)
    grade(clinic, draw)
    wait_for_state(clinic, "Failed")
    assert reason in cell(clinic, REASON)
    page = clinic.window.outbox
    wait_for(clinic, lambda: clinic.window.status.outbox.text() == "Outbox: 1 problem")
    with opened(clinic).transaction(Action.EDIT_PATIENTS) as records:
        patient = records.find_patient("A-1")
        assert patient is not None
        records.notices.set_policy(replace(records.notices.policy(), region="US"))
        records.change_patient(
            Patient("A-1", "Doe", phone=MOBILE, consent=patient.consent, version=patient.version)
        )
    page.retry.click()
    wait_for_state(clinic, "Sent")


def test_what_may_have_arrived_is_sent_again_only_by_somebody_who_says_so(
    clinic: Clinic, draw: Draw
) -> None:
    answer = clinic.notifiers.answer
    clinic.notifiers.answer = lambda _: Receipt(ReceiptState.UNKNOWN)
    prepare(clinic)
    grade(clinic, draw)
    wait_for_state(clinic, "Not known")
    clinic.notifiers.answer = answer
    page = clinic.window.outbox
    page.retry.click()
    assert page.question is not None
    assert "may have received" in page.question.text()
    assert page.question.defaultButton() is page.question.leave
    page.question.leave.click()
    clinic.settle()
    assert cell(clinic) == "Not known" and len(clinic.notifiers.sent) == 1
    page.retry.click()
    assert page.question is not None
    page.question.do.click()
    wait_for_state(clinic, "Sent")
    assert len(clinic.notifiers.sent) == 2


def test_patient_is_named_in_the_list(clinic: Clinic, draw: Draw) -> None:
    prepare(clinic)
    grade(clinic, draw)
    wait_for_state(clinic, "Sent")
    assert cell(clinic, PATIENT) == "Doe (A-1)"


def test_notice_that_waits_can_be_cancelled_and_found_by_its_state(
    clinic: Clinic, draw: Draw
) -> None:
    clinic.notifiers.answer = lambda _: OFFLINE
    prepare(clinic)
    grade(clinic, draw)
    page = clinic.window.outbox
    wait_for(clinic, page.cancel.isEnabled)
    wait_for(clinic, lambda: "No connection" in cell(clinic, REASON))
    page.cancel.click()
    wait_for_state(clinic, "Not sent")
    assert "Somebody here cancelled it" in cell(clinic, REASON)
    assert page.retry.isEnabled()
    waiting, problems = list(page.filters)[1:3]
    for states in (waiting, problems):
        page.filters[states].click()
        clinic.settle()
        assert page.table.model().rowCount() == 0
        assert "Ctrl+1" in page.empty_words


def test_reminder_is_queued_once_and_the_second_is_refused_in_a_sentence(clinic: Clinic) -> None:
    prepare(clinic)
    clinic.window.open_patient("A-1")
    clinic.settle()
    told = clinic.window.patient.told
    assert "nothing yet" in told.text
    told.remind.click()
    assert told.dialog is not None
    told.dialog.purpose.setCurrentIndex(1)
    told.dialog.appointment.setText("Tuesday at nine")
    told.dialog.action.click()
    wait_for(clinic, lambda: told.dialog is None)
    wait_for(clinic, lambda: "Appointment due by SMS: Sent" in told.text)
    assert "Tuesday at nine" in clinic.notifiers.sent[0].body
    told.remind.click()
    assert told.dialog is not None
    told.dialog.purpose.setCurrentIndex(1)
    told.dialog.action.click()
    clinic.settle()
    assert "once in 30 days is enough" in told.dialog.error.text
    assert len(clinic.notifiers.sent) == 1


def test_reminder_without_consent_says_why_it_stays(clinic: Clinic) -> None:
    prepare(clinic, consent=False)
    clinic.window.open_patient("A-1")
    clinic.settle()
    told = clinic.window.patient.told
    told.ask()
    assert told.dialog is not None
    told.dialog.action.click()
    clinic.settle()
    assert told.dialog is not None
    assert "does not go out" in told.dialog.error.text
    assert "has not agreed" in told.dialog.error.text


def test_who_asked_for_no_more_is_written_to_again_by_their_own_wish(clinic: Clinic) -> None:
    prepare(clinic)
    clinic.notifiers.answer = lambda _: Receipt(
        ReceiptState.REFUSED, opted_out=True, sentence="Twilio holds that until START."
    )
    clinic.window.open_patient("A-1")
    clinic.settle()
    told = clinic.window.patient.told
    assert told.write_again.isHidden()
    told.remind.click()
    assert told.dialog is not None
    told.dialog.action.click()
    wait_for(clinic, lambda: "until START" in told.text)
    wait_for(clinic, lambda: not told.write_again.isHidden())
    told.write_again.click()
    dialog = told.again
    assert dialog is not None
    assert MOBILE in dialog.words.text()
    assert "sends START" in dialog.words.text()
    # Nobody's wish is assumed.
    assert not dialog.action.isEnabled()
    dialog.by.setCurrentIndex(0)
    dialog.how.setCurrentIndex(1)
    dialog.day.setText("yesterday")
    dialog.action.click()
    assert dialog.error.text
    dialog.day.setText("2020-01-01")
    dialog.action.click()
    clinic.settle()
    assert "after that day" in dialog.error.text
    dialog.day.setText(clinic.clock.now().date().isoformat())
    dialog.action.click()
    wait_for(clinic, lambda: told.again is None)
    wait_for(clinic, told.write_again.isHidden)


def test_locking_during_a_send_write_what_came_of_it(clinic: Clinic, draw: Draw) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang(message: Message) -> Receipt:
        begun.set()
        assert go_on.wait(WAIT / 1000)
        return Receipt(ReceiptState.ACCEPTED, f"ref-{message.id}")

    clinic.notifiers.answer = hang
    prepare(clinic)
    grade(clinic, draw)
    assert begun.wait(WAIT / 1000)
    store = opened(clinic)
    clinic.window.patient.told.show_patient("A-1")
    clinic.window.patient.told.ask()
    clinic.window.status.lock.click()
    clinic.settle()
    assert clinic.window.sign_in.isVisible()
    assert clinic.window.outbox.table.model().rowCount() == 0
    assert clinic.window.outbox.details.text() == ""
    assert clinic.window.patient.told.text == ""
    assert clinic.window.patient.told.dialog is None
    assert not store.closed
    go_on.set()
    wait_for(clinic, lambda: store.closed)
    with clinic.store.open(USER, PASSWORD).transaction(Action.EDIT_PATIENTS) as records:
        (notice,) = records.notices.page((), 0, 9)
    assert (notice.state, notice.purpose) == (NoticeState.SENT, Purpose.RESULT_READY)


def test_leaving_during_a_send_waits_for_that_send_alone(clinic: Clinic, draw: Draw) -> None:
    begun, leaving = threading.Event(), threading.Event()

    def hang(message: Message) -> Receipt:
        begun.set()
        assert leaving.wait(WAIT / 1000)
        return Receipt(ReceiptState.ACCEPTED, f"ref-{message.id}")

    clinic.notifiers.answer = hang
    prepare(clinic)
    grade(clinic, draw)
    assert begun.wait(WAIT / 1000)
    store = opened(clinic)
    clinic.desk.session.signed_out.connect(leaving.set)
    clinic.close()
    assert store.closed
    with clinic.store.open(USER, PASSWORD).transaction(Action.EDIT_PATIENTS) as records:
        (notice,) = records.notices.page((), 0, 9)
    assert notice.state is NoticeState.SENT


def test_store_that_refuses_is_said_and_tried_again(
    clinic: Clinic, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "AFTER_FAILURE", 0.05)
    prepare(clinic)
    refuse = [True]
    page = clinic.window.outbox
    clinic.settle()
    real = FakeNotices.lease

    def maybe(self: FakeNotices, *args: object) -> object:
        if refuse[0]:
            raise StoreError("The disk does not answer.")
        return real(self, *args)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(FakeNotices, "lease", maybe)
    grade(clinic, draw)
    wait_for(clinic, lambda: "disk does not answer" in page.error.text)
    refuse[0] = False
    wait_for_state(clinic, "Sent")
