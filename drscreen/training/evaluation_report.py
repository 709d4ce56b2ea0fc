"""One evaluation with all that belongs beside its figures, for JSON, a terminal and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from drscreen.domain.grading import REFERABLE_FROM, OperatingPoint
from drscreen.domain.screening import PredictorSpec
from drscreen.domain.signature import TRUSTED
from drscreen.training.comparison import Comparison
from drscreen.training.datasets.dataset import Dataset
from drscreen.training.datasets.report import DatasetReport, Finding, Kind
from drscreen.training.evaluation import FIGURES, EvaluatedPhotograph, Evaluation
from drscreen.training.subgroups import Groups

#: The figures of a whole evaluation: those of a card, and what only the whole road can tell.
ALL_FIGURES = FIGURES | {
    "ungradable_rate": "Share called ungradable",
    "referred_or_repeated": "Referable eyes called referable or ungradable",
}
#: Those that a row of a subgroup has room for.
GROUP_FIGURES = {
    "auc_referable": "AUC, referable",
    "auc_vision_threatening": "AUC, grade 3 and above",
    "kappa": "kappa",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ungradable_rate": "ungradable",
}
#: Fewer referable eyes than this leave an interval of sensitivity of 20 points or more (Wilson).
FEW = 30


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """`rows` are the photographs that were evaluated; `left_out` those that could not be.

    `comparison` is with the network `against`, both None where there is none. `trained_on` names
    the data sets of which the network saw photographs while it was trained.
    """

    network: PredictorSpec
    datasets: Sequence[DatasetReport]
    left_out: Sequence[Finding]
    rows: Sequence[EvaluatedPhotograph]
    evaluation: Evaluation
    groups: Groups
    against: PredictorSpec | None = None
    comparison: Comparison | None = None
    trained_on: Sequence[str] = ()

    @property
    def cautions(self) -> list[str]:
        """Sentences on what these photographs cannot tell."""
        seen = [
            f"{self.network.model.name} was trained on photographs of {name}: the figures are too "
            "favourable. Measure on patients that were held out."
            for name in self.trained_on
        ]
        unsigned = [
            f"{spec.model.name} {spec.model.version} is signed by nobody whose key is trusted here."
            for spec in (self.network, self.against)
            if spec is not None and spec.model.signer not in TRUSTED
        ]
        return unsigned + seen + cautions(self.evaluation)

    def as_json(self) -> dict[str, Any]:
        """Plain lists, numbers and texts; keys are a contract with people's scripts."""
        return {
            "model": _network(self.network),
            "skipped": sum(len(report.findings) for report in self.datasets),
            "unreadable": sum(finding.kind is Kind.UNREADABLE for finding in self.left_out),
            "copies": sum(finding.kind is not Kind.UNREADABLE for finding in self.left_out),
            **asdict(self.evaluation),
            "cautions": self.cautions,
            "groups": {
                column: {value: asdict(part) for value, part in parts.items()}
                for column, parts in self.groups.items()
            },
            "against": _network(self.against) if self.against else None,
            "comparison": asdict(self.comparison) if self.comparison else None,
        }


def cautions(evaluation: Evaluation) -> list[str]:
    """Sentences on what an evaluation's photographs cannot tell."""
    if not evaluation.graded:
        return ["The quality gate let none of the photographs be graded: there are no figures."]
    counts = [sum(row) for row in evaluation.confusion]
    referable = sum(counts[REFERABLE_FROM:])
    told = []
    if not referable or referable == evaluation.graded:
        which = "All graded eyes are" if referable else "None of the graded eyes is"
        one = "specificity" if referable else "sensitivity"
        told.append(f"{which} referable: AUC and {one} cannot be known from them.")
    if sum(count > 0 for count in counts) == 1:
        told.append("All graded eyes have one grade: agreement (kappa) says nothing.")
    if 0 < referable < FEW:
        told.append(
            f"Only {referable} referable eyes were graded: the intervals are wide, and rightly so. "
            "Do not judge a network by them."
        )
    if evaluation.patients == evaluation.photographs > 1:
        told.append(
            "Each photograph counts as a patient of its own. Where that is not so, give the labels "
            "file a column 'patient': without it the intervals are too narrow."
        )
    return told


def trained_on(provenance: object, datasets: Sequence[Dataset]) -> list[str]:
    """Names of the data sets whose labels file a bundle's training, or a piece before it, read.

    `provenance` is a manifest's, which is anybody's JSON. A file of held-out patients is another
    labels file, so it is not among them.
    """
    hashes: set[object] = set()
    while isinstance(provenance, Mapping):
        for part in ("trained_on", "also_trained_on"):
            mix = provenance.get(part)
            sources = mix.get("sources") if isinstance(mix, Mapping) else None
            for source in sources if isinstance(sources, list) else []:
                hashes.add(source.get("labels_sha256") if isinstance(source, Mapping) else None)
        start = provenance.get("start")
        provenance = start.get("provenance") if isinstance(start, Mapping) else None
    return [dataset.name for dataset in datasets if dataset.labels_sha256 in hashes]


def point_in_words(point: OperatingPoint) -> str:
    """The operating point for a person."""
    return (
        f"referable from {point.referable:.3f}; a human is asked from {point.abstain_low:.3f} to "
        f"{point.abstain_high:.3f}; urgent from {point.vision_threatening:.2f} vision-threatening"
    )


def _network(spec: PredictorSpec) -> dict[str, Any]:
    return {
        **spec.model.as_json(),
        "device": spec.device,
        "precision": spec.precision,
        "operating_point": asdict(spec.operating_point),
    }
