"""Network bundles: a folder with a manifest, its tensors and its card, checked before use.

A bundle is `bundle.json` (the manifest), `model-*.safetensors` shards, `MODEL_CARD.md` and
perhaps plots of its training. The
manifest names the sha256 of every other file and ends with a hash of itself, so that one flipped
byte anywhere is found. Weights are 8-bit per output channel (`eight_bit`); nothing here is ever
unpickled, and nothing here imports torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors

from drscreen.adapters.model.eight_bit import Stored, is_tensor, unpacked
from drscreen.domain.errors import BundleDamaged, BundleMissing, BundleUnsupported
from drscreen.domain.grading import ROUNDING, Grade, GradeCuts, OperatingPoint
from drscreen.domain.image import InputSpec
from drscreen.domain.screening import ModelInfo

#: 2 has largest weights kept apart; 1 is read as well.
FORMAT = 2
_READABLE = (1, FORMAT)
MANIFEST = "bundle.json"
CARD = "MODEL_CARD.md"
#: Which installed bundle is used when none is named: the first of these that is there. The light
#: one first, as long as it is the better of the two on patients held out; see docs/training.md.
PREFERRED = ("lite", "resnet152")

Tensors = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A manifest that was read and whose files all have the hashes it names."""

    folder: Path
    info: ModelInfo
    architecture: str
    input: InputSpec
    temperature: float
    operating_point: OperatingPoint
    grade_cuts: GradeCuts
    #: Share of held-out photographs with the same grade, and with the same referable call, in bf16
    #: as in fp32: the smaller of the two; 0 where they were not compared
    bf16_agreement: float
    #: Of the pooling before the grade head; 1 is torchvision's mean
    pooling_power: float
    shards: tuple[str, ...]
    manifest: Mapping[str, Any]

    @property
    def card(self) -> str:
        """The text of its card, Markdown. Raises `BundleDamaged`."""
        files = self.manifest["files"]
        if CARD not in files:
            raise BundleDamaged("The network has no card.")
        return _verified(self.folder, CARD, files).decode(errors="replace")

    def plot(self, name: str) -> bytes | None:
        """An SVG file of its training; None where it has none. Raises `BundleDamaged`."""
        files = self.manifest["files"]
        return _verified(self.folder, name, files) if name in files else None

    def stored(self, shard: str) -> Stored:
        """A shard's arrays as they lie in its file, scales among them. Raises `BundleDamaged`.

        It is hashed again as it is read, so what is used is what was verified.
        """
        try:
            return load_safetensors(_verified(self.folder, shard, self.manifest["files"]))
        except SafetensorError as error:
            raise BundleDamaged(f"The network's file {shard} cannot be read.") from error

    def tensors(self) -> Tensors:
        """All tensors in fp32 by torchvision's names. Raises `BundleDamaged`."""
        tensors: Tensors = {}
        for shard in self.shards:
            stored = self.stored(shard)
            try:
                tensors |= {name: unpacked(name, stored) for name in stored if is_tensor(name)}
            except (KeyError, ValueError) as error:
                raise BundleDamaged(f"The network's file {shard} makes no sense.") from error
        if not all(np.isfinite(values).all() for values in tensors.values()):
            raise BundleDamaged("The network holds values that are not numbers.")
        return tensors


def installed(folder: Path) -> list[str]:
    """Names of the bundles in a folder, the preferred first. Nothing is verified here."""
    if not folder.is_dir():
        return []
    names = sorted(entry.parent.name for entry in folder.glob(f"*/{MANIFEST}"))
    return sorted(names, key=lambda n: PREFERRED.index(n) if n in PREFERRED else len(PREFERRED))


def resolve(folder: Path, model: str) -> Path:
    """The folder of a bundle: by name, by path, or the preferred one for an empty name.

    Raises `BundleMissing`.
    """
    if not model:
        names = installed(folder)
        if not names:
            raise BundleMissing("No network is installed.")
        return folder / names[0]
    for candidate in (folder / model, Path(model)):
        if (candidate / MANIFEST).is_file():
            return candidate
    known = ", ".join(installed(folder)) or "none"
    raise BundleMissing(f"There is no network {model!r}. Installed: {known}.")


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """sha256 over the manifest without its own hash, in canonical JSON."""
    rest = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_bundle(folder: Path) -> Bundle:
    """Read and verify a bundle, every file of it. Raises a `BundleError`."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        manifest = json.loads(text)
    except FileNotFoundError as error:
        raise BundleMissing("The network's folder has no manifest.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleDamaged("The network's manifest cannot be read.") from error
    if not isinstance(manifest, dict) or manifest.get("manifest_sha256") != manifest_hash(manifest):
        raise BundleDamaged("The network's manifest is not the one that was written.")
    if manifest.get("format") not in _READABLE:
        raise BundleUnsupported("The network was made for another version of drscreen.")
    if manifest.get("classes") != [grade.title for grade in Grade]:
        raise BundleUnsupported("The network does not grade on the five-step ICDR scale.")
    try:
        bundle = _parsed(folder, manifest)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleDamaged("The network's manifest lacks something.") from error
    for name in manifest["files"]:
        _verified(folder, name, manifest["files"])
    return bundle


def _parsed(folder: Path, manifest: dict[str, Any]) -> Bundle:
    spec, point = manifest["input"], manifest["operating_point"]
    agreement = manifest["agreement"]
    mean_r, mean_g, mean_b = (float(x) for x in spec["mean"])
    std_r, std_g, std_b = (float(x) for x in spec["std"])
    cuts = [float(x) for x in manifest.get("grade_cuts", ROUNDING)]
    mild, moderate, severe, proliferative = cuts
    if cuts != sorted(cuts) or not 0 <= mild <= proliferative <= len(Grade) - 1:
        raise ValueError("cuts between grades ascend from 0 to 4")
    return Bundle(
        folder=folder,
        info=ModelInfo(
            str(manifest["name"]), str(manifest["version"]), manifest["manifest_sha256"]
        ),
        architecture=str(manifest["architecture"]),
        input=InputSpec(
            int(spec["size"]),
            (mean_r, mean_g, mean_b),
            (std_r, std_g, std_b),
            equalise=bool(spec.get("equalise", False)),
        ),
        temperature=float(manifest["temperature"]),
        operating_point=OperatingPoint(**{name: float(value) for name, value in point.items()}),
        grade_cuts=(mild, moderate, severe, proliferative),
        bf16_agreement=min(
            float(agreement.get(f"bf16_{what}", 0.0)) for what in ("grade", "referable")
        ),
        pooling_power=float(manifest.get("pooling_power", 1.0)),
        shards=tuple(n for n in manifest["files"] if n.endswith(".safetensors")),
        manifest=manifest,
    )


def _verified(folder: Path, name: str, hashes: Mapping[str, str]) -> bytes:
    if Path(name).name != name:
        raise BundleDamaged("The network's manifest names a file outside its folder.")
    try:
        data = (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise BundleDamaged(f"The network's file {name} is missing.") from error
    except OSError as error:
        raise BundleDamaged(f"The network's file {name} cannot be read.") from error
    if hashlib.sha256(data).hexdigest() != hashes[name]:
        raise BundleDamaged(f"The network's file {name} is not the one that was written.")
    return data
