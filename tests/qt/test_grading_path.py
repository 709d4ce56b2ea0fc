"""Sign in, patient, drop, grade, saved: through the window, the real worker and a real thread."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from drscreen.domain.errors import BundleMissing
from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityReason
from drscreen.domain.referral import Decision
from drscreen.qt.controllers.incoming import State
from drscreen.qt.views.theme import Theme
from drscreen.qt.wording import Tone
from tests.fakes.screening import Gateway
from tests.qt.clinic import WAIT, Clinic
from tests.qt.conftest import Draw


def test_a_dropped_photograph_is_graded_saved_and_shown(clinic: Clinic, draw: Draw) -> None:
    clinic.sign_in()
    clinic.open_new_patient("A-17")
    clinic.predictor.grade = 2
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(draw("visit_OD.png")))])
    page = clinic.window.patient
    page.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    (row,) = page.incoming.rows
    assert row.item.eye is Laterality.OD
    clinic.screen()

    session = clinic.desk.session.session
    assert session is not None
    (exam,) = session.records.open_file("A-17").exams
    (record,) = exam.photographs
    assert record.eye is Laterality.OD
    assert record.decision is Decision.REFER
    assert page.result.grade.text == "Moderate NPDR"
    assert page.result.decision.text == "Refer"
    assert page.banner.outcome.text == "Refer"
    assert "99" in page.result.bars[2].accessibleName()
    assert "threshold 40" in page.result.referable.accessibleName()
    assert page.photograph.view.has_picture
    assert page.incoming.rows == []


def test_predicting_and_loading_happen_on_the_worker_and_answers_on_the_gui_thread(
    clinic: Clinic, draw: Draw
) -> None:
    heard: list[int] = []
    clinic.desk.screening.image_graded.connect(lambda _graded: heard.append(threading.get_ident()))
    clinic.desk.screening.network_changed.connect(lambda _s: heard.append(threading.get_ident()))
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.add(draw("l.png"))
    clinic.screen()
    here = threading.get_ident()
    assert set(heard) == {here}
    assert set(clinic.load_threads) == set(clinic.predictor.threads)
    assert here not in clinic.load_threads


def test_an_ungradable_photograph_is_recorded_with_the_tip(clinic: Clinic, draw: Draw) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.gate.queue(QualityReason.OUT_OF_FOCUS)
    (row,) = clinic.add(draw("left.png"))
    clinic.screen()
    assert "out of focus" in row.words
    assert clinic.predictor.threads == []
    page = clinic.window.patient
    assert page.result.grade.text == "Not gradable"
    assert "Take again: the picture is out of focus" in page.result.tips.text()
    assert not page.result.referable.isVisible()
    assert page.banner.outcome.text == "Incomplete: repeat or refer"


def test_a_bad_file_says_what_to_do_and_the_others_go_on(
    clinic: Clinic, draw: Draw, tmp_path: Path
) -> None:
    broken = tmp_path / "broken_od.jpg"
    broken.write_bytes(b"not a picture")
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.add(draw("a_od.png"), broken, tmp_path / "gone_os.png", draw("b_os.png"))
    clinic.screen()
    first, second = clinic.window.patient.incoming.rows
    assert first.item.failure is not None and second.item.failure is not None
    assert first.item.failure.code == "photograph_damaged"
    assert "nothing was recorded" in first.words
    assert "Copy the photograph from the camera again" in first.words
    assert second.item.failure.code == "photograph_not_found"
    session = clinic.desk.session.session
    assert session is not None
    (exam,) = session.records.open_file("A-1").exams
    assert {p.eye for p in exam.photographs} == {Laterality.OD, Laterality.OS}
    assert clinic.window.patient.banner.outcome.text == "No referral"


def test_the_eye_must_be_known_and_one_key_says_it(
    clinic: Clinic, draw: Draw, qtbot: QtBot
) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    first, second = clinic.add(draw("IMG_1.png"), draw("IMG_2.png"))
    panel = clinic.window.patient.incoming
    assert not panel.start.isEnabled()
    QTest.keyClick(first, Qt.Key.Key_O)
    QTest.keyClick(second, Qt.Key.Key_Right)
    assert (first.item.eye, second.item.eye) == (Laterality.OD, Laterality.OS)
    QTest.keyClick(second, Qt.Key.Key_Left)
    assert second.item.eye is Laterality.OD
    assert panel.start.text() == "Screen 2 photographs"
    QTest.keyClick(second, Qt.Key.Key_Delete)
    assert len(panel.rows) == 1


def test_cancelling_ends_the_one_at_work_and_the_rest(clinic: Clinic, draw: Draw) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    gateway = Gateway()
    clinic.predictor.during = gateway
    rows = clinic.add(draw("a_od.png"), draw("b_os.png"), draw("c_od.png"))
    clinic.window.patient.incoming.start.click()
    clinic.qtbot.waitUntil(gateway.entered.is_set, timeout=WAIT)
    clinic.window.patient.incoming.cancel.click()
    assert [row.item.state for row in rows[1:]] == [State.CANCELLED, State.CANCELLED]
    assert rows[0].item.state is State.WORKING
    gateway.open()
    clinic.wait_idle()
    assert [row.item.state for row in rows] == [State.CANCELLED] * 3
    assert "Nothing was recorded" in rows[0].words
    session = clinic.desk.session.session
    assert session is not None
    assert session.records.open_file("A-1").exams == ()
    # A cancelled file can be tried again, and is graded then.
    clinic.predictor.during = None
    for row in rows:
        row.retried.emit(row.item.id)
    clinic.screen()
    assert len(session.records.open_file("A-1").exams[0].photographs) == 3


def test_several_photographs_are_counted_while_they_are_worked_on(
    clinic: Clinic, draw: Draw
) -> None:
    told: list[tuple[int, int]] = []
    clinic.desk.screening.batch_changed.connect(lambda b: told.append((b.ended, b.total)))
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.add(*(draw(f"p{number}_od.png") for number in range(5)))
    clinic.screen()
    assert told[-1] == (5, 5)
    assert [ended for ended, _ in told] == sorted(ended for ended, _ in told)


def test_a_network_that_does_not_load_is_said_and_photographs_fail_with_that(
    clinic: Clinic, draw: Draw
) -> None:
    clinic.load_error = BundleMissing("There is no network of that name.")
    clinic.sign_in()
    clinic.qtbot.waitUntil(lambda: clinic.desk.screening.network.failure is not None, timeout=WAIT)
    assert clinic.window.status.network.text() == "No network: see Settings"
    assert "no network of that name" in clinic.window.settings.state.text()
    clinic.open_new_patient()
    (row,) = clinic.add(draw("a_od.png"))
    clinic.screen()
    assert row.item.failure is not None
    assert row.item.failure.code == "bundle_missing"
    # Choosing another one loads it, and the same file can be tried again.
    clinic.load_error = None
    clinic.window.settings.model.setCurrentIndex(clinic.window.settings.model.findData("other"))
    clinic.window.settings.model.activated.emit(0)
    clinic.qtbot.waitUntil(lambda: clinic.desk.screening.network.spec is not None, timeout=WAIT)
    assert clinic.settings.saved.model == "other"
    row.retried.emit(row.item.id)
    clinic.screen()
    assert clinic.window.patient.incoming.rows == []


def test_a_fault_in_the_program_fails_the_job_without_quoting_it(
    clinic: Clinic, draw: Draw
) -> None:
    def fault() -> None:
        raise RuntimeError("Okafor, Chidi, born 1961")

    clinic.predictor.during = fault
    clinic.sign_in()
    clinic.open_new_patient()
    (row,) = clinic.add(draw("a_od.png"))
    clinic.screen()
    failure = row.item.failure
    assert failure is not None
    assert failure.code == "unexpected"
    assert "Okafor" not in failure.text + failure.details
    assert "RuntimeError" in failure.details


def test_a_restart_finds_the_record_again(
    clinic: Clinic, draw: Draw, qtbot: QtBot, theme: Theme
) -> None:
    clinic.sign_in()
    clinic.open_new_patient("A-9")
    clinic.predictor.grade = 4
    clinic.add(draw("a_os.png"))
    clinic.screen()
    clinic.close()
    again = Clinic(qtbot, theme, clinic.store)
    try:
        again.sign_in()
        assert again.window.patients.table.model().rowCount() == 1
        with qtbot.waitSignal(again.desk.pictures.photograph_ready, timeout=WAIT):
            again.window.open_patient("A-9")
        page = again.window.patient
        assert page.result.grade.text == "Proliferative DR"
        assert page.banner.outcome.text == "Refer urgently"
        assert page.photograph.view.has_picture
    finally:
        again.close()


def test_results_do_not_take_the_focus(clinic: Clinic, draw: Draw) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.add(draw("a_od.png"))
    panel = clinic.window.patient.incoming
    panel.start_batch()
    panel.add.setFocus()
    before = clinic.window.focusWidget()
    clinic.wait_idle()
    assert clinic.window.focusWidget() is before


@pytest.mark.parametrize(
    ("grade", "tone"), [(0, Tone.NONE), (1, Tone.MILD), (3, Tone.SEVERE), (4, Tone.PROLIFERATIVE)]
)
def test_every_grade_is_shown_in_its_own_words(
    clinic: Clinic, draw: Draw, grade: int, tone: Tone
) -> None:
    clinic.predictor.grade = grade
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.add(draw("a_od.png"))
    clinic.screen()
    chosen = clinic.window.patient.exams.chosen
    assert chosen is not None and chosen.grading is not None
    assert chosen.grading.grade == grade
    assert tone.value == f"grade_{grade}"
    assert clinic.window.patient.result.grade.text == chosen.grading.grade.title


def test_a_photograph_recorded_for_somebody_else_is_asked_about(clinic: Clinic, draw: Draw) -> None:
    photograph = draw("visit_OD.png")
    clinic.sign_in()
    clinic.open_new_patient("A-17")
    clinic.add(photograph)
    clinic.screen()
    clinic.add(photograph)
    clinic.screen()
    (row,) = clinic.window.patient.incoming.rows
    assert "recorded already, for this patient" in row.words
    assert not row.retry.isVisible()

    clinic.open_new_patient("B-2")
    clinic.add(photograph)
    clinic.screen()
    (row,) = clinic.window.patient.incoming.rows
    assert "for another patient" in row.words
    assert "A-17" not in row.words
    assert row.retry.text() == "Record here as well"
    row.retry.click()
    clinic.screen()
    session = clinic.desk.session.session
    assert session is not None
    assert [len(session.records.open_file(mrn).exams) for mrn in ("A-17", "B-2")] == [1, 1]
    assert clinic.window.patient.incoming.rows == []
