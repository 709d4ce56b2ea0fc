"""Weights between those a training started from and those it ended with."""

from __future__ import annotations

from pathlib import Path

from drscreen.adapters.model.bundle import Tensors, read_bundle
from drscreen.adapters.model.predictor import load_network
from drscreen.domain.errors import CheckpointError


def starting_tensors(start: Path | None, architecture: str) -> Tensors:
    """The fp32 tensors of the bundle at `start`. Raises `CheckpointError` where it is no bundle of
    that architecture, or a `BundleError`.
    """
    bundle = read_bundle(start) if start is not None and start.is_dir() else None
    if bundle is None or bundle.architecture != architecture:
        raise CheckpointError(f"Only the weights of a {architecture} bundle can be kept in part.")
    return {name: tensor.numpy() for name, tensor in load_network(bundle).state_dict().items()}


def kept_in_part(start: Tensors, end: Tensors, share: float) -> Tensors:
    """`share` (0 to 1) of the way back from `end` to `start`, tensor by tensor, fp32.

    A network between the two is often right where either is, and more often on photographs unlike
    those of the training: M. Wortsman et al., Robust fine-tuning of zero-shot models (CVPR 2022).
    """
    return {name: share * start[name] + (1 - share) * tensor for name, tensor in end.items()}
