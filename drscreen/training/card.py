"""The model card: what was measured, on whom, with intervals, and what that does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drscreen.domain.grading import Grade
from drscreen.training.calibration import SENSITIVITY_TARGET, Calibration
from drscreen.training.evaluation import Evaluation
from drscreen.training.metrics import RESAMPLES, Estimate
from drscreen.training.trainer import TrainingPlan


def shown(estimate: Estimate, digits: int = 3) -> str:
    """``0.861 (0.812 to 0.905)``; a dash where the data do not determine the figure."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "-"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def model_card(
    name: str,
    version: str,
    *,
    plan: TrainingPlan,
    calibration: Calibration,
    evaluation: Evaluation,
    provenance: Mapping[str, Any],
    agreement: Mapping[str, float],
) -> str:
    """Markdown. Every figure is of the held-out patients."""
    trained, held_out = provenance["trained_on"], provenance["held_out"]
    sources = ", ".join(source["name"] for source in provenance["sources"])
    start = _started_from(provenance["start"])
    point = calibration.operating_point
    figures = [
        ("AUC, referable (grade 2 and above)", evaluation.auc_referable),
        ("AUC, vision-threatening (grade 3 and above)", evaluation.auc_vision_threatening),
        ("Quadratic weighted kappa", evaluation.kappa),
        ("Sensitivity, referable, at the operating point", evaluation.sensitivity),
        ("Specificity, referable, at the operating point", evaluation.specificity),
        ("Expected calibration error, referable", evaluation.calibration_error),
        ("Share sent to a human grader", evaluation.human_review_rate),
    ]
    table = "\n".join(f"| {label} | {shown(estimate)} |" for label, estimate in figures)
    header = "| reader \\ program | " + " | ".join(str(int(g)) for g in Grade) + " |"
    confusion = "\n".join(
        f"| {grade} | " + " | ".join(str(n) for n in row) + " |"
        for grade, row in enumerate(evaluation.confusion)
    )
    return f"""# {name} {version}

**Research use, not a cleared medical device. A clinician confirms every result.**

Grades one colour fundus photograph of one eye on the ICDR scale, 0 to 4.

| | |
|---|---|
| Architecture | torchvision {plan.architecture}, five-grade head |
| Input | {plan.size} x {plan.size} pixels: field of view cropped and squared, RGB |
| Start | {start} |
| Trained on | {_people(trained)} |
| Measured on | {_people(held_out)}, none of them trained on |
| Sources | {sources} |
| Weights | 8 bits per output channel; on the held-out photographs the grade is that of full \
precision in {agreement["quantised_grade"]:.2%}, the referable call in \
{agreement["quantised_referable"]:.2%} |
| bf16 | grade as in fp32 in {agreement["bf16_grade"]:.2%}, referable call in \
{agreement["bf16_referable"]:.2%}; used from 99.5% of both on |
| Temperature | {calibration.temperature:.3f} |
| Operating point | referable from {point.referable:.3f}; human review from \
{point.abstain_low:.3f} to {point.abstain_high:.3f}; urgent from {point.vision_threatening:.2f} \
vision-threatening |

## Figures

Photographs of patients held out of training; 95% intervals from {RESAMPLES} bootstrap resamples of
patients. Temperature and threshold (chosen for {SENSITIVITY_TARGET:.0%} sensitivity) of each half
of these patients were fitted on the other half; the ones in this bundle are fitted on both.

| | value (95% interval) |
|---|---|
{table}

{header}
|---|---|---|---|---|---|
{confusion}

## Data and method

Grades are of one reader per photograph and are noisy. Photographs that their publisher labelled
ungradable were left out of training and of the figures. The split is by patient, stratified by the
worse eye's grade, seed {plan.seed}. {plan.epochs} passes at {plan.size} pixels, ordinal loss, \
turns, mirror images and
changes of light as augmentation; sampling by grade count to the power of -{plan.balance}, \
corrected for
in the head's bias.

Grades trained on (0 to 4): {trained["grades"]}. Grades measured on: {held_out["grades"]}.

## Known weaknesses

{_called_in_vain(evaluation.specificity)}{_looked_at_before(provenance["start"])}\
- Few eyes of grade 3 and 4 stand behind the figures; their intervals are wide for that reason.
- One programme's cameras and patients; other cameras, ethnic groups and settings were not measured.
- Macular oedema is not looked for; diseases other than diabetic retinopathy are not recognised.
- A missed referable eye is possible at every threshold.
"""


def _started_from(start: Mapping[str, Any] | None) -> str:
    """The road back to the first weights, newest piece first."""
    if start is None:
        return "random weights"
    before = start.get("provenance")
    if before is None:
        return str(start["file"])
    sources = ", ".join(source["name"] for source in before["sources"])
    plan = before["plan"]
    return (
        f"an earlier bundle ({_people(before['trained_on'])} of {sources}, {plan['epochs']} passes "
        f"at {plan['size']} pixels), itself from {_started_from(before['start'])}"
    )


def _called_in_vain(specificity: Estimate) -> str:
    """The price of the operating point, in plain words."""
    if specificity.value is None:
        return ""
    wrongly = round(100 * (1 - specificity.value))
    return (
        f"- At the operating point {wrongly} of 100 eyes without referable disease are called "
        "referable as well.\n"
    )


def _looked_at_before(start: Mapping[str, Any] | None) -> str:
    """A training in pieces is steered by the figures of the pieces before; say so."""
    if start is None or "provenance" not in start:
        return ""
    return (
        "- Earlier pieces of this training were measured on held-out patients too, and the road "
        "was\n  chosen knowing those figures. So the ones above are somewhat favourable; patients "
        "that\n  nobody looked at before are still to be measured.\n"
    )


def _people(mix: Mapping[str, Any]) -> str:
    return f"{mix['photographs']} photographs of {mix['patients']} patients"
