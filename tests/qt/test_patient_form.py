"""What the form says of a birth date, a telephone and an e-mail address while they are typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from PySide6.QtCore import QLocale

from drscreen.domain.notice import NoticePolicy
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.qt.models.patients_table import BIRTH_DATE
from drscreen.qt.views.noted_field import NotedField
from drscreen.qt.views.patient_form import PatientForm
from tests.qt.clinic import WAIT, Clinic


@pytest.fixture(autouse=True)
def _locale_put_back() -> Iterator[None]:
    before = QLocale()
    yield
    QLocale.setDefault(before)


def new_form(clinic: Clinic) -> PatientForm:
    clinic.window.patients.new.click()
    form = clinic.window.form
    assert form is not None
    form.mrn.setText("A-1")
    return form


def leave(clinic: Clinic, field: NotedField) -> str:
    """As Tab does; what stands beneath the field then."""
    field.editingFinished.emit()
    clinic.settle()
    return field.note.text().strip()


def is_wrong(field: NotedField) -> bool:
    return bool(field.note.property("role") == "error")


def saved(clinic: Clinic, form: PatientForm) -> Patient:
    with clinic.qtbot.waitSignal(clinic.desk.patients.file_opened, timeout=WAIT):
        form.save.click()
    session = clinic.desk.session.session
    assert session is not None
    return session.records.open_file("A-1").patient


def test_the_age_beside_the_birth_date_is_a_check(clinic: Clinic) -> None:
    QLocale.setDefault(QLocale("en_US"))
    clinic.sign_in()
    form = new_form(clinic)
    form.birth_date.setText("3/4/12")
    assert leave(clinic, form.birth_date).startswith("The year needs four digits.")
    assert is_wrong(form.birth_date)
    form.birth_date.setText("3/4/2012")
    assert form.birth_date.note.text().startswith("Age 1")
    assert not is_wrong(form.birth_date)
    assert saved(clinic, form).birth_date == date(2012, 3, 4)
    assert "3/4/2012" in clinic.window.patient.banner.line.text()


def test_a_birth_date_that_is_none_is_said_beside_it_and_kept(clinic: Clinic) -> None:
    clinic.sign_in()
    form = new_form(clinic)
    form.birth_date.setText("31/12/2503")
    form.save.click()
    assert "2503 lies in the future" in form.birth_date.note.text()
    assert is_wrong(form.birth_date)
    assert form.birth_date.text() == "31/12/2503"
    form.birth_date.clear()
    form.mrn.clear()
    form.reject()


def test_an_estimated_year_is_marked_wherever_it_is_shown(clinic: Clinic) -> None:
    clinic.sign_in()
    form = new_form(clinic)
    form.birth_date.setText("1960")
    assert "estimate" in form.birth_date.note.text()
    patient = saved(clinic, form)
    assert (patient.birth_date, patient.birth_year) == (None, 1960)
    assert "about 1960" in clinic.window.patient.banner.line.text()
    clinic.window.patient.closed.emit()
    clinic.settle()
    table = clinic.window.patients.table.model()
    assert table.index(0, BIRTH_DATE).data() == "about 1960"
    clinic.window.patient.edit_wanted.emit(patient)
    amended = clinic.window.form
    assert amended is not None
    assert amended.birth_date.text() == "about 1960"
    amended.birth_date.setText("1960-05-02")
    patient = saved(clinic, amended)
    assert (patient.birth_date, patient.birth_year) == (date(1960, 5, 2), None)


def test_a_birth_date_is_searched_for_as_the_locale_writes_it(clinic: Clinic) -> None:
    QLocale.setDefault(QLocale("de_DE"))
    clinic.sign_in()
    form = new_form(clinic)
    form.birth_date.setText("14.3.1961")
    saved(clinic, form)
    clinic.window.patient.closed.emit()
    clinic.settle()
    page = clinic.window.patients
    for typed, found in (("14.03.1961", 1), ("1961", 1), ("15.03.1961", 0)):
        with clinic.qtbot.waitSignal(clinic.desk.table.counted, timeout=WAIT):
            page.search.setText(typed)
        assert page.table.model().rowCount() == found


@pytest.mark.parametrize(
    ("phone", "sms", "said", "wrong"),
    [
        ("555 12", False, "too short", True),
        ("0170 12345678 / 0171 1234567", False, "one number", True),
        ("11 98765-4321", True, "SMS go to +5511987654321", False),
        ("११ ९८७६५-४३२१", True, "SMS go to +5511987654321", False),
        ("11 3456-7890", True, "landline", True),
        ("11 3456-7890", False, "landline", False),
        ("999999999999", True, "No telephone", True),
        ("+1 212 555 0123", True, "sends no SMS to", True),
    ],
)
def test_a_number_is_judged_when_it_is_left(
    clinic: Clinic, phone: str, sms: bool, said: str, wrong: bool
) -> None:
    clinic.sign_in()
    session = clinic.desk.session.session
    assert session is not None
    with session.store.transaction(Action.MANAGE_CLINIC) as records:
        records.notices.set_policy(NoticePolicy(region="BR"))
    form = new_form(clinic)
    form.consent[Channel.SMS].setChecked(sms)
    form.phone.setText(phone)
    assert said in leave(clinic, form.phone)
    assert is_wrong(form.phone) is wrong


def test_an_sms_that_can_never_arrive_is_told_before_it_is_kept(clinic: Clinic) -> None:
    clinic.sign_in()
    form = new_form(clinic)
    form.consent[Channel.SMS].setChecked(True)
    form.phone.setText("+55 99 9999")
    with clinic.qtbot.waitSignal(clinic.desk.patients.save_failed, timeout=WAIT):
        form.save.click()
    assert "No telephone has this number" in form.phone.note.text()
    assert form.phone.text() == "+55 99 9999"
    form.consent[Channel.SMS].setChecked(False)  # for calls it may be kept
    assert saved(clinic, form).phone == "+55 99 9999"


@pytest.mark.parametrize("email", ["asha", "asha@", "asha@clinic", "a sha@example.org"])
def test_an_address_that_can_never_be_written_to_is_refused_when_typed(
    clinic: Clinic, email: str
) -> None:
    clinic.sign_in()
    form = new_form(clinic)
    form.email.setText(email)
    assert leave(clinic, form.email)
    assert is_wrong(form.email)
    with clinic.qtbot.waitSignal(clinic.desk.patients.save_failed, timeout=WAIT):
        form.save.click()
    assert form.email.text() == email
    form.email.setText("रवि@उदाहरण.भारत")
    assert leave(clinic, form.email) == ""
    assert saved(clinic, form).email == "रवि@उदाहरण.भारत"


def test_a_name_that_cannot_be_kept_is_named_and_kept_in_its_field(clinic: Clinic) -> None:
    clinic.sign_in()
    form = new_form(clinic)
    form.family_name.setText("Oka\x01for")
    with clinic.qtbot.waitSignal(clinic.desk.patients.save_failed, timeout=WAIT):
        form.save.click()
    assert "family name has a control character" in form.error.text
    form.family_name.setText("\ufeffOka\u200bfor\u00a0")
    assert saved(clinic, form).family_name == "Okafor"
