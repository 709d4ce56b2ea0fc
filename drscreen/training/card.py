"""The model card: what was measured, on whom, with intervals, and what that does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.predictor import BF16_AGREEMENT
from drscreen.domain.grading import Grade
from drscreen.training.calibration import SENSITIVITY_TARGET
from drscreen.training.evaluation import FIGURES, Evaluation
from drscreen.training.measurement import Measurement
from drscreen.training.metrics import RESAMPLES, Estimate, shown
from drscreen.training.plan import TrainingPlan


def model_card(
    name: str,
    version: str,
    *,
    plan: TrainingPlan,
    measurement: Measurement,
    provenance: Mapping[str, Any],
    beside: Bundle | None = None,
) -> str:
    """Markdown. Every figure is of the held-out patients; `beside` is a bundle measured on the
    same ones, to compare with.
    """
    trained, held_out = provenance["trained_on"], provenance["held_out"]
    evaluation, agreement = measurement.evaluation, measurement.agreement
    point = measurement.calibration.operating_point
    return f"""# {name} {version}

**Research use, not a cleared medical device. A clinician confirms every result.**

Grades one colour fundus photograph of one eye on the ICDR scale, 0 to 4.

| | |
|---|---|
| Architecture | torchvision {plan.architecture}, five-grade head, lesion-map head on layer3 |
| Input | {plan.input.size} x {plan.input.size} pixels: field of view cropped and squared, RGB\
{", each channel's histogram flattened" if plan.equalise else ""} |
| Start | {_started_from(provenance["start"])} |
{_kept_of_start(provenance["keep_start"])}\
| Trained on | {_trained_on(provenance)} |
| Measured on | {_people(held_out)}, none of them trained on |
| Weights | 8 bits per output channel; on {agreement["photographs"]:.0f} of the held-out \
photographs the grade is that of full precision in {agreement["quantised_grade"]:.2%}, the \
referable call in {agreement["quantised_referable"]:.2%} |
| bf16 | {_in_bf16(agreement)} |
| Temperature | {measurement.calibration.temperature:.3f} |
| Operating point | referable from {point.referable:.3f}; human review from \
{point.abstain_low:.3f} to {point.abstain_high:.3f}; urgent from {point.vision_threatening:.2f} \
vision-threatening |

## Figures

Photographs of patients held out of training (out of fold {held_out["fold"]} of 4); 95% intervals
from {RESAMPLES} bootstrap resamples of patients. Temperature, threshold (chosen for \
{SENSITIVITY_TARGET:.0%} sensitivity) and
band of each half of these patients were fitted on the other half; the ones in this bundle are
fitted on both.

{_figures(measurement, beside)}

{_confusion(evaluation)}

## Data and method

Grades are of one reader per photograph and are noisy. Photographs that their publisher labelled
ungradable were left out of training and of the figures. The split is by patient, stratified by the
worse eye's grade, seed {plan.seed}. {_passes(asdict(plan))}; ordinal loss, dense loss on lesion
maps; turns, mirror images, changes of focus and of light as augmentation; sampling by grade count
to the power of -{plan.balance}, corrected for in the head's bias.

Grades trained on (0 to 4): {trained["grades"]}. Grades measured on: {held_out["grades"]}.

## Known weaknesses

{_called_in_vain(evaluation.specificity)}{_looked_at_before(provenance["start"])}\
- Few eyes of grade 3 and 4 stand behind the figures; their intervals are wide for that reason.
- One programme's cameras and patients; other cameras, ethnic groups and settings were not measured.
- Macular oedema is not looked for; diseases other than diabetic retinopathy are not recognised.
- A missed referable eye is possible at every threshold.
"""


def _in_bf16(agreement: Mapping[str, float]) -> str:
    if "bf16_grade" not in agreement:
        return "not compared, for the machine that measured does not compute in it; not used"
    return (
        f"grade as in fp32 in {agreement['bf16_grade']:.2%}, referable call in "
        f"{agreement['bf16_referable']:.2%}; used from {BF16_AGREEMENT:.1%} of both on"
    )


def _figures(measurement: Measurement, beside: Bundle | None) -> str:
    """A column for all held-out photographs, one for each data set, one for another bundle."""
    columns = {"all": asdict(measurement.evaluation)}
    if len(measurement.by_source) > 1:
        columns |= {name: asdict(part) for name, part in measurement.by_source.items()}
    if beside is not None:
        other = f"{beside.info.name} {beside.info.version}, all"
        columns[other] = beside.manifest["metrics"]["held_out"]
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    counts = (f"{c['graded']} of {c['patients']} patients" for c in columns.values())
    lines.append("| Photographs | " + " | ".join(counts) + " |")
    for field, label in FIGURES.items():
        cells = (shown(Estimate(**column[field])) for column in columns.values())
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _confusion(evaluation: Evaluation) -> str:
    lines = ["| reader \\ program | " + " | ".join(str(int(g)) for g in Grade) + " |"]
    lines.append("|---" * (len(Grade) + 1) + "|")
    for grade, row in enumerate(evaluation.confusion):
        lines.append(f"| {grade} | " + " | ".join(str(n) for n in row) + " |")
    return "\n".join(lines)


def _trained_on(provenance: Mapping[str, Any]) -> str:
    parts = [_mix(provenance["trained_on"])]
    if provenance["also_trained_on"]:
        parts.append(_mix(provenance["also_trained_on"]))
    if provenance["simulated"]:
        parts.append(f"{sum(provenance['simulated'])} photographs with simulated lesions")
    if provenance["teacher"]:
        parts.append(f"the beliefs of {provenance['teacher']['file']} about them")
    if provenance["teacher"] and provenance["ungraded"]:
        parts.append(f"and about {_mix(provenance['ungraded'])}")
    return "; ".join(parts)


def _started_from(start: Mapping[str, Any] | None) -> str:
    """The road back to the first weights, newest piece first."""
    if start is None:
        return "random weights"
    before = start.get("provenance")
    if before is None or "imported" in before:
        return str(start["file"])
    return (
        f"an earlier {start['architecture']} ({_trained_on(before)}; {_passes(before['plan'])}), "
        f"itself from {_started_from(before['start'])}"
    )


def _kept_of_start(share: float) -> str:
    if not share:
        return ""
    return f"| Averaged | {share:.0%} the start's weights, {1 - share:.0%} the trained ones |\n"


def _passes(plan: Mapping[str, Any]) -> str:
    return ", ".join(f"{s['epochs']} passes at {s['size']} pixels" for s in plan["stages"])


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
    before = start.get("provenance") if start else None
    if before is None or "imported" in before:
        return ""
    return (
        "- Earlier pieces of this training were measured on held-out patients too, and the road "
        "was\n  chosen knowing those figures. So the ones above are somewhat favourable; patients "
        "that\n  nobody looked at before are still to be measured.\n"
    )


def _mix(mix: Mapping[str, Any]) -> str:
    return f"{_people(mix)} of {', '.join(source['name'] for source in mix['sources'])}"


def _people(mix: Mapping[str, Any]) -> str:
    return f"{mix['photographs']} photographs of {mix['patients']} patients"
