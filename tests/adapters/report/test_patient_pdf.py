from __future__ import annotations

import io
import re
import zlib
from base64 import a85decode
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PIL import Image

from drscreen.adapters.report.patient_pdf import PdfPatientReport
from drscreen.adapters.system import paths
from drscreen.domain.export import NOTICE, PatientExport
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from tests.adapters.store.outbox import DRAFT
from tests.adapters.store.samples import MONDAY, referred, ungradable
from tests.fakes.store import FakeStore


@pytest.fixture(scope="module")
def report() -> PdfPatientReport:
    return PdfPatientReport(paths.resources() / "fonts" / "DejaVuSans.ttf")


def export() -> PatientExport:
    store = FakeStore.opened()
    patient = Patient("A<17>&", "Ørsted & Sønner", "Ада")
    with store.transaction() as records:
        records.add_patient(patient)
        for n in range(9):
            data = bytes([n])
            make = ungradable if n % 3 == 0 else referred
            records.save_photograph(
                patient.mrn, Laterality.OD, data, make(data), recorded_at=MONDAY
            )
        exams = tuple(records.exams(patient.mrn))
    return PatientExport("Hill <Clinic>", datetime(2026, 3, 3, tzinfo=UTC), patient, exams)


def pages(pdf: bytes) -> list[str]:
    """What is drawn on each page."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S)
    found = []
    for stream in streams:
        try:
            drawn = zlib.decompress(a85decode(stream.strip(), adobe=True))
        except (ValueError, zlib.error):
            continue
        if b" Tf" in drawn:
            found.append(drawn.decode("latin-1"))
    return found


def test_messages_fill_pages_of_their_own_and_break_nothing(report: PdfPatientReport) -> None:
    made = export()
    store = FakeStore.opened()
    with store.transaction() as records:
        records.add_patient(made.patient)
        for n in range(60):
            body = f"Call <b>{n}</b> & ask\nfor us."
            draft = replace(DRAFT, mrn=made.patient.mrn, about=f"{n}", body=body)
            records.notices.queue(draft)
        notices = tuple(records.notices.of_patient(made.patient.mrn, 100))
    without = pages(report.render(made, {}))
    assert len(pages(report.render(replace(made, notices=notices), {}))) > len(without)


def test_every_photograph_and_the_notice_on_every_page(report: PdfPatientReport) -> None:
    made = export()
    written = io.BytesIO()
    Image.new("RGB", (900, 700), (160, 60, 20)).save(written, "JPEG")
    small = report.small_picture(written.getvalue())
    assert len(small) < 40_000
    pictures = {photograph.id: small for photograph in made.photographs}
    pdf = report.render(made, pictures)
    assert pdf.startswith(b"%PDF-")
    drawn = pages(pdf)
    assert len(drawn) >= 2
    assert sum(page.count(" Do") for page in drawn) == 9
    assert all(page.count(f"({NOTICE})") == 1 for page in drawn)


def test_photograph_that_does_not_decode_and_patient_without_any(report: PdfPatientReport) -> None:
    assert report.small_picture(b"no picture") == b""
    made = export()
    assert report.render(made, {}).startswith(b"%PDF-")
    assert report.render(replace(made, exams=()), {}).startswith(b"%PDF-")
