"""Weights from elsewhere: a `torch.save` file or safetensors, read without running what is in it.

`torch.save` writes a pickle, and a pickle is a program. Two locks: what it names is listed before
anything is read, and torch's restricted unpickler does the reading. Then names, shapes and values
must be exactly those of a network that drscreen knows.
"""

from __future__ import annotations

import hashlib
import pickle
import pickletools
import re
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError, safe_open

from drscreen.adapters.model.bundle import Tensors
from drscreen.adapters.model.network import HIDDEN_LAYER, build_network
from drscreen.domain.errors import WeightsRefused, WeightsUnfit
from drscreen.domain.errors.disk import reason_of
from drscreen.domain.grading import Grade
from drscreen.regular_files import open_regular

SAFETENSORS = ".safetensors"
#: Where people's checkpoints keep the weights among epochs, optimisers and scores.
_ENTRIES = ("model_state_dict", "state_dict", "model")
#: Wrappers that put their name before every tensor's.
_PREFIXES = ("module.", "_orig_mod.")
#: What a pickle of tensors names; anything else is code to us.
_PLAIN = re.compile(
    r"collections\.OrderedDict|_codecs\.encode|torch\.(\w+Storage|Size|device)"
    r"|torch\._utils\._rebuild_(tensor_v2|parameter)|torch\.nn\.parameter\.Parameter"
)
#: torch's older format is so many pickles one after another, then raw numbers.
_PICKLES = 5
#: What torch's unpickler raises on a file that breaks off or was never its own.
_UNREADABLE = (
    pickle.UnpicklingError,
    EOFError,
    RuntimeError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class ForeignWeights:
    """A file's network: `tensors` are whole, finite, fp32 and named as `network_with` wants them.

    `pooling_power` is 1, torchvision's, unless a safetensors file of our own says otherwise.
    `set_aside` names what else lay in the file and was left there.
    """

    architecture: str
    tensors: Tensors
    sha256: str
    pooling_power: float = 1.0
    set_aside: tuple[str, ...] = ()

    @property
    def hidden_units(self) -> int:
        """Width of the head's first layer; 0 for torchvision's head of one layer."""
        hidden = self.tensors.get(f"{HIDDEN_LAYER}.bias")
        return 0 if hidden is None else len(hidden)


def read_foreign(file: Path) -> ForeignWeights:
    """Read a ResNet-152 or ResNet-18 that grades in five steps. Seconds.

    Raises `WeightsRefused` where a pickle holds code, `WeightsUnfit` where the file cannot be read
    or is of another network, with the first tensors that do not fit.
    """
    try:
        with open_regular(file, through_links=True) as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise WeightsUnfit(f"{file.name} cannot be read. {reason_of(error)}") from error
    power = 1.0
    set_aside: list[str] = []
    if file.suffix.lower() == SAFETENSORS:
        found, power = _from_safetensors(file)
    else:
        found, set_aside = _from_pickle(file)
    named = {_bare(name): tensor for name, tensor in found.items()}
    named = {n: t for n, t in named.items() if not n.endswith("num_batches_tracked")}
    architecture = _architecture(file, named)
    return ForeignWeights(
        architecture, _fitted(file, architecture, named), sha256, power, tuple(set_aside)
    )


def _from_safetensors(file: Path) -> tuple[dict[str, torch.Tensor], float]:
    try:
        with safe_open(file, framework="pt") as stored:
            power = float((stored.metadata() or {}).get("pooling_power", 1.0))
            return {name: stored.get_tensor(name) for name in stored.keys()}, power  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise WeightsUnfit(f"{file.name} breaks off or is not a safetensors file.") from error


def _from_pickle(file: Path) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The tensors by the file's own names, and the names of other entries."""
    refused = f"{file.name} holds code, not weights alone"
    try:
        code = _code_named_in(file)
    except _UNREADABLE as error:
        raise WeightsUnfit(f"{file.name} breaks off or is not a file of weights.") from error
    if code:
        raise WeightsRefused(f"{refused}: reading it would have loaded {_some(code)}.")
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise WeightsUnfit(f"{file.name} breaks off or is not a file of weights.") from error
    entries = loaded if isinstance(loaded, Mapping) else {}
    inner = next((key for key in _ENTRIES if isinstance(entries.get(key), Mapping)), None)
    weights = entries if inner is None else entries[inner]
    tensors = {str(n): t for n, t in weights.items() if isinstance(t, torch.Tensor)}
    others = [str(n) for n in weights if str(n) not in tensors]
    return tensors, others + ([str(n) for n in entries if n != inner] if inner else [])


def _code_named_in(file: Path) -> list[str]:
    """Objects besides tensors that the file's pickles name, sorted; nothing is loaded."""
    if zipfile.is_zipfile(file):
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(file))
    with file.open("rb") as handle:
        return sorted(name for name in _named_in(handle) if not _PLAIN.fullmatch(name))


def _named_in(handle: BinaryIO) -> set[str]:
    named: set[str] = set()
    try:
        for _ in range(_PICKLES):
            texts = [""]
            for opcode, argument, _ in pickletools.genops(handle):
                if opcode.name in {"GLOBAL", "INST"}:
                    named.add(str(argument).replace(" ", ".", 1))
                elif opcode.name == "STACK_GLOBAL":  # takes the two texts before it
                    named.add(".".join(texts[-2:]))
                elif isinstance(argument, str):
                    texts.append(argument)
    except (ValueError, LookupError, struct.error):
        pass  # Not a pickle from here on. What was named until here counts all the same.
    return named


def _bare(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _architecture(file: Path, tensors: Mapping[str, torch.Tensor]) -> str:
    """By the blocks of the first stage: ResNets from 50 layers on have three convolutions each."""
    if not any(name.startswith("layer1.0.") for name in tensors):
        first = f"; the first tensor is {_some(sorted(tensors)[:1])}" if tensors else ""
        raise WeightsUnfit(f"{file.name} does not hold a ResNet's weights{first}.")
    return "resnet152" if "layer1.0.conv3.weight" in tensors else "resnet18"


def _fitted(file: Path, architecture: str, found: Mapping[str, torch.Tensor]) -> Tensors:
    """fp32 arrays of exactly the architecture's names and shapes."""
    hidden = found.get(f"{HIDDEN_LAYER}.bias")
    with torch.device("meta"):
        units = 0 if hidden is None else hidden.numel()
        state = build_network(architecture, hidden_units=units).state_dict()
    expected = {n: t.shape for n, t in state.items() if not n.endswith("num_batches_tracked")}
    last = "fc.bias" if hidden is None else "fc.2.bias"
    if last in found and found[last].ndim == 1 and len(found[last]) != len(Grade):
        raise WeightsUnfit(
            f"{file.name} tells {len(found[last])} classes apart; drscreen needs the "
            f"{len(Grade)} ICDR grades."
        )
    missing = sorted(expected.keys() - found.keys())
    if missing:
        raise WeightsUnfit(f"{file.name} is no whole {architecture}: {_some(missing)} missing.")
    extra = sorted(found.keys() - expected.keys())
    if extra:
        raise WeightsUnfit(f"{file.name} is more than a {architecture}: {_some(extra)} too many.")
    odd = sorted(n for n, s in expected.items() if found[n].shape != s or not _stored(found[n]))
    if odd:
        raise WeightsUnfit(f"{file.name} is no {architecture}: {_some(odd)} of another shape.")
    tensors = {name: found[name].detach().float().contiguous() for name in expected}
    empty = sorted(name for name, values in tensors.items() if not values.isfinite().all())
    if empty:
        raise WeightsUnfit(f"{file.name} holds values that are not numbers: {_some(empty)}.")
    return {name: values.numpy() for name, values in tensors.items()}


def _stored(tensor: torch.Tensor) -> bool:
    """Plain numbers, all of them there: a pickle may claim any size over one stored number."""
    if tensor.layout is not torch.strided or not tensor.dtype.is_floating_point:
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _some(names: list[str]) -> str:
    """The first few, without what a terminal would obey."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(re.sub(r"[^\w.:-]", "?", name) for name in names[:3]) + more
