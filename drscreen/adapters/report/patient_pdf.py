"""One patient's record as PDF, for the patient."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image as PillowImage

from drscreen.adapters.report.paper import Paper
from drscreen.domain.export import NOTICE, PatientExport
from drscreen.domain.grading import Grade
from drscreen.domain.image import RgbImage
from drscreen.domain.notice import Notice
from drscreen.domain.patient import Exam, PhotographRecord

_SIDE = 480
_WIDTH = 42.0


class PdfPatientReport:
    """`drscreen.domain.ports.PatientReport`, in the patient's script. Any thread.

    `fonts` is the folder of the font files. A letter that none of them has shows as an empty box;
    the JSON beside the PDF has every letter.
    """

    def __init__(self, fonts: Path) -> None:
        self._fonts = fonts

    def small_picture(self, image: RgbImage) -> bytes:
        """A photograph small enough for a page, as JPEG."""
        small = PillowImage.frombytes("RGB", (image.width, image.height), image.pixels)
        small.thumbnail((_SIDE, _SIDE))
        written = io.BytesIO()
        small.save(written, "JPEG", quality=85)
        return written.getvalue()

    def render(self, export: PatientExport, pictures: Mapping[str, bytes]) -> bytes:
        """The PDF's bytes, A4. `pictures` by photograph id, as `small_picture` gives them."""
        paper = Paper(self._fonts, title="Patient record", author=export.clinic, foot=NOTICE)
        _head(paper, export)
        for exam in export.exams:
            _exam(paper, exam, pictures)
        if not export.exams:
            paper.text("No photographs were recorded.", before=3)
        _notices(paper, export.notices)
        return paper.content()


def _head(paper: Paper, export: PatientExport) -> None:
    patient = export.patient
    paper.text(export.clinic)
    paper.text("What is recorded of you", 15, before=2)
    for name, value in (
        ("Patient number", patient.mrn),
        ("Name", patient.display_name),
        ("Birth date", patient.born),
        ("Sex", patient.sex.value),
        ("Phone", patient.phone),
        ("E-mail", patient.email),
        ("Language", patient.language),
        ("Agreed to be told by", ", ".join(sorted(c.value for c in patient.consent))),
        ("Printed", f"{export.exported:%Y-%m-%d %H:%M}"),
    ):
        paper.field(name, value or "-")


def _exam(paper: Paper, exam: Exam, pictures: Mapping[str, bytes]) -> None:
    outcome = exam.outcome.value.replace("_", " ")
    paper.text(f"Exam of {exam.day.isoformat()}: {outcome}", 11, before=4)
    for photograph in exam.photographs:
        paper.beside_picture(pictures.get(photograph.id, b""), _result(photograph), _WIDTH)


def _result(photograph: PhotographRecord) -> list[str]:
    eye = {"OD": "Right eye (OD)", "OS": "Left eye (OS)"}[photograph.eye.value]
    grading = photograph.grading
    if grading is None:
        reasons = ", ".join(r.value.replace("_", " ") for r in photograph.quality.reasons)
        found = f"Could not be graded: {reasons}"
    else:
        grade = Grade(grading.grade)
        found = (
            f"Grade {int(grade)} of 4, {grade.title}; "
            f"probability that it needs a referral: {grading.referable_probability:.2f}"
        )
    return [
        eye + (", a drawing, of nobody's eye" if photograph.is_drawing else ""),
        found,
        f"Decision: {photograph.decision.value.replace('_', ' ')}",
        f"Network: {photograph.model.title}",
        f"Recorded {photograph.taken:%Y-%m-%d %H:%M} UTC by {photograph.recorded_by}",
    ]


def _notices(paper: Paper, notices: tuple[Notice, ...]) -> None:
    if not notices:
        return
    paper.text("Messages to you", 11, before=4)
    for notice in notices:
        purpose = notice.purpose.value.replace("_", " ")
        paper.text(
            f"{notice.channel.value} to {notice.address or '-'}: {purpose}, "
            f"{notice.state.value}, {notice.changed:%Y-%m-%d %H:%M} UTC",
            before=2,
        )
        for part in filter(None, (notice.subject, notice.body)):
            paper.text(part)
