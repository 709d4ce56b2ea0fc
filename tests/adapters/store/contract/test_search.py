"""What any store promises of finding patients."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.referral import Decision, Outcome
from drscreen.domain.store_ports import OpenStore
from tests.adapters.store.contract.patients import add, numbers
from tests.adapters.store.samples import MONDAY, referred, ungradable


def test_patient_list_newest_exam_first_then_by_number(opened: OpenStore) -> None:
    add(opened, *(Patient(mrn) for mrn in ("d", "c", "b", "a")))
    later = MONDAY + timedelta(days=1)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for mrn, moment, result in (
            ("d", later, referred(b"1")),
            ("b", MONDAY, referred(b"1", Decision.REFER_URGENT)),
            ("b", MONDAY + timedelta(seconds=1), referred(b"1", Decision.NO_REFERRAL)),
            ("c", MONDAY, ungradable(b"1")),
        ):
            records.save_photograph(mrn, Laterality.OD, b"1", result, recorded_at=moment)
        rows = records.search_patients("", 0, 10)
    assert [
        (row.patient.mrn, row.photographs, row.last_exam, row.last_outcome) for row in rows
    ] == [
        ("d", 1, later.date(), Outcome.REFER),
        # The second, harmless photograph of the same eye does not hide the first.
        ("b", 2, MONDAY.date(), Outcome.REFER_URGENT),
        ("c", 1, MONDAY.date(), Outcome.INCOMPLETE),
        ("a", 0, None, None),
    ]


def test_pages_cover_all_without_overlap(opened: OpenStore) -> None:
    add(opened, *(Patient(f"P{n:03}") for n in range(25)))
    pages = [numbers(opened, "p0", offset, 10) for offset in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [mrn for page in pages for mrn in page] == [f"P{n:03}" for n in range(25)]
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.count_patients("p0") == 25


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("müll", ["1"]),
        ("MULLER", ["1"]),
        ("anna müller", ["1"]),
        ("mu\u0308ller", ["1"]),
        ("strasse", ["2"]),
        ("STRAẞE", ["2"]),
        ("anna", ["1", "2"]),
        ("anna 2", ["2"]),
        ("anna bert", []),
        ("   ", ["1", "2", "3"]),
        ("%", []),
        ("_", ["3"]),
        ("100%", []),
        ("'; DROP TABLE patients; --", []),
        ("\\", []),
        ("\x00", []),
        ("\ud800", []),
    ],
)
def test_search(opened: OpenStore, text: str, found: list[str]) -> None:
    add(
        opened,
        Patient("1", "Müller", "Anna"),
        Patient("2", "Straße", "Annabel"),
        Patient("3", "under_score", "Ян"),
    )
    assert numbers(opened, text) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("1961", ["1"]),
        ("1961-03-14", ["1"]),
        ("bose 1961", ["1"]),
        ("bose 1962", []),
        ("1960", ["2"]),
        ("14", []),
        ("314", []),
    ],
)
def test_births_are_found_by_day_and_year(opened: OpenStore, typed: str, found: list[str]) -> None:
    add(
        opened,
        Patient("1", "Bose", birth_date=date(1961, 3, 14)),
        Patient("2", "Kaur", birth_year=1960),
    )
    assert numbers(opened, typed) == found


@pytest.mark.parametrize(
    ("recorded", "typed"),
    [
        *(("Yıldız", "yildiz"), ("Łukasz", "LUKASZ"), ("Sørensen", "sor"), ("Þór", "th")),
        *(("O’Brien", "o'brien"), ("Al-Hasan", "al hasan"), ("علي", "علی"), ("Müller", "mueller")),
    ],
)
def test_a_name_is_found_by_what_another_keyboard_types(
    opened: OpenStore, recorded: str, typed: str
) -> None:
    add(opened, Patient("1", recorded), Patient("2", "Okafor"))
    assert numbers(opened, typed) == ["1"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mulelr", ["1"]),  # neighbours exchanged
        ("müler", ["1"]),  # one missing
        ("lüdenscheidd", ["1"]),  # one wrong, at the end
        ("lüdnescheist", ["1"]),  # two slips in a long word
        ("kowalzka ewa", ["2"]),  # three letters are like anything
        ("kowalzka chidi", []),  # every longer word must be like something
        ("kowalzka", ["2"]),
        ("okaffor chidii", ["3"]),
        ("P-10024", ["3"]),  # a number with a digit too many
        ("schmidt", []),
        ("xyz", []),
        ("", []),
        ("\x00\x00\x00\x00", []),
        ('"" OR "', []),
    ],
)
def test_typing_errors_are_forgiven(opened: OpenStore, typed: str, found: list[str]) -> None:
    add(
        opened,
        Patient("1", "Müller-Lüdenscheidt Lüdenscheidt", "Änne"),
        Patient("2", "Kowalska", "Ola"),
        Patient("3", "Okafor", "Chidi"),
        Patient("P-1024", "Other", "Person"),
    )
    expected = ["P-1024"] if typed.startswith("P-") else found
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert [row.patient.mrn for row in records.similar_patients(typed, 10)] == expected
