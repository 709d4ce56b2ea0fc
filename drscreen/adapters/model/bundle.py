"""Network bundles: a folder with a manifest, its tensors and its card, checked before use.

A bundle is `bundle.json` (the manifest), `model-*.safetensors` shards, `MODEL_CARD.md`, perhaps
plots of its training, and `bundle.sig` where somebody has signed it (`signature`). The
manifest names the sha256 of every other file and ends with a hash of itself, so that one flipped
byte anywhere is found; who made it is what the signature tells. Weights are 8-bit per output
channel (`eight_bit`); nothing here is ever unpickled, and nothing here imports torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors

from drscreen.adapters.model import manifest as bounds
from drscreen.adapters.model.eight_bit import Stored, is_tensor, stray, unpacked
from drscreen.adapters.model.signature import SIGNATURE, SIGNATURE_BYTES, TrustedKeys
from drscreen.domain.errors import BundleDamaged, BundleMissing, BundleUnsupported
from drscreen.domain.grading import Grade, GradeCuts, OperatingPoint
from drscreen.domain.image import InputSpec
from drscreen.domain.manifest import MANIFEST_BYTES, read_manifest
from drscreen.domain.manifest import manifest_hash as manifest_hash  # noqa: PLC0414 - found here
from drscreen.domain.screening import ModelInfo
from drscreen.domain.signature import Signature, SignatureCheck
from drscreen.regular_files import read_regular

#: 2 has largest weights kept apart; 1 is read as well.
FORMAT = 2
_READABLE = (1, FORMAT)
MANIFEST = "bundle.json"
CARD = "MODEL_CARD.md"
#: Which installed bundle is used when none is named: the first of these that is there. The light
#: one first, as long as it is the better of the two on patients held out; see docs/training.md.
PREFERRED = ("lite", "resnet152")
#: Shards are written below 16 MB, but one tensor may take more; ResNet-152 in fp32 takes 240 MB.
_FILE_BYTES, _BUNDLE_BYTES = 100_000_000, 500_000_000
#: That of ResNet-152 in one file would take 150 kB.
_HEADER_BYTES = 2_000_000
#: What other systems leave in a folder that was looked at.
_LITTER = ("thumbs.db", "desktop.ini")
#: The check of who trusts no key: a signature may be whole or not, and is nobody's.
NO_KEYS: SignatureCheck = TrustedKeys().check

Tensors = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A manifest that was read and whose files all have the hashes it names."""

    folder: Path
    info: ModelInfo
    signature: Signature
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
        data = _verified(self.folder, shard, self.manifest["files"])
        try:
            if int.from_bytes(data[:8], "little") > _HEADER_BYTES:
                raise ValueError("a header too long")
            return load_safetensors(data)
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise BundleDamaged(f"The network's file {shard} cannot be read.") from error

    def tensors(self) -> Tensors:
        """All tensors in fp32 by torchvision's names. Raises `BundleDamaged`."""
        tensors: Tensors = {}
        for shard in self.shards:
            stored = self.stored(shard)
            try:
                found = {name: unpacked(name, stored) for name in stored if is_tensor(name)}
            except ValueError as error:
                raise BundleDamaged(f"The network's file {shard} makes no sense.") from error
            if stray(stored) or found.keys() & tensors.keys():
                raise BundleDamaged(f"The network's file {shard} makes no sense.")
            tensors |= found
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


def read_bundle(folder: Path, check: SignatureCheck = NO_KEYS) -> Bundle:
    """Read and verify a bundle, every file of it, and see who signed it. Raises a `BundleError`.

    Without a check nobody's key is known, so that nobody has signed; a signature that is not the
    manifest's is found all the same.
    """
    try:
        data = read_regular(folder / MANIFEST, MANIFEST_BYTES, through_links=True)
        seal = _signature(folder)
    except FileNotFoundError as error:
        raise BundleMissing("The network's folder has no manifest.") from error
    except OSError as error:
        raise BundleDamaged("The network's manifest cannot be read.") from error
    try:
        signature = check(data, seal)
    except ValueError as error:
        raise BundleDamaged("The network's signature is not one of this network.") from error
    try:
        manifest = read_manifest(data)
    except (ValueError, RecursionError) as error:
        raise BundleDamaged("The network's manifest is not the one that was written.") from error
    known = manifest.get("format")
    if isinstance(known, bool) or known not in _READABLE:
        raise BundleUnsupported("The network was made for another version of drscreen.")
    if manifest.get("classes") != [grade.title for grade in Grade]:
        raise BundleUnsupported("The network does not grade on the five-step ICDR scale.")
    try:
        bundle = _parsed(folder, manifest, signature)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleDamaged(f"The network's manifest makes no sense ({error}).") from error
    _check_files(bundle)
    return bundle


def _parsed(folder: Path, manifest: dict[str, Any], signature: Signature) -> Bundle:
    return Bundle(
        folder=folder,
        info=ModelInfo(
            bounds.printable(manifest, "name"),
            bounds.printable(manifest, "version"),
            manifest["manifest_sha256"],
            signature.signer,
        ),
        signature=signature,
        architecture=bounds.architecture(manifest),
        input=bounds.input_spec(manifest),
        temperature=bounds.number(manifest, "temperature", bounds.TEMPERATURES),
        operating_point=bounds.operating_point(manifest),
        grade_cuts=bounds.grade_cuts(manifest),
        bf16_agreement=bounds.bf16_agreement(manifest),
        pooling_power=bounds.number(
            {"pooling_power": 1.0} | manifest, "pooling_power", bounds.POOLING_POWERS
        ),
        shards=bounds.shards(manifest),
        manifest=manifest,
    )


def _check_files(bundle: Bundle) -> None:
    """All that is named is there and is what was written; nothing else is, and nothing is huge."""
    hashes = bundle.manifest["files"]
    try:
        entries = list(bundle.folder.iterdir())
        size = sum(entry.stat().st_size for entry in entries if entry.name in hashes)
    except OSError as error:
        raise BundleDamaged("The network's folder cannot be read.") from error
    if size > _BUNDLE_BYTES:
        raise BundleDamaged("The network is larger than any that drscreen knows.")
    named = {MANIFEST, SIGNATURE, *hashes}
    if any(e.name not in named and not _is_litter(e.name) for e in entries):
        raise BundleDamaged("The network's folder holds something that the network does not name.")
    for name in hashes:
        _verified(bundle.folder, name, hashes)


def _signature(folder: Path) -> bytes | None:
    try:
        return read_regular(folder / SIGNATURE, SIGNATURE_BYTES, through_links=True)
    except FileNotFoundError:
        return None


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _verified(folder: Path, name: str, hashes: Mapping[str, str]) -> bytes:
    try:
        data = read_regular(folder / name, _FILE_BYTES, through_links=True)
    except FileNotFoundError as error:
        raise BundleDamaged(f"The network's file {name} is missing.") from error
    except OSError as error:
        raise BundleDamaged(f"The network's file {name} cannot be read.") from error
    if hashlib.sha256(data).hexdigest() != hashes[name]:
        raise BundleDamaged(f"The network's file {name} is not the one that was written.")
    return data
