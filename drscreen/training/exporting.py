"""A bundle's network for others' tools: ONNX, or safetensors in torchvision's names."""

from __future__ import annotations

import json
import secrets
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save as save_safetensors
from torch import nn

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.network import LESION_HEAD, fold_norms
from drscreen.adapters.model.predictor import load_network
from drscreen.domain.errors import ExportFailed, ExportUnavailable, FileUnwritable

NOTICE = "research use, not a cleared device"
INPUT, OUTPUT = "photograph", "logits"
#: Logits of two implementations in fp32 differ by rounding alone, which grows with their size.
TOLERANCE = 1e-3

Floats = npt.NDArray[np.float32]


def export_safetensors(bundle: Bundle, file: Path) -> None:
    """The weights in fp32 by torchvision's names, without the lesion head, metadata beside.

    Raises `BundleDamaged` or `FileUnwritable`.
    """
    tensors = {n: t for n, t in bundle.tensors().items() if not n.startswith(f"{LESION_HEAD}.")}
    _write(file, save_safetensors(tensors, metadata(bundle)))


def export_onnx(bundle: Bundle, file: Path) -> float:
    """The folded network as ONNX: ``photograph`` fp32 (n, 3, size, size), normalised as the
    metadata says, to ``logits`` (n, 5).

    The written file is run beside the network that screens; the answer is their largest difference
    in logits. Raises `ExportUnavailable`, `ExportFailed`, `FileUnwritable` or a `BundleError`.
    """
    if not (find_spec("onnx") and find_spec("onnxscript")):
        raise ExportUnavailable("Writing ONNX needs two more libraries, onnx and onnxscript.")
    network = fold_norms(load_network(bundle))
    if hasattr(network, LESION_HEAD):
        # Training alone uses it; the grades do not pass through it.
        delattr(network, LESION_HEAD)
    data = _as_onnx(network, bundle)
    size = bundle.input.size
    # Two photographs, though the export saw one: the batch is open.
    batch = np.random.default_rng(1).standard_normal((2, 3, size, size)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(batch)).numpy()
    difference = float(np.abs(_runner(data)(batch) - expected).max())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):  # nor is a nan
        raise ExportFailed(
            f"As ONNX the network gives other results: its logits differ by {difference:.3g}."
        )
    _write(file, data)
    return difference


def metadata(bundle: Bundle) -> dict[str, str]:
    """What a user of the bare network has to know, as texts; what is structured is JSON."""
    spec, point = bundle.input, bundle.manifest["operating_point"]
    return {
        "name": bundle.info.name,
        "version": bundle.info.version,
        "bundle_sha256": bundle.info.sha256,
        "architecture": bundle.architecture,
        "pooling_power": str(bundle.pooling_power),
        "classes": json.dumps(bundle.manifest["classes"]),
        "size": str(spec.size),
        "channels": "RGB",
        "mean": json.dumps(spec.mean),
        "std": json.dumps(spec.std),
        "equalise": json.dumps(spec.equalise),
        "preparation": (
            "lit field of view found and cropped, centred on a black square of this size"
            f"{', histograms equalised' if spec.equalise else ''}; (pixel / 255 - mean) / std"
        ),
        "temperature": str(bundle.temperature),
        "probabilities": "softmax(logits / temperature)",
        "operating_point": json.dumps(point),
        "notice": NOTICE,
    }


def _as_onnx(network: nn.Module, bundle: Bundle) -> bytes:
    import onnx

    example = torch.zeros(1, 3, bundle.input.size, bundle.input.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of torch's own code
        program = torch.onnx.export(
            network,
            (example,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("n")},),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ExportFailed("The exporter gave nothing.")
    model = program.model_proto
    graph = model.graph
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        # The exporter's notes for itself: lines of code with the paths of this machine.
        del part.metadata_props[:]
    onnx.helper.set_model_props(model, metadata(bundle))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _runner(data: bytes) -> Callable[[Floats], Floats]:
    """Runs the written model: in onnxruntime where it is there, else in onnx's own reference."""
    runtime: Any
    if find_spec("onnxruntime"):
        import onnxruntime

        runtime = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    else:
        from onnx.reference import ReferenceEvaluator

        runtime = ReferenceEvaluator(data)

    def run(batch: Floats) -> Floats:
        logits: Floats = runtime.run([OUTPUT], {INPUT: batch})[0]
        return logits

    return run


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all."""
    partial = file.with_name(f".{file.name}-{secrets.token_hex(8)}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FileUnwritable.because(f"{file.name} cannot be written there.", error) from error
