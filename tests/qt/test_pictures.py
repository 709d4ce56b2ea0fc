from __future__ import annotations

import io

import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from drscreen.adapters.system.clock import SystemClock
from drscreen.domain.errors import StoreDamaged
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.qt.controllers.pictures import THUMBNAIL_SIDE, thumbnail_of
from drscreen.services.records import RecordsService
from tests.adapters.store.samples import MONDAY, referred
from tests.fakes.store import FakeStore


def test_thumbnail_is_made_once_and_then_read(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    Image.new("RGB", (900, 600), (180, 60, 20)).save(written, "JPEG")
    data = written.getvalue()
    store = FakeStore.opened()
    with store.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(Patient("1"))
        photograph = records.save_photograph(
            "1", Laterality.OD, data, referred(data), recorded_at=MONDAY
        ).id
    service = RecordsService(store, SystemClock())
    first = thumbnail_of(service, photograph)

    def unread(_self: object, _id: str) -> bytes:
        raise StoreDamaged("the photograph was read again")

    monkeypatch.setattr(RecordsService, "photograph", unread)
    second = thumbnail_of(service, photograph)
    assert first.size() == second.size()
    assert first.width() == THUMBNAIL_SIDE
    assert second.pixelColor(50, 30).red() > 150
