"""The result of one photograph: grade, decision, probabilities, quality, network."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from drscreen.domain.grading import Grade, Grading, OperatingPoint
from drscreen.domain.patient import PhotographRecord
from drscreen.qt import wording
from drscreen.qt.views.parts import label
from drscreen.qt.views.probability import ProbabilityBar
from drscreen.qt.views.severity import ToneLabel
from drscreen.qt.views.theme import Theme
from drscreen.qt.wording import Tone


class ResultPanel(QScrollArea):
    """What was recorded of the photograph that is shown."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Result"))
        self._hint = label(self.tr("The result of the selected photograph appears here."), "muted")
        self._hint.setWordWrap(True)
        self.grade = ToneLabel(theme, large=True)
        self.decision = ToneLabel(theme)
        self.eye = label("", "section")
        self._sentence = label("", wraps=True)
        self._drawing = label(self.tr("Drawing, not a photograph"))
        self._drawing.setObjectName("drawing")
        self.tips = label("", wraps=True)
        self._referral = label(self.tr("Referral"), "section")
        self.referable = ProbabilityBar(theme, self.tr("Referable"))
        self.threatening = ProbabilityBar(theme, self.tr("Vision-threatening"))
        self._thresholds = label("", "muted", wraps=True)
        self._grades = label(self.tr("Grades"), "section")
        self.bars = [
            ProbabilityBar(theme, wording.grade_title(grade), Tone(f"grade_{int(grade)}"))
            for grade in Grade
        ]
        self.about = label("", "muted", wraps=True)
        self._research = label(
            self.tr("Research use, not a cleared device. A clinician confirms every result."),
            "muted",
            wraps=True,
        )
        inside = QWidget()
        inside.setObjectName("column")
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        column.addWidget(self._hint)
        first = (self.eye, self.grade, self.decision, self._sentence, self._drawing, self.tips)
        referral = (self._referral, self.referable, self.threatening, self._thresholds)
        last = (self.about, self._research)
        for group in (first, referral, (self._grades, *self.bars), last):
            for widget in group:
                column.addWidget(widget)
            column.addSpacing(8)
        column.addStretch()
        self.setWidget(inside)
        self._all = [*first, *referral, self._grades, *self.bars, *last]
        self.clear()

    def clear(self) -> None:
        """Nothing is selected."""
        for widget in self._all:
            widget.hide()
        self._hint.show()

    def show_record(self, record: PhotographRecord) -> None:
        """Show a recorded result, with the thresholds it was decided by."""
        for widget in self._all:
            widget.show()
        self._hint.hide()
        self.eye.setText(wording.eye_text(record.eye))
        self.grade.set_tone(wording.grade_tone(record.grading), wording.grade_text(record.grading))
        self.decision.set_tone(
            wording.decision_tone(record.decision), wording.decision_text(record.decision)
        )
        self._sentence.setText(wording.decision_sentence(record.decision))
        self._drawing.setVisible(record.is_drawing)
        reasons = record.quality.reasons
        self.tips.setText("\n\n".join(wording.tip_text(reason) for reason in reasons))
        self.tips.setVisible(bool(reasons))
        self._show_probabilities(record.grading, record.operating_point)
        self.about.setText(self._about_words(record))

    def _show_probabilities(self, grading: Grading | None, point: OperatingPoint) -> None:
        graded = grading is not None
        referral = (self._referral, self.referable, self.threatening, self._thresholds)
        for widget in (*referral, self._grades, *self.bars):
            widget.setVisible(graded)
        if grading is None:
            return
        self.referable.set_value(grading.referable_probability, point.referable)
        self.threatening.set_value(grading.vision_threatening_probability, point.vision_threatening)
        for bar, probability in zip(self.bars, grading.probabilities, strict=True):
            bar.set_value(probability)
        self._thresholds.setText(
            self.tr("Thresholds: referable from {0}, urgent from {1}").format(
                wording.percent_text(point.referable),
                wording.percent_text(point.vision_threatening),
            )
        )

    def _about_words(self, record: PhotographRecord) -> str:
        lines = [
            self.tr("Quality {0}").format(wording.percent_text(record.quality.score)),
            self.tr("{0} × {1} pixels").format(record.width, record.height),
            wording.network_text(record.model),
            self.tr("Screened {0}, {1}, by {2}").format(
                wording.day_text(record.taken.astimezone().date()),
                wording.time_text(record.taken),
                record.recorded_by,
            ),
        ]
        return "\n".join(lines)
