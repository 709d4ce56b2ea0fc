"""A teacher's beliefs about photographs, worked out once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from drscreen.adapters.model.bundle import read_bundle
from drscreen.adapters.model.network import fold_norms
from drscreen.adapters.model.predictor import load_network
from drscreen.domain.errors import DatasetError
from drscreen.domain.image import InputSpec
from drscreen.training.calibration import softmax
from drscreen.training.squares import Squares
from drscreen.training.trainer import content_hash, predict_squares


def load_beliefs(
    teacher: Path,
    squares: Squares,
    spec: InputSpec,
    folder: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> npt.NDArray[np.float32]:
    """A bundle's calibrated probabilities of each square: (n, 5).

    Raises `DatasetError` where the teacher takes another input than `spec`, or a `BundleError`.
    """
    bundle = read_bundle(teacher)
    if bundle.input != spec:
        raise DatasetError(f"The teacher {teacher.name} takes another input than this training.")
    digest = hashlib.sha256(content_hash(teacher).encode())
    digest.update(str(squares.shape).encode() + squares[:: max(1, len(squares) // 64)].tobytes())
    kept = folder / f"beliefs-{digest.hexdigest()[:16]}.npy"
    if kept.exists():
        beliefs: npt.NDArray[np.float32] = np.load(kept)
        return beliefs
    network = fold_norms(load_network(bundle))
    logits = predict_squares(network, squares, np.arange(len(squares)), spec, progress=progress)
    beliefs = softmax(logits / bundle.temperature).astype(np.float32)
    partial = kept.with_suffix(".partial.npy")
    np.save(partial, beliefs)
    partial.replace(kept)
    return beliefs
