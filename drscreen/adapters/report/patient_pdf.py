"""One patient's record as PDF, for the patient."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as PillowImage
from PIL import UnidentifiedImageError
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

from drscreen.domain.export import NOTICE, PatientExport
from drscreen.domain.grading import Grade
from drscreen.domain.patient import Exam, PhotographRecord

_FONT = "DejaVuSans"
_SIDE = 480
_WIDTH = 42 * mm
_MARGIN = 18 * mm


class PdfPatientReport:
    """`drscreen.domain.ports.PatientReport`. `font` is a TrueType file; a letter that it lacks
    shows as an empty box, the JSON beside it has every letter. Any thread.
    """

    def __init__(self, font: Path) -> None:
        if _FONT not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(_FONT, str(font)))
        self._text = ParagraphStyle("text", fontName=_FONT, fontSize=9, leading=13)
        self._title = ParagraphStyle("title", parent=self._text, fontSize=15, leading=22)
        self._heading = ParagraphStyle(
            "heading", parent=self._text, fontSize=11, leading=17, spaceBefore=10
        )

    def small_picture(self, data: bytes) -> bytes:
        """A photograph small enough for a page, as JPEG; empty where it does not decode."""
        try:
            with PillowImage.open(io.BytesIO(data)) as picture:
                picture.draft("RGB", (_SIDE, _SIDE))
                small = picture.convert("RGB")
            small.thumbnail((_SIDE, _SIDE))
            written = io.BytesIO()
            small.save(written, "JPEG", quality=85)
            return written.getvalue()
        except (OSError, UnidentifiedImageError, ValueError):
            return b""

    def render(self, export: PatientExport, pictures: Mapping[str, bytes]) -> bytes:
        """The PDF's bytes, A4. `pictures` by photograph id, as `small_picture` gives them."""
        written = io.BytesIO()
        document = SimpleDocTemplate(
            written,
            pagesize=A4,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=_MARGIN,
            title="Patient record",
            author=export.clinic,
        )
        story = [*self._head(export)]
        for exam in export.exams:
            story += self._exam(exam, pictures)
        if not export.exams:
            story.append(self._paragraph("No photographs were recorded."))
        story += self._notices(export)
        document.build(story, onFirstPage=_foot, onLaterPages=_foot)
        return written.getvalue()

    def _head(self, export: PatientExport) -> Iterator[Any]:
        patient = export.patient
        yield self._paragraph(export.clinic, self._text)
        yield self._paragraph("What is recorded of you", self._title)
        rows = [
            ("Patient number", patient.mrn),
            ("Name", patient.display_name),
            ("Birth date", patient.birth_date.isoformat() if patient.birth_date else ""),
            ("Sex", patient.sex.value),
            ("Phone", patient.phone),
            ("E-mail", patient.email),
            ("Language", patient.language),
            ("Agreed to be told by", ", ".join(sorted(c.value for c in patient.consent))),
            ("Printed", f"{export.exported:%Y-%m-%d %H:%M}"),
        ]
        cells = [[self._paragraph(name), self._paragraph(value or "-")] for name, value in rows]
        yield Table(cells, colWidths=[45 * mm, None], hAlign="LEFT")

    def _exam(self, exam: Exam, pictures: Mapping[str, bytes]) -> list[Any]:
        outcome = exam.outcome.value.replace("_", " ")
        heading = self._paragraph(f"Exam of {exam.day.isoformat()}: {outcome}", self._heading)
        parts: list[Any] = [heading]
        for photograph in exam.photographs:
            row = [[_picture(pictures.get(photograph.id, b"")), self._result(photograph)]]
            style = [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.4, colors.lightgrey),
            ]
            parts.append(KeepTogether(Table(row, colWidths=[_WIDTH + 4 * mm, None], style=style)))
        return parts

    def _notices(self, export: PatientExport) -> Iterator[Any]:
        if not export.notices:
            return
        yield self._paragraph("Messages to you", self._heading)
        for notice in export.notices:
            purpose = notice.purpose.value.replace("_", " ")
            lines = [
                f"{notice.channel.value} to {notice.address or '-'}: {purpose}, "
                f"{notice.state.value}, {notice.changed:%Y-%m-%d %H:%M} UTC",
                *filter(None, (notice.subject, *notice.body.splitlines())),
            ]
            yield Paragraph("<br/>".join(map(escape, lines)), self._text)
            yield Spacer(1, 2 * mm)

    def _result(self, photograph: PhotographRecord) -> Paragraph:
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
        lines = [
            eye + (", a drawing, of nobody's eye" if photograph.is_drawing else ""),
            found,
            f"Decision: {photograph.decision.value.replace('_', ' ')}",
            f"Network: {photograph.model.name} {photograph.model.version}",
            f"Recorded {photograph.taken:%Y-%m-%d %H:%M} UTC by {photograph.recorded_by}",
        ]
        return Paragraph("<br/>".join(map(escape, lines)), self._text)

    def _paragraph(self, text: str, style: ParagraphStyle | None = None) -> Paragraph:
        return Paragraph(escape(text), style or self._text)


def _picture(data: bytes) -> Any:
    if not data:
        return Spacer(_WIDTH, 1)
    picture = Image(io.BytesIO(data))
    scale = _WIDTH / picture.imageWidth
    picture.drawWidth, picture.drawHeight = _WIDTH, picture.imageHeight * scale
    return picture


def _foot(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont(_FONT, 7.5)
    canvas.drawString(_MARGIN, 10 * mm, NOTICE)
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(document.page))
    canvas.restoreState()
