"""The training objective: grades are ordered, and the rare ones must be seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from drscreen.domain.grading import Grade

#: A cell with a lesion weighs as much as so many without: lesions cover under 2% of a retina.
_LESION_WEIGHT = 6.0


def ordinal_loss(logits: torch.Tensor, grades: torch.Tensor) -> torch.Tensor:
    """Mean binary cross-entropy of "grade >= k" for k = 1..4 under the five-grade softmax.

    logits (n, 5), grades int (n,). A miss by two grades costs more than a miss by one, and the
    five softmax outputs remain proper probabilities (compare the ranked probability score,
    Epstein 1969).
    """
    logits = logits.float()
    everything = torch.logsumexp(logits, dim=1)
    terms = []
    for k in range(1, len(Grade)):
        above = torch.logsumexp(logits[:, k:], dim=1) - everything
        below = torch.logsumexp(logits[:, :k], dim=1) - everything
        terms.append(-torch.where(grades >= k, above, below))
    return torch.stack(terms).mean()


def lesion_loss(logits: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Mean weighted binary cross-entropy over cells and classes.

    logits (n, classes, h, w); maps float 0..1 (n, classes, H, W) in a finer grid: a cell counts as
    holding a lesion as strongly as its strongest point does.
    """
    target = F.adaptive_max_pool2d(maps, list(logits.shape[-2:]))
    weight = torch.tensor(_LESION_WEIGHT, device=logits.device)
    return F.binary_cross_entropy_with_logits(logits.float(), target, pos_weight=weight)


def distillation_loss(logits: torch.Tensor, beliefs: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy (n, 5) against a teacher's probabilities (n, 5) (Hinton et al., 2015)."""
    return -(beliefs * F.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()


def class_weights(grades: npt.NDArray[np.int64], power: float) -> npt.NDArray[np.float64]:
    """Sampling weight of each grade, `count ** -power`; a grade that is absent gets 0.

    0 is the natural mix, 1 is fully balanced.
    """
    counts = np.bincount(grades, minlength=len(Grade)).astype(np.float64)
    weights = np.zeros(len(Grade))
    np.power(counts, -power, out=weights, where=counts > 0)
    return weights


def prior_correction(weights: npt.NDArray[np.float64]) -> torch.Tensor:
    """What to add to the logits of a network trained on the weighted mix, float (5,).

    Bayes: sampling grade c with weight w_c multiplies its posterior odds by w_c, so its logit is
    reduced by log w_c (Saerens et al., Neural Computation 2002). Absent grades stay unchanged.
    """
    safe = np.where(weights > 0, weights, 1.0)
    correction = -np.log(safe)
    return torch.from_numpy(correction - correction[0]).float()
