"""A clock that goes backwards, or jumps: nothing is refused, nothing is sorted wrongly for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from drscreen.adapters.store.store import SqlCipherStore
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.sign_in import Patience
from drscreen.domain.users import Role
from tests.adapters.store.samples import CHEAP, MONDAY, PASSWORD, referred


def test_clock_that_goes_backwards(tmp_path: Path) -> None:
    moments = [MONDAY]

    def now() -> datetime:
        moments.append(moments[-1] - timedelta(hours=7))
        return moments[-1]

    store = SqlCipherStore(tmp_path, cost=CHEAP, now=now, patience=Patience(free=10**6))
    store.create("Hilltop Clinic", "Nora", "", Role.ADMINISTRATOR, PASSWORD)
    saved = []
    for n in range(6):
        opened = store.open("Nora", PASSWORD)
        assert opened.alarms == ()
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
    opened.close()
