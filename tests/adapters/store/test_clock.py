"""A clock that goes backwards, or jumps: nothing is refused, nothing is sorted wrongly for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from drscreen.adapters.store.store import SqlCipherStore
from drscreen.domain.audit import Alarm
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role
from tests.adapters.store.samples import CHEAP, MONDAY, PASSWORD, PATIENT, referred


def test_clock_that_goes_backwards(tmp_path: Path) -> None:
    moments = [MONDAY]

    def now() -> datetime:
        moments.append(moments[-1] - timedelta(hours=7))
        return moments[-1]

    store = SqlCipherStore(tmp_path, cost=CHEAP, now=now, patience=PATIENT)
    store.create("Hilltop Clinic", "Nora", "", Role.ADMINISTRATOR, PASSWORD)
    saved = []
    for n in range(6):
        opened = store.open("Nora", PASSWORD)
        assert {one.details["alarm"] for one in opened.alarms} == {Alarm.CLOCK_SET_BACK}
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(Patient(str(n)))
            saved.append(
                records.save_photograph(
                    str(n), Laterality.OD, b"x%d" % n, referred(b"x%d" % n), recorded_at=now()
                ).id
            )
        opened.close()
    opened = store.open("Nora", PASSWORD)
    assert len(moments) > 20
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert [records.photograph_bytes(one) for one in saved] == [b"x%d" % n for n in range(6)]
        assert len(records.search_patients("", 0, 10)) == 6
        days = [exam.day for exam in records.exams_to_review(0, 10)]
    assert days == sorted(days, reverse=True)
    report = opened.verify_audit()
    assert report.faults == 0
    assert report.events >= 20
    assert report.set_back
    assert report.intact, "the chain holds, the clock did not"
    opened.close()


def test_step_back_is_said_when_it_happens_and_named_when_the_chain_is_verified(
    tmp_path: Path,
) -> None:
    moments = [MONDAY]
    store = SqlCipherStore(tmp_path, cost=CHEAP, now=lambda: moments[-1], patience=PATIENT)
    store.create("Hilltop Clinic", "Nora", "", Role.ADMINISTRATOR, PASSWORD)
    opened = store.open("Nora", PASSWORD)
    moments.append(MONDAY - timedelta(minutes=1))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("1"))
    assert opened.verify_audit().set_back == (), "clocks are set right by seconds"
    moments.append(MONDAY - timedelta(days=2))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("2"))
        records.add_patient(Patient("3"))
        last = records.audit_events(0, 100)[-3:]
    assert [event.kind for event in last] == ["alarm", "created", "created"]
    assert last[0].details["alarm"] == Alarm.CLOCK_SET_BACK
    assert int(last[0].details["seconds"]) == 2 * 24 * 3600 - 60
    assert opened.verify_audit().set_back == (last[0].sequence,)
    opened.close()
    opened = store.open("Nora", PASSWORD)
    assert [one.details["alarm"] for one in opened.alarms] == [Alarm.CLOCK_SET_BACK]
    opened.close()
