"""What any store promises: the same assertions for the one in memory and the encrypted one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from drscreen.domain.audit import AuditKind
from drscreen.domain.conflict import StoreConflict
from drscreen.domain.errors import (
    AccountRemoved,
    PatientExists,
    PatientUnknown,
    SignInFailed,
    StoreDamaged,
    StoreError,
    StoreExists,
    StoreMissing,
    UserExists,
    UserUnknown,
)
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Channel, Patient, Sex
from drscreen.domain.ports import OpenStore, Store
from drscreen.domain.referral import Decision, Outcome
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import MODEL, MONDAY, PASSWORD, referred, store_at, ungradable
from tests.fakes.store import FakeStore

MAKERS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda home: FakeStore(),
    "sqlcipher": store_at,
}
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


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MAKERS[request.param](tmp_path / "clinic home")


@pytest.fixture
def opened(store: Store) -> Iterator[OpenStore]:
    store.create("Hilltop Clinic", "Nora", "Nora Lind", Role.ADMINISTRATOR, PASSWORD)
    unlocked = store.open("Nora", PASSWORD)
    yield unlocked
    unlocked.close()


def add(opened: OpenStore, *patients: Patient) -> None:
    with opened.transaction() as records:
        for patient in patients:
            records.add_patient(patient)


def numbers(opened: OpenStore, text: str, offset: int = 0, limit: int = 50) -> list[str]:
    with opened.transaction() as records:
        return [row.patient.mrn for row in records.search_patients(text, offset, limit)]


def test_before_it_is_made(store: Store) -> None:
    assert not store.exists()
    with pytest.raises(StoreMissing):
        store.open("Nora", PASSWORD)


def test_made_and_opened(store: Store, opened: OpenStore) -> None:
    assert store.exists()
    assert opened.clinic == "Hilltop Clinic"
    assert opened.user == User("Nora", Role.ADMINISTRATOR, "Nora Lind")
    with opened.transaction() as records:
        assert records.users() == [opened.user]
        assert records.search_patients("", 0, 10) == []


def test_made_once_only(store: Store, opened: OpenStore) -> None:
    add(opened, FULL)
    with pytest.raises(StoreExists):
        store.create("Other", "Eve", "", Role.ADMINISTRATOR, PASSWORD)
    assert numbers(opened, "") == ["A-17"]


@pytest.mark.parametrize(
    ("user", "password"),
    [("Nora", "wrong password"), ("Eve", PASSWORD), ("Nora", ""), ("", ""), ("Nora", "\ud800")],
)
def test_unknown_user_and_wrong_password_read_the_same(
    store: Store, opened: OpenStore, user: str, password: str
) -> None:
    with pytest.raises(SignInFailed) as refused:
        store.open(user, password)
    assert refused.value.message == "The user name or the password is wrong."


def test_user_name_without_regard_to_case(store: Store, opened: OpenStore) -> None:
    again = store.open("nORA", PASSWORD)
    assert again.user.name == "Nora"
    again.close()


def test_second_user_signs_in_with_own_password(store: Store, opened: OpenStore) -> None:
    tess = User("tess", Role.TECHNICIAN, "Tess")
    with opened.transaction() as records:
        records.add_user(tess, "another password")
    add(opened, FULL)
    theirs = store.open("tess", "another password")
    assert theirs.user == tess
    assert numbers(theirs, "") == ["A-17"]
    with theirs.transaction() as records:
        assert records.users() == [opened.user, tess]
    theirs.close()
    with pytest.raises(SignInFailed):
        store.open("tess", PASSWORD)
    with pytest.raises(SignInFailed):
        store.open("Nora", "another password")


def test_user_names_are_unique(store: Store, opened: OpenStore) -> None:
    with pytest.raises(UserExists), opened.transaction() as records:
        records.add_user(User("NORA", Role.TECHNICIAN), "another password")
    store.open("Nora", PASSWORD).close()


def test_account_taken_back_with_its_transaction(store: Store, opened: OpenStore) -> None:
    with pytest.raises(KeyError), opened.transaction() as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
        raise KeyError
    with pytest.raises(SignInFailed):
        store.open("tess", "another password")
    with opened.transaction() as records:
        records.add_user(User("tess", Role.TECHNICIAN), "a third password")
    store.open("tess", "a third password").close()


def test_patient_comes_back_whole(store: Store, opened: OpenStore) -> None:
    with opened.transaction() as records:
        assert records.add_patient(FULL) == replace(FULL, version=1)
    opened.close()
    again = store.open("Nora", PASSWORD)
    with again.transaction() as records:
        assert records.find_patient("A-17") == replace(FULL, version=1)
        assert records.find_patient("a-17") is None
    again.close()


def test_patient_numbers_are_unique(opened: OpenStore) -> None:
    add(opened, FULL)
    with pytest.raises(PatientExists), opened.transaction() as records:
        records.add_patient(Patient("A-17", "Other"))
    with opened.transaction() as records:
        assert records.find_patient("A-17") == replace(FULL, version=1)


def test_changes_count_up_and_can_be_searched(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction() as records:
        changed = records.change_patient(replace(FULL, family_name="Bohr", version=1))
        assert changed == replace(FULL, family_name="Bohr", version=2)
    assert numbers(opened, "bohr") == ["A-17"]
    assert numbers(opened, "ørsted") == []


def test_stale_change_is_refused_and_the_other_kept(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction() as records:
        records.change_patient(replace(FULL, phone="1111", version=1))
    with pytest.raises(StoreConflict), opened.transaction() as records:
        records.change_patient(replace(FULL, phone="2222", version=1))
    with opened.transaction() as records:
        kept = records.find_patient("A-17")
    assert kept == replace(FULL, phone="1111", version=2)


def test_unknown_patient(opened: OpenStore) -> None:
    with opened.transaction() as records:
        assert records.find_patient("none") is None
        assert records.exams("none") == []
        with pytest.raises(PatientUnknown):
            records.change_patient(Patient("none"))
        with pytest.raises(PatientUnknown):
            records.save_photograph("none", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY)


def test_failed_transaction_changes_nothing(opened: OpenStore) -> None:
    with pytest.raises(KeyError), opened.transaction() as records:
        records.add_patient(FULL)
        records.save_photograph("A-17", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY)
        raise KeyError
    with opened.transaction() as records:
        assert records.find_patient("A-17") is None
        assert records.count_patients("") == 0


def test_photograph_comes_back_whole(store: Store, opened: OpenStore) -> None:
    add(opened, FULL)
    data = bytes(range(256)) * 40
    result = referred(data)
    with opened.transaction() as records:
        saved = records.save_photograph(
            "A-17", Laterality.OS, data, result, recorded_at=MONDAY, is_drawing=True
        )
    opened.close()
    again = store.open("Nora", PASSWORD)
    with again.transaction() as records:
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
    with opened.transaction() as records:
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
    with pytest.raises(ValueError, match="another photograph"), opened.transaction() as records:
        records.save_photograph("A-17", Laterality.OD, b"a", referred(b"b"), recorded_at=MONDAY)
    with pytest.raises(ValueError, match="time zone"), opened.transaction() as records:
        records.save_photograph(
            "A-17", Laterality.OD, b"a", referred(b"a"), recorded_at=datetime(2026, 1, 1)
        )


def test_unknown_photograph(opened: OpenStore) -> None:
    with opened.transaction() as records:
        assert records.find_photograph("nothing") is None
        with pytest.raises(StoreDamaged):
            records.photograph_bytes("nothing")


def test_one_exam_a_day_newest_first(opened: OpenStore) -> None:
    add(opened, FULL, Patient("B"))
    moments = [MONDAY, MONDAY + timedelta(hours=2), MONDAY + timedelta(days=9), MONDAY]
    with opened.transaction() as records:
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
    with opened.transaction() as records:
        saved = records.save_photograph(
            "A-17", Laterality.OD, b"x", referred(b"x"), recorded_at=auckland
        )
        (exam,) = records.exams("A-17")
    assert exam.day == date(2026, 3, 3)
    assert saved.taken == auckland
    assert saved.taken.tzinfo is UTC


def test_patient_list_newest_exam_first_then_by_number(opened: OpenStore) -> None:
    add(opened, *(Patient(mrn) for mrn in ("d", "c", "b", "a")))
    later = MONDAY + timedelta(days=1)
    with opened.transaction() as records:
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
    with opened.transaction() as records:
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


def test_closed_store_gives_nothing(opened: OpenStore) -> None:
    opened.close()
    opened.close()
    with pytest.raises(StoreError), opened.transaction():
        pass


def test_threads_share_a_store(opened: OpenStore) -> None:
    """Each reads the count and adds one patient more: together they must not lose any."""

    def work() -> None:
        for _ in range(8):
            with opened.transaction() as records:
                records.add_patient(Patient(f"{records.count_patients('')}"))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work), pool.submit(work)]:
            done.result(30)
    assert sorted(map(int, numbers(opened, ""))) == list(range(16))


def test_erased_patient_is_gone_and_others_stay(opened: OpenStore) -> None:
    add(opened, FULL, Patient("B"))
    with opened.transaction() as records:
        mine = records.save_photograph(
            "A-17", Laterality.OD, b"a", referred(b"a"), recorded_at=MONDAY
        )
        other = records.save_photograph(
            "B", Laterality.OD, b"b", referred(b"b"), recorded_at=MONDAY
        )
    with opened.transaction() as records:
        assert records.erase_patient("A-17") == 1
        with pytest.raises(PatientUnknown):
            records.erase_patient("A-17")
    with opened.transaction() as records:
        assert records.find_photograph(mine.id) is None
        assert records.exams("A-17") == []
        assert records.photograph_bytes(other.id) == b"b"
    assert numbers(opened, "") == ["B"]


def test_patient_without_photographs_can_be_erased(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction() as records:
        assert records.erase_patient("A-17") == 0
    assert numbers(opened, "") == []


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
    with opened.transaction() as records:
        assert [row.patient.mrn for row in records.similar_patients(typed, 10)] == expected


def test_review_queue_gravest_first_then_newest(opened: OpenStore) -> None:
    add(opened, *(Patient(mrn) for mrn in "abcd"))
    later = MONDAY + timedelta(days=3)
    with opened.transaction() as records:
        for mrn, moment, result in (
            ("a", MONDAY, referred(b"1", Decision.REFER)),
            ("b", MONDAY, referred(b"1", Decision.REFER_URGENT)),
            ("c", later, referred(b"1", Decision.REFER)),
            ("d", later, ungradable(b"1")),
        ):
            records.save_photograph(mrn, Laterality.OD, b"1", result, recorded_at=moment)
    with opened.transaction() as records:
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
    with opened.transaction() as records:
        assert [exam.patient.mrn for exam in records.exams_to_review(0, 10)] == ["c", "a"]
        # A new photograph wants to be looked at, and makes the exam as grave as it is.
        records.save_photograph(
            "d", Laterality.OS, b"2", referred(b"2", Decision.REFER_URGENT), recorded_at=later
        )
    with opened.transaction() as records:
        queue = records.exams_to_review(0, 10)
        assert [exam.patient.mrn for exam in queue] == ["d", "c", "a"]
        assert queue[0].outcome is Outcome.REFER_URGENT


# --- people ----------------------------------------------------------------------------------


def test_new_password_and_role_hold(store: Store, opened: OpenStore) -> None:
    with opened.transaction() as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
        records.set_password("TESS", "a third password")
        records.set_role("Tess", Role.CLINICIAN)
        assert records.is_password("tess", "a third password")
        assert not records.is_password("tess", "another password")
    with pytest.raises(SignInFailed):
        store.open("tess", "another password")
    theirs = store.open("tess", "a third password")
    assert theirs.user.role is Role.CLINICIAN
    theirs.close()
    with pytest.raises(UserUnknown), opened.transaction() as records:
        records.set_role("nobody", Role.CLINICIAN)


def test_removal_and_another_role_hold_in_windows_that_are_open(
    store: Store, opened: OpenStore
) -> None:
    with opened.transaction() as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
    theirs = store.open("tess", "another password")
    with opened.transaction() as records:
        records.set_role("tess", Role.CLINICIAN)
    with theirs.transaction():
        pass
    assert theirs.user.role is Role.CLINICIAN
    with opened.transaction() as records:
        records.remove_user("tess")
    with pytest.raises(AccountRemoved), theirs.transaction():
        pass
    theirs.close()
    with pytest.raises(UserExists), opened.transaction() as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")


def test_recovery_code_opens(store: Store, opened: OpenStore) -> None:
    with opened.transaction() as records:
        records.set_recovery_code("AAAAA-BBBBB")
    with pytest.raises(SignInFailed):
        store.recover("AAAAA-CCCCC", "Nora", "a third password")
    store.recover("AAAAA-BBBBB", "Nora", "a third password").close()
    store.open("Nora", "a third password").close()


def test_events_come_in_order_and_name_no_patient(opened: OpenStore) -> None:
    add(opened, FULL)
    with opened.transaction() as records:
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


def test_idle_minutes_are_kept(store: Store, opened: OpenStore) -> None:
    with opened.transaction() as records:
        assert records.idle_minutes() == 10
        records.set_idle_minutes(3)
    again = store.open("Nora", PASSWORD)
    with again.transaction() as records:
        assert records.idle_minutes() == 3
    again.close()
