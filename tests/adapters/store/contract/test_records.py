"""What any store promises of its records: the same for the one in memory and the encrypted one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from drscreen.domain.audit import AuditKind
from drscreen.domain.conflict import StoreConflict
from drscreen.domain.errors import (
    PatientExists,
    PatientUnknown,
    StoreDamaged,
    StoreError,
    StoreExists,
    StoreMissing,
)
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Channel, Patient, Sex
from drscreen.domain.permissions import Action
from drscreen.domain.referral import Decision, Outcome
from drscreen.domain.screening import SaveTo
from drscreen.domain.store_ports import OpenStore, Store
from drscreen.domain.users import Role, User
from tests.adapters.store.contract.patients import add, numbers
from tests.adapters.store.samples import MODEL, MONDAY, PASSWORD, referred, ungradable

FULL = Patient(
    mrn="A-17",
    family_name="Ørsted",
    given_name="Zoë",
    birth_date=date(1961, 2, 28),
    sex=Sex.FEMALE,
    phone="+45 12 34",
    email="zoe@example.org",
    language="da",
    consent=frozenset({Channel.EMAIL}),
)


def test_before_it_is_made(store: Store) -> None:
    assert not store.exists()
    with pytest.raises(StoreMissing):
        store.open("Nora", PASSWORD)


def test_made_and_opened(store: Store, opened: OpenStore) -> None:
    assert store.exists()
    assert opened.clinic == "Hilltop Clinic"
    assert opened.user == User("Nora", Role.ADMINISTRATOR, "Nora Lind")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.users() == [opened.user]
        assert records.search_patients("", 0, 10) == []


def test_made_once_only(store: Store, opened: OpenStore) -> None:
    add(opened, FULL)
    with pytest.raises(StoreExists):
        store.create("Other", "Eve", "", Role.ADMINISTRATOR, PASSWORD)
    assert numbers(opened, "") == ["A-17"]


def test_patient_comes_back_whole(store: Store, opened: OpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.add_patient(FULL) == replace(FULL, version=1)
    opened.close()
    again = store.open("Nora", PASSWORD)
    with again.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("A-17") == replace(FULL, version=1)
        assert records.find_patient("a-17") is None
    again.close()


def test_an_estimated_year_comes_back_and_its_change_is_noted(opened: OpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        kept = records.add_patient(Patient("A-17", birth_year=1960))
        assert records.find_patient("A-17") == kept
        assert (kept.birth_date, kept.birth_year) == (None, 1960)
        records.change_patient(replace(kept, birth_year=None, birth_date=date(1960, 3, 14)))
        assert dict(records.audit_events(0, 99)[-1].details) == {"fields": "birth_date birth_year"}
        assert records.count_patients("1960-03-14") == records.count_patients("1960") == 1


def test_several_patients_are_found_at_once(opened: OpenStore) -> None:
    add(opened, Patient("A-1", "Doe"), Patient("A-2", "Roe"), Patient("A-3"))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        found = records.find_patients({"A-1", "A-2", "nobody"})
        assert {mrn: patient.family_name for mrn, patient in found.items()} == {
            "A-1": "Doe",
            "A-2": "Roe",
        }
        assert records.find_patients(()) == {}


def test_patient_numbers_are_unique(opened: OpenStore) -> None:
    add(opened, FULL)
    with pytest.raises(PatientExists), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("A-17", "Other"))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("A-17") == replace(FULL, version=1)


def test_changes_count_up_and_can_be_searched(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        changed = records.change_patient(replace(FULL, family_name="Bohr", version=1))
        assert changed == replace(FULL, family_name="Bohr", version=2)
    assert numbers(opened, "bohr") == ["A-17"]
    assert numbers(opened, "ørsted") == []


def test_stale_change_is_refused_and_the_other_kept(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.change_patient(replace(FULL, phone="1111", version=1))
    with pytest.raises(StoreConflict), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.change_patient(replace(FULL, phone="2222", version=1))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        kept = records.find_patient("A-17")
    assert kept == replace(FULL, phone="1111", version=2)


def test_unknown_patient(opened: OpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("none") is None
        assert records.exams("none") == []
        with pytest.raises(PatientUnknown):
            records.change_patient(Patient("none"))
        with pytest.raises(PatientUnknown):
            records.save_photograph("none", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY)


def test_failed_transaction_changes_nothing(opened: OpenStore) -> None:
    with pytest.raises(KeyError), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(FULL)
        records.save_photograph("A-17", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY)
        raise KeyError
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_patient("A-17") is None
        assert records.count_patients("") == 0


def test_photograph_comes_back_whole(store: Store, opened: OpenStore) -> None:
    add(opened, FULL)
    data = bytes(range(256)) * 40
    result = referred(data)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        saved = records.save_photograph(
            "A-17", Laterality.OS, data, result, recorded_at=MONDAY, is_drawing=True
        )
    opened.close()
    again = store.open("Nora", PASSWORD)
    with again.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_photograph(saved.id) == saved
        assert records.photograph_bytes(saved.id) == data
        (exam,) = records.exams("A-17")
    again.close()
    assert exam.photographs == (saved,)
    assert (exam.id, exam.mrn, exam.day) == (saved.exam_id, "A-17", date(2026, 3, 2))
    assert (saved.eye, saved.taken, saved.is_drawing) == (Laterality.OS, MONDAY, True)
    assert (saved.sha256, saved.media_type) == (result.sha256, "image/jpeg")
    assert (saved.width, saved.height) == (3000, 2000)
    assert (saved.quality, saved.grading) == (result.quality, result.grading)
    assert (saved.decision, saved.model) == (Decision.REFER, MODEL)
    assert saved.operating_point == referred(b"x").operating_point
    assert saved.recorded_by == "Nora"


def test_ungradable_photograph_keeps_its_reasons(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        saved = records.save_photograph(
            "A-17", Laterality.OD, b"dark", ungradable(b"dark"), recorded_at=MONDAY
        )
        found = records.find_photograph(saved.id)
    assert found is not None
    assert found.grading is None
    assert found.quality == ungradable(b"dark").quality
    assert found.decision is Decision.REPEAT_PHOTOGRAPH


def test_result_of_another_photograph_is_refused(opened: OpenStore) -> None:
    add(opened, FULL)
    with (
        pytest.raises(ValueError, match="another photograph"),
        opened.transaction(Action.EDIT_PATIENTS) as records,
    ):
        records.save_photograph("A-17", Laterality.OD, b"a", referred(b"b"), recorded_at=MONDAY)
    with (
        pytest.raises(ValueError, match="time zone"),
        opened.transaction(Action.EDIT_PATIENTS) as records,
    ):
        records.save_photograph(
            "A-17", Laterality.OD, b"a", referred(b"a"), recorded_at=datetime(2026, 1, 1)
        )


def test_unknown_photograph(opened: OpenStore) -> None:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_photograph("nothing") is None
        with pytest.raises(StoreDamaged):
            records.photograph_bytes("nothing")


def test_one_exam_a_day_newest_first(opened: OpenStore) -> None:
    add(opened, FULL, Patient("B"))
    moments = [MONDAY, MONDAY + timedelta(hours=2), MONDAY + timedelta(days=9), MONDAY]
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        ids = [
            records.save_photograph(
                "A-17", Laterality.OD, bytes([n]), referred(bytes([n])), recorded_at=moment
            ).id
            for n, moment in enumerate(moments)
        ]
        records.save_photograph("B", Laterality.OD, b"b", referred(b"b"), recorded_at=MONDAY)
        exams = records.exams("A-17")
    assert [exam.day for exam in exams] == [date(2026, 3, 11), date(2026, 3, 2)]
    assert [[photograph.id for photograph in exam.photographs] for exam in exams] == [
        [ids[2]],
        [ids[1], ids[3], ids[0]],
    ]


def test_day_is_the_one_where_it_was_taken(opened: OpenStore) -> None:
    add(opened, FULL)
    auckland = datetime(2026, 3, 3, 8, 0, tzinfo=timezone(timedelta(hours=13)))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        saved = records.save_photograph(
            "A-17", Laterality.OD, b"x", referred(b"x"), recorded_at=auckland
        )
        (exam,) = records.exams("A-17")
    assert exam.day == date(2026, 3, 3)
    assert saved.taken == auckland
    assert saved.taken.tzinfo is UTC


def test_closed_store_gives_nothing(opened: OpenStore) -> None:
    opened.close()
    opened.close()
    with pytest.raises(StoreError), opened.transaction(Action.EDIT_PATIENTS):
        pass


def test_threads_share_a_store(opened: OpenStore) -> None:
    """Each reads the count and adds one patient more: together they must not lose any."""

    def work() -> None:
        for _ in range(8):
            with opened.transaction(Action.EDIT_PATIENTS) as records:
                records.add_patient(Patient(f"{records.count_patients('')}"))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work), pool.submit(work)]:
            done.result(30)
    assert sorted(map(int, numbers(opened, ""))) == list(range(16))


def test_erased_patient_is_gone_and_others_stay(opened: OpenStore) -> None:
    add(opened, FULL, Patient("B"))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        mine = records.save_photograph(
            "A-17", Laterality.OD, b"a", referred(b"a"), recorded_at=MONDAY
        )
        other = records.save_photograph(
            "B", Laterality.OD, b"b", referred(b"b"), recorded_at=MONDAY
        )
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.erase_patient("A-17") == 1
        with pytest.raises(PatientUnknown):
            records.erase_patient("A-17")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.find_photograph(mine.id) is None
        assert records.exams("A-17") == []
        assert records.photograph_bytes(other.id) == b"b"
    assert numbers(opened, "") == ["B"]


def test_patient_without_photographs_can_be_erased(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.erase_patient("A-17") == 0
    assert numbers(opened, "") == []


def test_review_queue_gravest_first_then_newest(opened: OpenStore) -> None:
    add(opened, *(Patient(mrn) for mrn in "abcd"))
    later = MONDAY + timedelta(days=3)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        for mrn, moment, result in (
            ("a", MONDAY, referred(b"1", Decision.REFER)),
            ("b", MONDAY, referred(b"1", Decision.REFER_URGENT)),
            ("c", later, referred(b"1", Decision.REFER)),
            ("d", later, ungradable(b"1")),
        ):
            records.save_photograph(mrn, Laterality.OD, b"1", result, recorded_at=moment)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        queue = records.exams_to_review(0, 10)
        assert [(exam.patient.mrn, exam.outcome) for exam in queue] == [
            ("b", Outcome.REFER_URGENT),
            ("c", Outcome.REFER),
            ("a", Outcome.REFER),
            ("d", Outcome.INCOMPLETE),
        ]
        assert [exam.patient.mrn for exam in records.exams_to_review(1, 2)] == ["c", "a"]
        records.mark_reviewed(queue[0].exam_id)
        records.mark_reviewed(queue[3].exam_id)
        records.mark_reviewed("no exam")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert [exam.patient.mrn for exam in records.exams_to_review(0, 10)] == ["c", "a"]
        # A new photograph wants to be looked at, and makes the exam as grave as it is.
        records.save_photograph(
            "d", Laterality.OS, b"2", referred(b"2", Decision.REFER_URGENT), recorded_at=later
        )
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        queue = records.exams_to_review(0, 10)
        assert [exam.patient.mrn for exam in queue] == ["d", "c", "a"]
        assert queue[0].outcome is Outcome.REFER_URGENT


def test_events_come_in_order_and_name_no_patient(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.note(AuditKind.EXPORTED, "A-17", {"format": "pdf"})
        head = records.audit_head()
        subject = records.audit_subject("A-17")
        events = records.audit_events(0, 1000)
        assert head is not None
        assert records.audit_events(head.sequence, 10) == []
        (exported,) = records.audit_events(0, 10, frozenset({"exported"}))
    assert [event.sequence for event in events] == list(range(1, head.sequence + 1))
    assert (exported.subject, exported.details) == (subject, {"format": "pdf"})
    assert "A-17" not in repr(events)
    assert opened.verify_audit().intact


def test_a_file_is_found_by_its_hash_with_whom_and_which_eye(opened: OpenStore) -> None:
    data = b"the very same file"
    result = referred(data)
    add(opened, FULL, Patient(mrn="B-2"))
    with opened.transaction(Action.SCREEN) as records:
        assert records.where_recorded(result.sha256) == frozenset()
        for target in (SaveTo("A-17", Laterality.OD), SaveTo("B-2", Laterality.OS)):
            records.save_photograph(target.mrn, target.eye, data, result, recorded_at=MONDAY)
    with opened.transaction(Action.SCREEN) as records:
        assert records.where_recorded(result.sha256) == {
            SaveTo("A-17", Laterality.OD),
            SaveTo("B-2", Laterality.OS),
        }
        assert records.where_recorded(referred(b"another").sha256) == frozenset()
