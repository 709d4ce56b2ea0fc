"""The patient list, the form, the search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from drscreen.domain.patient import Channel, Patient, Sex
from drscreen.qt.background import Background
from drscreen.qt.dates import date_from
from drscreen.qt.models.paged_table import PAGE
from drscreen.qt.models.patients_table import NAME, PatientsTableModel
from drscreen.services.records import RecordsService
from tests.fakes.screening import FakeClock
from tests.fakes.store import FakeStore
from tests.qt.clinic import WAIT, Clinic


@pytest.fixture
def background(qtbot: QtBot) -> Iterator[Background]:
    made = Background()
    yield made
    made.finish()
    qtbot.waitUntil(lambda: made.is_idle, timeout=WAIT)


@pytest.fixture
def records() -> RecordsService:
    service = RecordsService(FakeStore.opened(), FakeClock())
    for number in range(2 * PAGE + 30):
        name = "Okafor" if number % 50 == 0 else "Bose"
        service.register(Patient(mrn=f"A-{number:04d}", family_name=name))
    return service


def test_the_model_pages(background: Background, records: RecordsService, qtbot: QtBot) -> None:
    model = PatientsTableModel(background)
    assert not model.canFetchMore(QModelIndex())
    model.use(records.search)
    with qtbot.waitSignal(model.counted, timeout=WAIT):
        model.search("")
    assert (model.rowCount(), model.total) == (PAGE, 2 * PAGE + 30)
    for expected in (2 * PAGE, 2 * PAGE + 30):
        assert model.canFetchMore(QModelIndex())
        with qtbot.waitSignal(model.counted, timeout=WAIT):
            model.fetchMore(QModelIndex())
            model.fetchMore(QModelIndex())
        assert model.rowCount() == expected
    assert not model.canFetchMore(QModelIndex())
    numbers = [model.mrn(row) for row in range(model.rowCount())]
    assert len(set(numbers)) == len(numbers)


def test_the_model_keeps_qts_rules(
    background: Background, records: RecordsService, qtbot: QtBot
) -> None:
    model = PatientsTableModel(background)
    # The tester asks for more pages by itself, also in the middle of a change.
    tester = QAbstractItemModelTester(
        model, QAbstractItemModelTester.FailureReportingMode.Fatal, model
    )
    assert tester.model() is model
    model.use(records.search)
    model.search("")

    def all_here() -> bool:
        model.fetchMore(QModelIndex())
        return model.rowCount() == 2 * PAGE + 30

    qtbot.waitUntil(all_here, timeout=WAIT)
    numbers = [model.mrn(row) for row in range(model.rowCount())]
    assert len(set(numbers)) == len(numbers)
    model.search("okafor")
    qtbot.waitUntil(lambda: model.rowCount() == 5, timeout=WAIT)
    assert {model.index(row, NAME).data() for row in range(5)} == {"Okafor"}
    model.use(None)
    assert model.rowCount() == 0


def test_only_the_last_of_several_searches_is_shown(
    background: Background, records: RecordsService, qtbot: QtBot
) -> None:
    model = PatientsTableModel(background)
    model.use(records.search)
    counted: list[int] = []
    model.counted.connect(counted.append)
    for text in ("b", "bo", "A-0007"):
        model.search(text)
    qtbot.waitUntil(lambda: background.is_idle, timeout=WAIT)
    assert counted == [1]
    assert model.mrn(0) == "A-0007"


def test_an_answer_after_the_lock_shows_nothing(
    background: Background, records: RecordsService, qtbot: QtBot
) -> None:
    model = PatientsTableModel(background)
    model.use(records.search)
    model.search("")
    model.use(None)
    qtbot.waitUntil(lambda: background.is_idle, timeout=WAIT)
    assert model.rowCount() == 0


def test_typing_searches_after_a_pause_and_enter_opens(clinic: Clinic, qtbot: QtBot) -> None:
    clinic.sign_in()
    for mrn in ("A-1", "A-2"):
        clinic.open_new_patient(mrn)
        clinic.window.patient.closed.emit()
    clinic.settle()
    page = clinic.window.patients
    with qtbot.waitSignal(clinic.desk.table.counted, timeout=WAIT):
        QTest.keyClicks(page.search, "A-2")
    assert page.table.model().rowCount() == 1
    with qtbot.waitSignal(clinic.desk.patients.file_opened, timeout=WAIT):
        QTest.keyClick(page.search, Qt.Key.Key_Return)
    assert clinic.window.patient.isVisible()
    assert "A-2" in clinic.window.patient.banner.line.text()


def test_enter_in_the_table_opens_the_selected_patient(clinic: Clinic, qtbot: QtBot) -> None:
    clinic.sign_in()
    clinic.open_new_patient("A-7")
    clinic.window.patient.closed.emit()
    clinic.settle()
    page = clinic.window.patients
    page.table.choose("A-7")
    chosen: list[str] = []
    page.patient_chosen.connect(chosen.append)
    page.table.activated.emit(page.table.currentIndex())
    assert chosen == ["A-7"]


def test_the_empty_list_tells_the_next_step(clinic: Clinic, qtbot: QtBot) -> None:
    clinic.sign_in()
    page = clinic.window.patients
    assert page.empty_words == "Press Ctrl+N to record the first patient, then add photographs."
    with qtbot.waitSignal(clinic.desk.table.counted, timeout=WAIT):
        page.search.setText("nobody")
    assert page.empty_words.startswith("Try a part of the name")


def test_the_form_saves_every_field(clinic: Clinic, qtbot: QtBot) -> None:
    clinic.sign_in()
    clinic.window.patients.new.click()
    form = clinic.window.form
    assert form is not None
    form.mrn.setText(" A-3 ")
    form.family_name.setText("Okafor")
    form.given_name.setText("Chidi")
    form.birth_date.setText("1961-02-17")
    form.sex.setCurrentIndex(form.sex.findData(Sex.MALE.value))
    form.phone.setText("+49 170 1234567")
    form.email.setText("c@example.org")
    form.language.setCurrentText("pt-BR")
    form.consent[Channel.SMS].setChecked(True)
    with qtbot.waitSignal(clinic.desk.patients.file_opened, timeout=WAIT):
        form.save.click()
    session = clinic.desk.session.session
    assert session is not None
    assert session.records.open_file("A-3").patient == Patient(
        mrn="A-3",
        family_name="Okafor",
        given_name="Chidi",
        birth_date=date(1961, 2, 17),
        sex=Sex.MALE,
        phone="+49 170 1234567",
        email="c@example.org",
        language="pt-BR",
        consent=frozenset({Channel.SMS}),
        version=1,
    )
    assert clinic.window.patient.banner.name.text() == "Okafor, Chidi"


def test_the_form_stays_open_with_what_was_typed(clinic: Clinic, qtbot: QtBot) -> None:
    clinic.sign_in()
    clinic.open_new_patient("A-1")
    clinic.window.patients.new.click()
    form = clinic.window.form
    assert form is not None
    form.mrn.setText("A-1")
    form.birth_date.setText("17/1961")
    form.save.click()
    assert "not a date" in form.error.text
    form.birth_date.clear()
    with qtbot.waitSignal(clinic.desk.patients.save_failed, timeout=WAIT):
        form.save.click()
    assert "already" in form.error.text
    assert form.isVisible()
    assert form.mrn.text() == "A-1"
    form.mrn.setText("A-2")
    with qtbot.waitSignal(clinic.desk.patients.file_opened, timeout=WAIT):
        form.save.click()
    assert clinic.window.form is None


def test_a_record_that_somebody_else_changed_is_not_overwritten(
    clinic: Clinic, qtbot: QtBot
) -> None:
    clinic.sign_in()
    clinic.open_new_patient("A-1")
    clinic.window.patient.edit_wanted.emit(Patient(mrn="A-1", version=1))
    session = clinic.desk.session.session
    assert session is not None
    session.records.amend(Patient(mrn="A-1", family_name="Bose", version=1))
    form = clinic.window.form
    assert form is not None and form.mrn.isReadOnly()
    form.family_name.setText("Okafor")
    with qtbot.waitSignal(clinic.desk.patients.conflict_found, timeout=WAIT):
        form.save.click()
    assert "what you changed is still here" in form.error.text
    assert session.records.open_file("A-1").patient.family_name == "Bose"
    assert form.family_name.text() == "Okafor"
    form.family_name.clear()
    form.reject()


@pytest.mark.parametrize(("text", "expected"), [("", None), (" 1960-12-31 ", date(1960, 12, 31))])
def test_dates_are_read(text: str, expected: date | None) -> None:
    assert date_from(text) == expected


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(ValueError):
        date_from("1961-17-02")


def test_conflict_shows_what_the_other_person_changed(clinic: Clinic) -> None:
    clinic.sign_in()
    clinic.open_new_patient("A-1")
    clinic.window.patient.edit_wanted.emit(Patient(mrn="A-1", version=1))
    form = clinic.window.form
    assert form is not None
    session = clinic.desk.session.session
    assert session is not None
    session.records.amend(
        Patient(mrn="A-1", family_name="Bose", phone="333 333", email="b@example.org", version=1)
    )
    form.phone.setText("222 222")
    form.given_name.setText("Anna")
    with clinic.qtbot.waitSignal(clinic.desk.patients.conflict_found, timeout=WAIT):
        form.save.click()
    model, rows = form.conflict.model(), range(form.conflict.rowCount())
    shown = [[model.index(row, column).data() for column in range(4)] for row in rows]
    assert shown == [
        ["Family name", "empty", "empty", "Bose"],
        ["Phone", "empty", "222 222", "333 333"],
        ["E-mail", "empty", "empty", "b@example.org"],
    ]
    assert form.conflict.isVisible()
    assert "Somebody else changed" in form.error.text
    assert form.family_name.text() == "Bose"
    assert form.phone.text() == "222 222"
    with clinic.qtbot.waitSignal(clinic.desk.patients.patient_saved, timeout=WAIT):
        form.save.click()
    assert session.records.open_file("A-1").patient == Patient(
        mrn="A-1",
        family_name="Bose",
        given_name="Anna",
        phone="222 222",
        email="b@example.org",
        version=3,
    )
