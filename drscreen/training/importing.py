"""Make a bundle of weights that were trained elsewhere, which nobody here has measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.bundle_writer import BundleContent, write_bundle
from drscreen.adapters.model.foreign import ForeignWeights, read_foreign
from drscreen.domain.errors import FileUnwritable
from drscreen.domain.grading import OperatingPoint
from drscreen.domain.image import InputSpec

VERSION = "imported"
#: Even odds, and a human asked between nine to one against and nine to one for: nothing is known
#: of what these probabilities are worth.
UNMEASURED = OperatingPoint(0.5, 0.1, 0.9, 0.5)


def import_weights(
    file: Path, folder: Path, *, name: str, spec: InputSpec, bgr: bool = False
) -> tuple[Bundle, ForeignWeights]:
    """Write the weights of `file` as a bundle into `folder`, which must be new or empty.

    `spec` has mean and deviation in the order in which the network was trained to take its
    channels; with `bgr` that was blue first, and the first layer and both are turned round, so
    that the bundle takes R, G, B like every other. Raises `WeightsRefused`, `WeightsUnfit`,
    `FileUnwritable` or a `BundleError`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileUnwritable(f"{folder.name} is there already and is not an empty folder.")
    weights = read_foreign(file)
    tensors = dict(weights.tensors)
    if bgr:
        tensors["conv1.weight"] = np.ascontiguousarray(tensors["conv1.weight"][:, ::-1])
        spec = replace(spec, mean=spec.mean[::-1], std=spec.std[::-1])
    content = BundleContent(
        name=name,
        version=VERSION,
        architecture=weights.architecture,
        input=spec,
        temperature=1.0,
        operating_point=UNMEASURED,
        card=_card(name, file, weights, spec, bgr),
        agreement={},
        pooling_power=weights.pooling_power,
        provenance={
            "imported": {
                "file": file.name,
                "sha256": weights.sha256,
                "set_aside": list(weights.set_aside),
                "channels": "bgr" if bgr else "rgb",
            }
        },
    )
    try:
        return write_bundle(folder, tensors, content), weights
    except OSError as error:
        raise FileUnwritable.because(
            f"The network could not be written to {folder.name}.", error
        ) from error


def _card(name: str, file: Path, weights: ForeignWeights, spec: InputSpec, bgr: bool) -> str:
    head = f"{weights.hidden_units} hidden units, then five grades" if weights.hidden_units else ""
    turned = "; was trained on B, G, R, its first layer was turned round" if bgr else ""
    point = UNMEASURED
    return f"""# {name} {VERSION}

**Neither measured nor calibrated by drscreen. Research use, not a cleared medical device.**

These weights were trained elsewhere and imported. How often this network misses disease, what its
probabilities are worth and whether its thresholds suit anybody is not known. Measure it on
photographs that a reader has graded before you believe it:

    drscreen evaluate --data GRADED_PHOTOGRAPHS --model FOLDER

| | |
|---|---|
| File | `{file.name}`, sha256 `{weights.sha256}` |
| Architecture | torchvision {weights.architecture}, {head or "five-grade head"} |
| Input | {spec.size} x {spec.size} pixels, RGB{turned} |
| Mean, deviation (R, G, B) | {_numbers(spec.mean)}; {_numbers(spec.std)} |
| Weights | 8 bits per output channel; how many grades change by it was not measured |
| Temperature | 1, not calibrated |
| Operating point | referable from {point.referable}; human review from {point.abstain_low} to \
{point.abstain_high}; urgent from {point.vision_threatening} vision-threatening; not chosen on any \
photographs |

## Known weaknesses

- drscreen finds the lit field, crops it and centres it on a black square. A network that was
  trained on photographs prepared in another way sees something new in every one of them.
- Size, mean, deviation and channel order are what was said when it was imported; the file does not
  tell. A wrong one makes the grades worse without making them look wrong.
- On what and on whom it was trained is for its makers to say.
- A missed referable eye is possible at every threshold.
"""


def _numbers(values: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
