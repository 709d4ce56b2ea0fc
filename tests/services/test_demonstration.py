from __future__ import annotations

import json
from pathlib import Path

from drscreen.domain.image import Laterality
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role
from drscreen.services.accounts import AccountsService
from drscreen.services.demonstration import (
    CLINIC,
    PASSWORD,
    USER,
    open_demonstration,
    read_samples,
    screen_samples,
)
from drscreen.services.screening import ScreeningService
from tests.fakes.passwords import any_password
from tests.fakes.screening import PNG, FakeClock, FakeGate, FakePredictor, FakeReader
from tests.fakes.store import FakeStore
from tests.shared_data import ROOT


def test_the_demonstration_can_be_filled_again_without_doubling(tmp_path: Path) -> None:
    entries = []
    for number, eye in enumerate(("OD", "OS")):
        (tmp_path / f"{number}.png").write_bytes(PNG + bytes([number]))
        entries.append(
            {
                "file": f"{number}.png",
                "mrn": "DEMO-1",
                "family_name": "Drawing",
                "given_name": "One",
                "birth_date": "1970-01-01",
                "eye": eye,
            }
        )
    (tmp_path / "samples.json").write_text(json.dumps(entries))
    samples, accounts, clock = (
        read_samples(tmp_path),
        AccountsService(FakeStore(), any_password),
        FakeClock(),
    )
    for _ in range(2):
        store = open_demonstration(accounts)
        screening = ScreeningService(FakeReader(), FakeGate(), FakePredictor(), clock, store)
        assert len(screen_samples(samples, screening, store, clock)) == 2
    with store.transaction(Action.EDIT_PATIENTS) as records:
        (exam,) = records.exams("DEMO-1")
    assert len(exam.photographs) == 2
    assert all(photograph.is_drawing for photograph in exam.photographs)
    assert all(photograph.recorded_by == "demo" for photograph in exam.photographs)


def test_the_samples_that_come_with_drscreen_show_both_eyes() -> None:
    samples = read_samples(ROOT / "resources" / "samples")
    assert {sample.eye for sample in samples} == set(Laterality)
    assert all(sample.path.is_file() for sample in samples)


def test_demonstration_of_an_earlier_version_is_opened_and_gets_todays_password() -> None:
    store = FakeStore()
    store.create(CLINIC, USER, "", Role.ADMINISTRATOR, "demonstration")
    accounts = AccountsService(store, any_password)
    open_demonstration(accounts).close()
    accounts.sign_in(USER, PASSWORD).close()
