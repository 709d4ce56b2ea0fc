from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pypdfium2 import PdfDocument
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from drscreen.adapters.report.patient_pdf import PdfPatientReport
from drscreen.adapters.system import paths
from drscreen.domain.export import NOTICE, PatientExport
from drscreen.domain.image import Laterality, RgbImage
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.outbox import DRAFT
from tests.adapters.store.samples import MONDAY, referred, ungradable
from tests.fakes.store import FakeStore


@pytest.fixture(scope="module")
def report() -> PdfPatientReport:
    return PdfPatientReport(paths.resources() / "fonts")


def export() -> PatientExport:
    store = FakeStore.opened()
    patient = Patient("A<17>&", "Ørsted & Sønner", "Ада")
    with store.transaction(Action.EDIT_PATIENTS) as records:
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
    """The text of each page, as a reader finds it."""
    with PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def drawn(pdf: bytes) -> int:
    """How many pictures stand on its pages."""
    with PdfDocument(pdf) as document:
        return sum(len(list(page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE]))) for page in document)


def test_messages_fill_pages_of_their_own_and_break_nothing(report: PdfPatientReport) -> None:
    made = export()
    store = FakeStore.opened()
    with store.transaction(Action.EDIT_PATIENTS) as records:
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
    small = report.small_picture(RgbImage(900, 700, bytes((160, 60, 20)) * (900 * 700)))
    assert len(small) < 40_000
    pictures = {photograph.id: small for photograph in made.photographs}
    pdf = report.render(made, pictures)
    assert pdf.startswith(b"%PDF-")
    read = pages(pdf)
    assert len(read) >= 2
    assert drawn(pdf) == 9
    assert all(page.count(NOTICE) == 1 for page in read)


def test_photograph_that_does_not_decode_and_patient_without_any(report: PdfPatientReport) -> None:
    made = export()
    assert report.render(made, {}).startswith(b"%PDF-")
    assert report.render(replace(made, exams=()), {}).startswith(b"%PDF-")


def test_a_message_is_whole_though_a_page_ends_in_it(report: PdfPatientReport) -> None:
    made = export()
    store = FakeStore.opened()
    with store.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(made.patient)
        for n in range(12):
            body = "\n".join(f"கண் பரிசோதனை {n}-{line}" for line in range(9))
            records.notices.queue(replace(DRAFT, mrn=made.patient.mrn, about=f"{n}", body=body))
        notices = tuple(records.notices.of_patient(made.patient.mrn, 100))
    read = pages(report.render(replace(made, notices=notices), {}))
    for n in range(12):
        for line in range(9):
            assert sum(f"கண் பரிசோதனை {n}-{line}" in page for page in read) == 1


@pytest.mark.parametrize("name", ["Nguyễn <b>Thị</b> & Hằng", "A" * 400, "आशा " * 60])
def test_names_are_data_and_fit(report: PdfPatientReport, name: str) -> None:
    made = export()
    patient = replace(made.patient, family_name=name, given_name="")
    read = "".join(pages(report.render(replace(made, patient=patient), {})))
    assert "".join(name.split()) in "".join(read.split())
