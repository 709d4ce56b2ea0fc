from __future__ import annotations

import json
import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drscreen.domain.errors import InvalidInput, PasswordTooWeak
from drscreen.domain.export import PatientExport, export_json
from drscreen.domain.patient import Patient, checked_patient, normalised_mrn
from drscreen.domain.users import PASSWORD_MIN, check_new_password, checked_user_name

TODAY = date(2026, 6, 1)


@given(st.text(max_size=80))
def test_a_number_is_tidied_once_and_for_all_or_refused(text: str) -> None:
    try:
        tidy = normalised_mrn(text)
    except InvalidInput:
        return
    assert tidy == tidy.strip()
    assert tidy
    assert normalised_mrn(tidy) == tidy


@given(
    st.builds(
        Patient,
        mrn=st.just("1"),
        family_name=st.text(max_size=30),
        phone=st.text(max_size=20),
        email=st.text(max_size=20),
        birth_date=st.none() | st.dates(),
    )
)
def test_a_checked_patient_stays_as_it_is(patient: Patient) -> None:
    try:
        checked = checked_patient(patient, TODAY)
    except InvalidInput:
        return
    assert checked_patient(checked, TODAY) == checked


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "somebody"),
        ("phone", "call me"),
        ("language", "English, please"),
        ("birth_date", TODAY + timedelta(days=1)),
        ("birth_date", date(1700, 1, 1)),
        ("family_name", "x" * 201),
        ("given_name", "two\nlines"),
    ],
)
def test_what_cannot_be_true_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidInput):
        checked_patient(Patient(mrn="1", **{field: value}), TODAY)  # type: ignore[arg-type] # by name


@pytest.mark.parametrize(
    "name", ["María-José", "O'Brien", "नमस्ते", "Nguyễn", "\u0dc1\u0dca\u200d\u0dbb\u0dd3"]
)
def test_names_of_the_world_are_welcome(name: str) -> None:
    assert checked_patient(Patient(mrn="1", family_name=name), TODAY).family_name == name


def test_a_day_of_birth_makes_an_estimate_needless() -> None:
    both = Patient("1", birth_date=date(1961, 2, 28), birth_year=1960)
    assert checked_patient(both, TODAY).birth_year is None
    assert checked_patient(Patient("1", birth_year=1960), TODAY).birth_year == 1960


@pytest.mark.parametrize("year", [1879, TODAY.year + 1, 2503, 1339, 0])
def test_a_year_that_nobody_alive_was_born_in_is_refused(year: int) -> None:
    with pytest.raises(InvalidInput, match="birth year"):
        checked_patient(Patient("1", birth_year=year), TODAY)


def test_an_estimate_is_marked_on_what_leaves_the_program() -> None:
    patient = Patient("1", birth_year=1960)
    assert patient.born == "about 1960 (estimated)"
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    told = json.loads(export_json(PatientExport("Hilltop", moment, patient, ())))["patient"]
    assert (told["birth_date"], told["birth_year_estimated"]) == (None, 1960)


def test_a_password_counts_by_its_length() -> None:
    check_new_password("x" * PASSWORD_MIN, lambda *_: "")
    with pytest.raises(PasswordTooWeak, match="12"):
        check_new_password("x" * (PASSWORD_MIN - 1), lambda *_: "")
    with pytest.raises(PasswordTooWeak, match="weak"):
        check_new_password("x" * PASSWORD_MIN, lambda *_: "This is weak.")


def test_a_pasted_number_is_the_typed_one() -> None:
    assert normalised_mrn("\ufeff A\u200d-17\u00a0B\u200b\n") == "A-17 B"


@pytest.mark.parametrize("name", ["रवि.कुमार", "Ана", "o\u0308"])
def test_user_names_of_the_world_are_welcome(name: str) -> None:
    assert checked_user_name(name + "n") == unicodedata.normalize("NFC", name) + "n"


@pytest.mark.parametrize(
    "name", ["ann\u200d", "\u2060ann", "an\u115fn", "a\u034fnn", "\ufeffann\u3164"]
)
def test_two_user_names_that_look_the_same_are_the_same(name: str) -> None:
    assert checked_user_name(name) == "ann"


@pytest.mark.parametrize("name", ["", "a", "two words", "semi;colon", "x" * 65, "a\ue000b", "a\nb"])
def test_user_names_that_cannot_be_typed_safely_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        checked_user_name(name)
