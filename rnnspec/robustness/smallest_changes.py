"""Examples to be drawn: sequences, each with the smallest change found that changes its class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rnnspec._result import Result
from rnnspec.data.sequences import SequenceDataset
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.robustness.attacks.fmn import fmn
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.victim import under_attack

CANDIDATES = 64  # sequences that are searched: one batch, a second or two for a small network
EXAMPLES = 4  # as many figures as stand side by side on a page


@dataclass(frozen=True, eq=False, repr=False)
class Example(Result):
    """A sequence, and the nearest one found that the network takes for another class.

    Attributes
    ----------
    clean, changed : ndarray, shape (t, d)
        The sequence before and after its change, standardised, without padding.
    was, became : str
        Names of the classes that the network decides for, before and after.
    size : float
        Euclidean norm of the change, in standard deviations.
    """

    clean: NDArray[np.float64]
    changed: NDArray[np.float64]
    was: str
    became: str
    size: float


def smallest_changes(model: SequenceClassifier, data: SequenceDataset) -> tuple[Example, ...]:
    """Up to four examples, from easy to hard: quantiles of the sizes that `fmn` finds.

    The first 64 sequences of `data` are searched.  Those that the network takes for a wrong class
    already, and those that stay right, are no examples.

    Parameters
    ----------
    model : SequenceClassifier
    data : SequenceDataset

    Returns
    -------
    tuple of Example
        In the order of their sizes.
    """
    part = data.subset(np.arange(min(CANDIDATES, len(data))))
    with under_attack(model, part, Threat(norm="l2")) as victim, torch.no_grad():
        right = ~victim.wrong()
        with torch.enable_grad():
            u = fmn(victim)
        became = victim.logits(u).argmax(1)
        found = np.flatnonzero((right & (became != victim.labels)).cpu().numpy())
        changed = victim.perturbed(u).double().cpu().numpy()
        size = u.flatten(1).norm(dim=1).double().cpu().numpy()
    by_size = found[np.argsort(size[found], kind="stable")]
    places = np.unique(np.linspace(0, len(by_size) - 1, EXAMPLES).round().astype(int))
    return tuple(
        Example(
            clean=part.inputs[i, : part.lengths[i]].astype(np.float64),
            changed=changed[i, : part.lengths[i]],
            was=part.class_names[part.labels[i]],
            became=part.class_names[int(became[i])],
            size=float(size[i]),
        )
        for i in by_size[places[places >= 0]]
    )
